"""Sides that take turns, and the ratio of every round: what slows the machine for a while slows both sides of it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Side = Callable[[], object]


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Median, smallest and largest of the rounds."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        return cls(median=statistics.median(values), low=min(values), high=max(values))

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f}-{self.high:.2f})"


def take_turns(
    sides: Mapping[str, Side],
    rounds: int,
    *,
    warm_up: int = 1,
    clock: Callable[[], float] = time.process_time,
) -> dict[str, list[float]]:
    """Seconds of every side in every round, after `warm_up` rounds that do not count.

    Args:
        clock: CPU seconds of this process (all its threads) by default, which other programs hardly disturb.
    """
    times: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(warm_up + rounds):
        for name, run in sides.items():
            start = clock()
            run()
            if number >= warm_up:
                times[name].append(clock() - start)
    return times


def ratio(peer: Sequence[float], ours: Sequence[float]) -> Spread:
    """How many times the seconds of ours the peer takes, round by round."""
    return Spread.of([theirs / mine for theirs, mine in zip(peer, ours, strict=True)])
