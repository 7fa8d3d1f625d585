"""The interval grid: where intervals lie, which label each one gets, and which moments of it the network sees.

Training, inference and the ceiling analysis all take it from here, so that they cannot disagree.
Source: report, section 3.2: a video of length L is partitioned into floor(L / t) consecutive non-overlapping intervals.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bineego.labels import BACKGROUND, LabelRule
from bineego.types import Floats, Ints

EPSILON = 1e-6
"""In intervals. Lengths are sums of float64 frame times: 12.0 s may arrive as 11.9999999 and still holds 24 halves."""

MIN_COVER = 0.5
"""Share of an interval that an action must cover to name it (rule `MAJORITY`)."""


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
    """Seconds (N, M) that each interval [low, high) shares with each segment [start, end).

    A full table: for few of either.
    """
    low = np.asarray(lows, np.float64)[:, None]
    high = np.asarray(highs, np.float64)[:, None]
    start, end = np.asarray(starts, np.float64)[None], np.asarray(ends, np.float64)[None]
    shared: Floats = np.clip(np.minimum(high, end) - np.maximum(low, start), 0.0, None)
    return shared


def n_touching(lows: ArrayLike, highs: ArrayLike, starts: ArrayLike, ends: ArrayLike) -> Ints:
    """Number (N,) of the segments [start, end) that share time with each interval [low, high)."""
    low, high = np.asarray(lows, np.float64), np.asarray(highs, np.float64)
    start, end = np.asarray(starts, np.float64), np.asarray(ends, np.float64)
    keep = end > start
    begun = np.searchsorted(np.sort(start[keep]), high)
    over = np.searchsorted(np.sort(end[keep]), low, side="right")
    return np.where(high > low, begun - over, 0)


def _shared(low: Floats, high: Floats, start: Floats, end: Floats) -> Iterator[tuple[int, Ints, Floats]]:
    """For one segment after the other: its number, the intervals near it, and the seconds that each shares with it.

    Near are all intervals that share time with the segment, and some that do not. A table of all intervals and all
    segments would take gigabytes for a video of some hours.
    """
    order = np.argsort(low, kind="stable")
    first = np.searchsorted(np.maximum.accumulate(high[order]), start)
    stop = np.searchsorted(low[order], end)
    for k in np.flatnonzero(first < stop).tolist():
        near = order[first[k] : stop[k]]
        yield k, near, overlaps(low[near], high[near], start[k : k + 1], end[k : k + 1])[:, 0]


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

    Ties, common where actions nest: the shorter segment wins, then the later start (docs/facts.md: a drink
    inside a speech is the drink).
    """
    low, high = np.asarray(lows, np.float64), np.asarray(highs, np.float64)
    start, end = np.asarray(starts, np.float64), np.asarray(ends, np.float64)
    ids = np.asarray(class_ids, np.int64)
    keep = end > start
    start, end, ids = start[keep], end[keep], ids[keep]
    # Most preferred first: a later segment takes an interval only if it shares more.
    order = np.lexsort((-start, end - start))
    start, end, ids = start[order], end[order], ids[order]
    labels = np.full(len(low), BACKGROUND, dtype=np.int64)
    centre, most = (low + high) / 2, np.zeros(len(low))
    for k, near, shared in _shared(low, high, start, end):
        if rule is LabelRule.CENTRE:
            counts = ((start[k] <= centre[near]) & (centre[near] < end[k])).astype(np.float64)
        else:
            # Overlaps are differences of float64 times; without rounding, equal ones would not tie.
            counts = np.round(shared, 9)
        more = counts > most[near]
        labels[near[more]] = ids[k]
        most[near[more]] = counts[more]
    if rule is LabelRule.MAJORITY:
        labels[most < np.round((high - low) * MIN_COVER, 9)] = BACKGROUND
    return labels


def interval_targets(
    lows: ArrayLike,
    highs: ArrayLike,
    starts: ArrayLike,
    ends: ArrayLike,
    class_ids: ArrayLike,
    n_classes: int,
) -> NDArray[np.float32]:
    """Targets (N, C + 1) for independent classes: 1 where a class's segments cover at least half of the interval.

    Time that several segments of a class cover counts once. Column `BACKGROUND` is 1 where no class does.
    """
    low, high = np.asarray(lows, np.float64), np.asarray(highs, np.float64)
    start, end = np.asarray(starts, np.float64), np.asarray(ends, np.float64)
    ids = np.asarray(class_ids, np.int64)
    keep = n_touching(start, end, low, high) > 0
    start, end, ids = start[keep], end[keep], ids[keep]
    targets = np.zeros((len(low), n_classes), dtype=np.float32)
    for class_id in np.unique(ids):
        mine, covered = ids == class_id, np.zeros(len(low))
        for _, near, shared in _shared(low, high, *_union(start[mine], end[mine])):
            covered[near] += shared
        targets[:, class_id] = np.round(covered, 9) >= np.round((high - low) * MIN_COVER, 9)
    targets[:, BACKGROUND] = ~targets[:, 1:].any(axis=1)
    return targets


def _union(start: Floats, end: Floats) -> tuple[Floats, Floats]:
    """Starts and ends of the stretches that some segments (M > 0) cover together, in order of time."""
    order = np.argsort(start, kind="stable")
    start, reach = start[order], np.maximum.accumulate(end[order])
    gap = start[1:] > reach[:-1]
    return start[np.append(True, gap)], reach[np.append(gap, True)]


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
