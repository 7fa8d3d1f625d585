"""The pace of a clock: what is known of it beforehand, whether it is even, and which frames do not fit into it.

Shape suffixes: P packets in file order, F frames in order of presentation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bineego.types import Bools, Floats, Ints

REORDERED = 17
"""Packets within which the order of presentation may differ from that of decoding (decoders keep 16 pictures)."""

EVEN_STEPS = 12
"""Steps from frame to frame that a file must have to be called even."""

FEW = 4
"""Uneven steps up to which a file, however short, still counts as even."""

ROUNDING = 0.0011
"""Seconds by which even steps differ where a container counts milliseconds."""

DROPPED = 3
"""Frames that a recording may lack after its first or before its last; behind more, the time of that one is wrong."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """What is known of a clock beforehand, ticks.

    Attributes:
        usual: from one frame to the next, 1 or more.
        second: of a second, 1 or more.
        by_dts: whether the container stores decoding times; those of others are FFmpeg's guess from presentation times.
        by_lengths: whether it stores them as lengths, so that none can be wrong alone.
        in_order: whether frames are shown in the order in which they are decoded.
        promised: from the first frame to the end, by a header that can be relied on.
        within: the first and the last tick that the header leaves room for.
        stamped: packets that share the first time stamp of the file, and the last; FFmpeg gives each a time by it.
    """

    usual: int
    second: int
    by_dts: bool = True
    by_lengths: bool = False
    in_order: bool = False
    promised: int | None = None
    within: tuple[int, int] | None = None
    stamped: tuple[int, int] = (1, 1)

    @property
    def slack(self) -> int:
        """How far the clock may step back: decoding times never do, presentation times within reordering."""
        return 0 if self.by_dts or self.in_order else max(self.second, REORDERED * self.usual)

    @property
    def tolerance(self) -> int:
        """By how much a header may be off."""
        return max(self.second // 4, self.usual)

    def of_decoding(self) -> Pace:
        """The same of the clock of decoding, which begins earlier and is as long."""
        span = None if self.within is None else self.within[1] - self.within[0] + self.usual
        return self if span is None else replace(self, within=None, promised=span)

    def has_room(self, first: int, last: int) -> bool:
        """Whether the header knows of frames from `first` to `last`; not where it does not say."""
        if self.within is not None:
            return self.within[0] <= first and last <= self.within[1] + self.usual
        return self.promised is not None and last - first < self.promised


def even_step(steps: Ints | Floats, second: float) -> float | None:
    """From one frame to the next where all but a few steps are even, or None. A second has `second` units."""
    if len(steps) < EVEN_STEPS:
        return None
    even = as_usual(steps, float(np.median(steps)), second)
    if (~even).sum() > max(FEW, 0.02 * len(steps)):
        return None
    return float(steps[even].mean()) if even.any() else None


def as_usual(steps: Ints | Floats, usual: float, second: float) -> Bools:
    """Which steps are as long as usual, but for rounding."""
    near: Bools = np.abs(steps - usual) <= ROUNDING * second + 0.02 * usual
    return near


def extreme_steps(ticks: Ints, pace: Pace) -> tuple[float, float]:
    """The shortest and the longest step of an even clock, in usual ones; 0 and infinity of another clock."""
    steps = np.diff(ticks)
    usual = even_step(steps, pace.second)
    return (0.0, np.inf) if usual is None else (float(steps.min()) / usual, float(steps.max()) / usual)


def lone_ends(ticks_F: Ints, pace: Pace, dropped: int = DROPPED) -> tuple[int, int]:
    """How many of the first of increasing ticks lie too early, and how many of the last too late: far off, where all
    others are evenly apart, and the header knows of no such time.

    Args:
        dropped: frames that may be missing behind the first; before the last it is always `DROPPED`.
    """
    steps = np.diff(ticks_F)
    usual = even_step(steps, pace.second)
    if usual is None or pace.has_room(int(ticks_F[0]), int(ticks_F[-1])):
        return 0, 0
    missing = np.rint(steps / usual) - 1
    whole = as_usual(steps - missing * usual, usual, pace.second)
    wide = steps > 1.5 * usual
    early = np.flatnonzero((wide & ~(whole & (missing <= dropped)))[: pace.stamped[0]])
    late = np.flatnonzero((wide & ~(whole & (missing <= DROPPED)))[::-1][: pace.stamped[1]])
    return (int(early[-1]) + 1 if len(early) else 0), (int(late[-1]) + 1 if len(late) else 0)


def misfits(pts_P: Ints, judged_P: Bools, pace: Pace, dropped: int = DROPPED) -> Bools:
    """Which presentation times (P,) of an even clock are damaged: one that comes between two that are a step apart, or
    far from all others, while a place is free where its packet is.

    Args:
        judged_P: packets (P,) that have a time and can be trusted to have one of their own.
        dropped: see `lone_ends`.
    """
    odd = np.zeros(len(pts_P), np.bool_)
    packets = np.flatnonzero(judged_P)
    order = packets[np.argsort(pts_P[packets], kind="stable")]
    ticks, n = pts_P[order], len(order)
    steps, place = np.diff(ticks), np.searchsorted(packets, order)
    usual = even_step(steps, pace.second)
    if usual is None or as_usual(steps, usual, pace.second).all():
        return odd
    surplus, ends = _surplus(ticks, place, usual, pace.second), np.zeros(n, np.bool_)
    if not pace.has_room(int(ticks[0]), int(ticks[-1])):
        ends[[0, -1]] = steps[[0, -1]] > 1.25 * usual
    fitting = ~surplus & ~ends
    usually = int(np.abs(np.argsort(np.argsort(place[fitting])) - np.arange(fitting.sum())).max(initial=0))
    early, late = lone_ends(ticks, pace, DROPPED if surplus.any() else dropped)  # one that is moved leaves a hole
    far = np.zeros(n, np.bool_)
    far[:early] = far[n - late :] = True
    gaps = np.diff(ticks[fitting])
    holes = np.flatnonzero(gaps > 1.5 * usual)
    suspects = np.flatnonzero(surplus | ends | far).tolist()
    reach = usually + len(suspects) - 1
    for frame in suspects:
        # A frame belongs into a hole only if that is where its packet is, but for reordering.
        belongs = (np.abs(holes + 1 - place[frame]) <= reach).any()
        twin = surplus[frame] and bool((ticks == ticks[frame]).sum() > 1)
        at_an_end = min(place[frame], n - 1 - place[frame]) < REORDERED
        out_of_place = far[frame] or twin or (surplus[frame] and abs(place[frame] - frame) > usually)
        odd[order[frame]] = belongs or (at_an_end and out_of_place)
    return odd


def _surplus(ticks_F: Ints, place_F: Ints, usual: float, second: float) -> Bools:
    """Frames (F,) without which the ones around them are a usual step apart; of two such neighbours the one that is
    further from the place (F,) of its packet, or nearer to an end of the file."""
    surplus, last = np.zeros(len(ticks_F), np.bool_), len(ticks_F) - 1
    surplus[1:-1] = as_usual(ticks_F[2:] - ticks_F[:-2], usual, second)
    surplus[[0, -1]] = np.diff(ticks_F)[[0, -1]] < 0.75 * usual
    for frame in np.flatnonzero(surplus[:-1] & surplus[1:]).tolist():
        pair = [frame, frame + 1]
        kept = min(pair, key=lambda one: (abs(int(place_F[one]) - one), -min(place_F[one], last - place_F[one])))
        surplus[kept] = False
    return surplus
