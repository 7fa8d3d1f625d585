"""The interval grid: where intervals lie, which label each one gets, and which moments of it the network sees.

Training, inference and the ceiling analysis all take it from here, so that they cannot disagree.
Source: report, section 3.2: a video of length L is partitioned into floor(L / t) consecutive non-overlapping intervals.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bineego.labels import BACKGROUND, LabelRule

EPSILON = 1e-6
"""In intervals. Lengths are sums of float64 frame times: 12.0 s may arrive as 11.9999999 and still holds 24 halves."""

MIN_COVER = 0.5
"""Share of an interval that an action must cover to name it (rule `MAJORITY`)."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def n_whole(duration: float, t: float) -> int:
    """Number of whole intervals of `t` seconds in a video of `duration` seconds: floor(L / t)."""
    if t <= 0:
        raise ValueError(f"interval length must be positive, not {t}")
    return max(0, int(np.floor(duration / t + EPSILON)))


def interval_edges(duration: float, t: float) -> Floats:
    """Edges (N + 1,) in seconds of the whole intervals, and of the shorter tail interval where something is left.

    An empty video has the single edge 0.
    """
    edges = np.arange(n_whole(duration, t) + 1, dtype=np.float64) * t
    if duration - edges[-1] > EPSILON * t:
        edges = np.append(edges, duration)
    return edges


def overlaps(lows: ArrayLike, highs: ArrayLike, starts: ArrayLike, ends: ArrayLike) -> Floats:
    """Seconds (N, M) that each interval [low, high) shares with each segment [start, end)."""
    low = np.asarray(lows, np.float64)[:, None]
    high = np.asarray(highs, np.float64)[:, None]
    start, end = np.asarray(starts, np.float64)[None], np.asarray(ends, np.float64)[None]
    shared: Floats = np.clip(np.minimum(high, end) - np.maximum(low, start), 0.0, None)
    return shared


def interval_labels(
    lows: ArrayLike,
    highs: ArrayLike,
    starts: ArrayLike,
    ends: ArrayLike,
    class_ids: ArrayLike,
    rule: LabelRule = LabelRule.MAJORITY,
) -> Ints:
    """Class id (N,) of every interval; `BACKGROUND` where no action names it.

    Args:
        lows, highs: interval bounds (N,), seconds.
        starts, ends: annotated segments (M,), seconds; they may overlap.
        class_ids: their classes (M,), 1..C.
        rule: see `LabelRule`.

    Ties, common where actions nest: the shorter segment wins, then the later start (facts of the data set: a drink
    inside a speech is the drink).
    """
    low, high = np.asarray(lows, np.float64), np.asarray(highs, np.float64)
    start, end = np.asarray(starts, np.float64), np.asarray(ends, np.float64)
    ids = np.asarray(class_ids, np.int64)
    labels = np.full(len(low), BACKGROUND, dtype=np.int64)
    keep = end > start
    start, end, ids = start[keep], end[keep], ids[keep]
    if len(start) == 0 or len(low) == 0:
        return labels
    # Most preferred first, so that argmax (first of the largest) settles ties.
    order = np.lexsort((-start, end - start))
    start, end, ids = start[order], end[order], ids[order]
    if rule is LabelRule.CENTRE:
        centre = (low + high) / 2
        inside = (start[None] <= centre[:, None]) & (centre[:, None] < end[None])
        named = inside.any(axis=1)
        labels[named] = ids[inside.argmax(axis=1)[named]]
        return labels
    shared = overlaps(low, high, start, end)
    # Overlaps are differences of float64 times; without rounding, equal ones would not tie.
    shared = np.round(shared, 9)
    best = shared.argmax(axis=1)
    longest = shared[np.arange(len(low)), best]
    need = np.round((high - low) * MIN_COVER, 9) if rule is LabelRule.MAJORITY else np.zeros(len(low))
    named = (longest > 0) & (longest >= need)
    labels[named] = ids[best[named]]
    return labels


def interval_targets(
    lows: ArrayLike,
    highs: ArrayLike,
    starts: ArrayLike,
    ends: ArrayLike,
    class_ids: ArrayLike,
    n_classes: int,
) -> NDArray[np.float32]:
    """Targets (N, C + 1) for independent classes: 1 where an action covers at least half of the interval.

    Column `BACKGROUND` is 1 where no action does.
    """
    ids = np.asarray(class_ids, np.int64)
    low, high = np.asarray(lows, np.float64), np.asarray(highs, np.float64)
    targets = np.zeros((len(low), n_classes), dtype=np.float32)
    shared = overlaps(low, high, starts, ends)
    for class_id in np.unique(ids):
        covered = shared[:, ids == class_id].sum(axis=1)
        targets[:, class_id] = np.round(covered, 9) >= np.round((high - low) * MIN_COVER, 9)
    targets[:, BACKGROUND] = ~targets[:, 1:].any(axis=1)
    return targets


def clip_times(lows: ArrayLike, highs: ArrayLike, n_frames: int, clip_duration: float | None = None) -> Floats:
    """Moments (N, n_frames) in seconds that the network sees of each interval: the centres of `n_frames` equal parts.

    With `clip_duration` the parts divide a clip of that length around the interval's centre instead of the interval
    itself. Moments may then lie outside the video: the reader gives its first or last frame there.
    """
    low, high = np.asarray(lows, np.float64), np.asarray(highs, np.float64)
    centre, width = (low + high) / 2, high - low
    if clip_duration is not None:
        width = np.maximum(width, clip_duration)
    offsets = (np.arange(n_frames) + 0.5) / n_frames - 0.5
    return centre[:, None] + width[:, None] * offsets
