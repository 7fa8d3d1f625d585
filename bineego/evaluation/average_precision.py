"""Average precision: the area under the interpolated precision-recall curve, all points.

Precision rises only at hits, so only they are looked at: AP = sum over hits of the highest precision at or after the
hit, over the number of ground-truth segments. This is the mean over all recall levels of VOC 2011 and ActivityNet.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bineego.types import Floats, Ints


@dataclass(frozen=True, kw_only=True, eq=False)
class Curve:
    """Precision and recall of one class at one threshold, at each of its H hits.

    Attributes:
        recall, precision: (H,); `precision` is the measured one, not the interpolated one.
        score: (H,) score of the hit: keep all predictions from this score up to get here.
    """

    recall: Floats
    precision: Floats
    score: Floats


def average_precision(hits: Ints, bounds: Ints, n_truth: Ints) -> Floats:
    """AP of each class (C,).

    Args:
        hits: indices (H,) of the predictions that hit, increasing; predictions lie by class, then rank.
        bounds: where the predictions of each class begin, and the end (C + 1,).
        n_truth: ground-truth segments of each class (C,), at least 1.
    """
    scores = np.zeros(len(n_truth))
    of_class = np.searchsorted(hits, bounds)
    for c in np.flatnonzero(np.diff(of_class)):
        mine = hits[of_class[c] : of_class[c + 1]]
        precision = np.arange(1, len(mine) + 1) / (mine - bounds[c] + 1)
        scores[c] = interpolated(precision).sum() / n_truth[c]
    return scores


def interpolated(precision: Floats) -> Floats:
    """The highest precision at or after each hit, along the last axis."""
    highest: Floats = np.maximum.accumulate(precision[..., ::-1], axis=-1)[..., ::-1]
    return highest


def curves(hits: Ints, bounds: Ints, n_truth: Ints, score: Floats) -> list[Curve]:
    """The precision-recall curve of each class; arguments as in `average_precision`, `score` (N,) by rank."""
    of_class = np.searchsorted(hits, bounds)
    found = []
    for c in range(len(n_truth)):
        mine = hits[of_class[c] : of_class[c + 1]]
        number = np.arange(1, len(mine) + 1)
        found.append(Curve(recall=number / n_truth[c], precision=number / (mine - bounds[c] + 1), score=score[mine]))
    return found
