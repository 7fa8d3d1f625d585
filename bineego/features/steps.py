"""The steps of a video, and how features change from step to step.

Shape suffixes: T steps, D features of one kind.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bineego.types import Floats, Ints

BLOCK = 4096  # steps

CHANGE_SECONDS = 0.16
"""A change is taken from so long before a step to so long after it: two steps each way at the usual rate."""


def change(values_TD: NDArray[np.float16], steps: Ints, rate: float) -> NDArray[np.float32]:
    """|x(t + d) - x(t - d)| with d = `CHANGE_SECONDS` at some steps (K,): (K, D).

    Beyond the ends of the video its first and last step are repeated.
    """
    k = max(1, round(CHANGE_SECONDS * rate))
    last = len(values_TD) - 1
    after, before = (values_TD[np.clip(steps + way, 0, last)].astype(np.float32) for way in (k, -k))
    return np.abs(np.subtract(after, before, out=after), out=after)


def step_edges(duration: float, rate: float) -> Floats:
    """Edges (T + 1,) of the steps of a video in seconds; the last cell ends with the video and may be shorter."""
    n_steps = max(1, int(np.ceil(duration * rate - 1e-6)))
    edges = np.arange(n_steps + 1) / rate
    edges[-1] = duration
    return edges


def step_times(duration: float, rate: float) -> Floats:
    """The times (T,) whose frames represent the steps: their centres."""
    edges = step_edges(duration, rate)
    return (edges[:-1] + edges[1:]) / 2


def blocks_of_steps(n_steps: int) -> Iterator[Ints]:
    """All steps, in blocks whose features take a few megabytes in single precision."""
    for first in range(0, n_steps, BLOCK):
        yield np.arange(first, min(first + BLOCK, n_steps))
