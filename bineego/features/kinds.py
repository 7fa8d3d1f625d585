"""The kinds of features, the steps of a video, and those kinds that are made of others.

Shape suffixes: T steps, D features of one kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RATE = 12.5
"""Steps a second: half the frames of a video of 25 frames a second."""

CHANGE_SECONDS = 0.16
"""A change is taken from so long before a step to so long after it: two steps each way at the usual rate."""


class Kind(StrEnum):
    """What `extract` can give of a video."""

    FINAL = "final"  # the trunk's last features, averaged over the picture
    MID = "mid"  # its last stage but one or two (`tsm.features`), pooled to a coarse grid: where things are
    FINAL_CHANGE = "final-change"  # how much each changes around the step
    MID_CHANGE = "mid-change"
    MOTION = "motion"  # log motion energy of grey pictures in blocks
    DIRECTION = "direction"  # the same, of movement up, down, left and right apart

    @property
    def needs_network(self) -> bool:
        """Whether a trunk is needed for it."""
        return self not in (Kind.MOTION, Kind.DIRECTION)


CHANGE = "-change"


def measured(kinds: Iterable[str]) -> tuple[str, ...]:
    """The kinds that must be read from the video to have `kinds`, in order, each once."""
    return tuple(dict.fromkeys(name.removesuffix(CHANGE) for name in kinds))


def derived(kind: str, kinds: Mapping[str, NDArray[np.float16]], rate: float) -> NDArray[np.float32] | None:
    """The features (T, D) of a kind that is made of another, or None if it is not or the other is not there."""
    of = kind.removesuffix(CHANGE)
    if of == kind or of not in kinds:
        return None
    return np.abs(difference(kinds[of].astype(np.float32), rate))


def difference(values_TD: NDArray[np.float32], rate: float) -> NDArray[np.float32]:
    """x(t + d) - x(t - d) with d = `CHANGE_SECONDS`; beyond the ends of the video the first and last step stand."""
    k = max(1, round(CHANGE_SECONDS * rate))
    padded = np.pad(values_TD, ((k, k), (0, 0)), "edge")
    change: NDArray[np.float32] = padded[2 * k :] - padded[: -2 * k]
    return change


def step_edges(duration: float, rate: float) -> Floats:
    """Edges (T + 1,) of the steps of a video in seconds; the last cell ends with the video and may be shorter."""
    n_steps = max(1, int(np.ceil(duration * rate - 1e-6)))
    edges = np.arange(n_steps + 1) / rate
    edges[-1] = duration
    return edges


def step_times(duration: float, rate: float) -> Floats:
    """The moments (T,) whose frames stand for the steps: their centres."""
    edges = step_edges(duration, rate)
    return (edges[:-1] + edges[1:]) / 2
