"""Which predictions overlap which ground-truth segments, and by how much."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bineego.segments import tiou
from bineego.types import Floats, Ints

SLICE_PAIRS = 1 << 21
"""Pairs compared at a time. A group of many segments makes many pairs; most fall below the threshold at once."""

ROUNDING = 1e-9
"""Seconds. What the sum of two times may lose."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Pairs:
    """Overlapping pairs, by prediction, then by ground truth.

    Attributes:
        prediction: index of the prediction (P,).
        truth: index of the ground-truth segment (P,).
        tiou: their temporal intersection over union (P,).
    """

    prediction: Ints
    truth: Ints
    tiou: Floats


def overlapping_pairs(
    group: Ints,
    start: Floats,
    end: Floats,
    truth_group: Ints,
    truth_start: Floats,
    truth_end: Floats,
    least: float,
) -> Pairs:
    """All pairs of one group with a tIoU of at least `least` (> 0).

    Args:
        group, start, end: predictions (N,).
        truth_group, truth_start, truth_end: ground truth (M,), `truth_group` increasing.
        least: smallest tIoU kept.
    """
    groups, first_of_group, size_of_group = np.unique(truth_group, return_index=True, return_counts=True)
    if len(groups) == 0:
        return Pairs(prediction=np.zeros(0, np.int64), truth=np.zeros(0, np.int64), tiou=np.zeros(0))
    at = np.minimum(np.searchsorted(groups, group), len(groups) - 1)
    near = np.flatnonzero(groups[at] == group)  # predictions with any ground truth in their group
    at = at[near]
    size, first = size_of_group[at], first_of_group[at]
    total = np.cumsum(size)
    parts: list[tuple[Ints, Ints, Floats]] = []
    low = 0
    while low < len(near):
        # At least one prediction a slice, however many segments its group has.
        done = total[low - 1] if low else 0
        high = max(low + 1, int(np.searchsorted(total, done + SLICE_PAIRS, side="right")))
        sizes = size[low:high]
        prediction = np.repeat(near[low:high], sizes)
        # Pair number within the slice, less that of the prediction's first pair, plus its first ground truth.
        truth = np.arange(len(prediction)) + np.repeat(first[low:high] - (total[low:high] - sizes - done), sizes)
        overlap = tiou(start[prediction], end[prediction], truth_start[truth], truth_end[truth])
        kept = np.flatnonzero(overlap >= least)
        parts.append((prediction[kept], truth[kept], overlap[kept]))
        low = high
    if not parts:
        parts.append((np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)))
    return Pairs(
        prediction=np.concatenate([part[0] for part in parts]),
        truth=np.concatenate([part[1] for part in parts]),
        tiou=np.concatenate([part[2] for part in parts]),
    )


def with_moments(
    pairs: Pairs,
    group: Ints,
    centre: Floats,
    truth_group: Ints,
    truth_start: Floats,
    truth_end: Floats,
    tolerance: float,
) -> Pairs:
    """The pairs, and those of moments (segments without length) with predictions whose centre lies near.

    Their "tIoU" goes from 1 at a distance of `tolerance` to 2 at none: they hit at every threshold, the nearest first.

    Args:
        pairs: of segments with a length.
        group, centre: predictions (N,).
        truth_group, truth_start, truth_end: ground truth (M,), `truth_group` increasing.
        tolerance: seconds, above 0.
    """
    moments = np.flatnonzero(truth_end == truth_start)
    if len(moments) == 0:
        return pairs
    at = truth_start[moments]
    # Two stretches of 2 S seconds whose centres lie S apart share a third of what they cover.
    near = overlapping_pairs(
        group, centre - tolerance, centre + tolerance, truth_group[moments], at - tolerance, at + tolerance, 0.33
    )
    distance = np.abs(centre[near.prediction] - at[near.truth])
    kept = np.flatnonzero(distance <= tolerance + ROUNDING)
    prediction = np.concatenate([pairs.prediction, near.prediction[kept]])
    truth = np.concatenate([pairs.truth, moments[near.truth[kept]]])
    likeness = np.maximum(1.0, 2.0 - distance[kept] / tolerance)
    order = np.lexsort((truth, prediction))
    return Pairs(prediction=prediction[order], truth=truth[order], tiou=np.concatenate([pairs.tiou, likeness])[order])
