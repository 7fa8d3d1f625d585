"""Which predictions hit: the greedy rule of detection scoring, for all predictions at once.

The rule, for each class, video and threshold: predictions in falling order of score (equal scores in file order) each
take the free ground-truth segment of the highest tIoU, if that is at least the threshold (equal tIoU: the later row of
the file). A segment that is taken already falls through to the next one.

All segments prefer the same predictions (the higher ranked), so that rule has the same outcome as deferred acceptance:
every prediction asks its best segment, a segment keeps the highest ranked that asked, the others ask their next one.
Each round of asking is a few array operations; the number of rounds is the length of the longest chain of refusals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bineego.evaluation.pairs import Pairs, overlapping_pairs, with_moments
from bineego.evaluation.scoring_table import ScoringTable, chunks
from bineego.types import Bools, Ints


@dataclass(frozen=True, kw_only=True, eq=False)
class Hits:
    """The matches at one threshold, by prediction.

    Attributes:
        prediction: index (H,) of the predictions that hit, increasing; into `ScoringTable.predictions`.
        truth: index (H,) of what each of them hit; into `ScoringTable.truth`.
    """

    prediction: Ints
    truth: Ints

    def mask(self, n: int) -> Bools:
        """Which of `n` predictions hit (n,)."""
        hit = np.zeros(n, bool)
        hit[self.prediction] = True
        return hit


def match(arranged: ScoringTable, thresholds: Sequence[float]) -> list[Hits]:
    """The hits at each threshold (float64, no tolerance: a tIoU equal to the threshold is a hit)."""
    parts: list[list[Hits]] = [[] for _ in thresholds]
    for low, high in chunks(arranged):
        first_prediction, first_truth = arranged.predictions.bounds[low], arranged.truth.bounds[low]
        pairs = _by_preference(_pairs(arranged, low, high, min(thresholds)))
        for part, threshold in zip(parts, thresholds, strict=True):
            hits = _settle(pairs, threshold, int(arranged.truth.bounds[high] - first_truth))
            part.append(Hits(prediction=hits.prediction + first_prediction, truth=hits.truth + first_truth))
    nothing = np.zeros(0, np.int64)
    return [
        Hits(
            prediction=np.concatenate([nothing, *(hits.prediction for hits in part)]),
            truth=np.concatenate([nothing, *(hits.truth for hits in part)]),
        )
        for part in parts
    ]


def _pairs(arranged: ScoringTable, low: int, high: int, least: float) -> Pairs:
    """Pairs of the classes low..high-1, numbered from the first prediction and segment of them."""
    rows, truth, n_videos = arranged.predictions, arranged.truth, len(arranged.videos)
    a, b = slice(rows.bounds[low], rows.bounds[high]), slice(truth.bounds[low], truth.bounds[high])
    group, truth_group = rows.label[a] * n_videos + rows.video[a], truth.label[b] * n_videos + truth.video[b]
    pairs = overlapping_pairs(group, rows.start[a], rows.end[a], truth_group, truth.start[b], truth.end[b], least)
    if arranged.tolerance:
        centre = (rows.start[a] + rows.end[a]) / 2
        return with_moments(pairs, group, centre, truth_group, truth.start[b], truth.end[b], arranged.tolerance)
    return pairs


def _by_preference(pairs: Pairs) -> Pairs:
    """Each prediction's pairs by falling tIoU, then by falling row of the ground truth."""
    prediction = pairs.prediction
    if len(prediction) < 2:
        return pairs
    again = prediction[1:] == prediction[:-1]
    # Most predictions have one pair: only the others need sorting, and they stay in their places.
    several = np.flatnonzero(np.append(again, False) | np.append(False, again))
    order = several[np.lexsort((-pairs.truth[several], -pairs.tiou[several], prediction[several]))]
    truth, tiou = pairs.truth.copy(), pairs.tiou.copy()
    truth[several], tiou[several] = pairs.truth[order], pairs.tiou[order]
    return Pairs(prediction=prediction, truth=truth, tiou=tiou)


def _settle(pairs: Pairs, threshold: float, n_truth: int) -> Hits:
    """Deferred acceptance over the pairs at or above the threshold."""
    above = np.flatnonzero(pairs.tiou >= threshold)
    if len(above) == 0:
        return Hits(prediction=above, truth=above)
    prediction, truth = pairs.prediction[above], pairs.truth[above]
    # Asker a owns pairs turn[a] .. stop[a]-1, its best first. Askers are numbered in order of rank.
    turn = np.flatnonzero(np.append(True, prediction[1:] != prediction[:-1]))
    stop = np.append(turn[1:], len(prediction))
    rank_of_asker = prediction[turn]
    nobody = len(turn)
    holder = np.full(n_truth, nobody)
    asking = np.arange(nobody)
    while len(asking):
        wanted = truth[turn[asking]]
        before = holder[wanted]
        np.minimum.at(holder, wanted, asking)
        after = holder[wanted]
        sent_away = np.unique(before[(before != after) & (before != nobody)])
        asking = np.concatenate([asking[after != asking], sent_away])
        turn[asking] += 1
        asking = asking[turn[asking] < stop[asking]]
    held = np.flatnonzero(holder != nobody)
    order = np.argsort(holder[held])
    return Hits(prediction=rank_of_asker[holder[held][order]], truth=held[order])
