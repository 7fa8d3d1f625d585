"""Which intervals of a video are scored, which frames each one needs, and how their scores become cells of a track.

Source: report, section 3.2, for the plain grid; overlapping intervals (stride < t) and the coarse pass are extensions.
Shape suffixes: N intervals, T frames of a clip, M cells, K classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bineego.errors import InputInvalid, UsageError
from bineego.grid import EPSILON, clip_times, interval_edges, overlaps
from bineego.types import Bools, Floats, Ints
from bineego.video.frames import on_screen

MOST_SLOTS = 100_000_000
"""Frames of all clips of a video, counted as often as they are used: a week at half seconds is 10 million."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ClipPlan:
    """The intervals of one video.

    Attributes:
        t: nominal interval length, seconds.
        stride: cell width of the track, seconds; t on the plain grid.
        lows, highs: interval bounds (N,), seconds; both increase.
        frames: index (N, T) of the frame for each slot of each clip, among the video's kept frames.
    """

    t: float
    stride: float
    lows: Floats
    highs: Floats
    frames: Ints

    def __len__(self) -> int:
        return len(self.lows)

    def whole(self) -> Bools:
        """Which intervals (N,) have the full length."""
        whole: Bools = self.highs - self.lows >= self.t * (1 - EPSILON)
        return whole


def make_plan(
    times: Floats,
    duration: float,
    *,
    t: float,
    n_frames: int,
    stride: float | None = None,
    clip_duration: float | None = None,
) -> ClipPlan:
    """Intervals of a video of `duration` seconds, whose kept frames appear at `times` (F,).

    Without a stride (or with t): the plain grid and its shorter tail. With another: an interval of length t every
    `stride` seconds, and one that ends with the video, so that every moment is covered by full-length intervals.

    Raises:
        UsageError: a stride longer than t.
        InputInvalid: more frames to look at than `MOST_SLOTS`.
    """
    if stride is not None and stride > t * (1 + EPSILON):
        raise UsageError(
            f"a stride of {stride} s leaves gaps between intervals of {t} s",
            remedy=f"--stride at most {t}; to score fewer intervals use --coarse",
        )
    slots = duration / min(t, stride or t) * n_frames
    if slots > MOST_SLOTS:
        raise InputInvalid(
            f"{duration:,.0f} s in intervals of {min(t, stride or t):g} s and {n_frames} frames are {slots:,.0f} "
            f"frames to look at; at most {MOST_SLOTS:,}",
            remedy="use a larger --stride, or a model with longer intervals",
        )
    if stride is None or abs(stride - t) <= EPSILON * t:
        stride = t
        edges = interval_edges(duration, t)
        lows: Floats = edges[:-1]
        highs: Floats = edges[1:]
    elif duration <= t:
        lows, highs = np.zeros(1), np.full(1, duration)
    else:
        last = duration - t
        lows = np.arange(int(np.floor(last / stride + EPSILON)) + 1, dtype=np.float64) * stride
        if last - lows[-1] > EPSILON * t:
            lows = np.append(lows, last)
        highs = lows + t
    moments = clip_times(lows, highs, n_frames, clip_duration)
    return ClipPlan(t=t, stride=stride, lows=lows, highs=highs, frames=on_screen(times, moments))


def cells(plan: ClipPlan, values_NK: Floats, duration: float) -> tuple[Floats, Floats]:
    """Cell edges (M + 1,) of the track, and the values (M, K) of its cells.

    A cell has the mean of the intervals that cover it, by how much of it they cover.

    Args:
        plan: its intervals.
        values_NK: per-interval values whose mean means something (probabilities).
        duration: what was decoded, seconds; less than planned if the file is cut short.
    """
    edges = interval_edges(duration, plan.stride)
    n = len(edges) - 1
    if plan.stride == plan.t:
        return edges, values_NK[:n]
    covered = np.empty((n, values_NK.shape[1]))
    reach = int(np.ceil(plan.t / plan.stride)) + 2  # intervals on either side that can cover a cell
    for i in range(n):
        low, high = edges[i], edges[i + 1]
        around = int(low / plan.stride)
        near = slice(max(0, around - reach), around + reach)
        weight = overlaps([low], [high], plan.lows[near], plan.highs[near])[0]
        if i == n - 1 or weight.sum() <= 0:
            # The interval that ends with the video comes last in the plan, off the stride.
            near = slice(None)
            weight = overlaps([low], [high], plan.lows, plan.highs)[0]
        covered[i] = weight @ values_NK[near] / weight.sum()
    return edges, covered
