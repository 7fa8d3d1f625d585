"""What kind each error is, what fixing a kind would gain, and which segments are hard to find.

Every false positive and every missed segment of a threshold T falls into exactly one kind, the first that fits; NEAR is
the tIoU from which a prediction has something to do with a segment.

  a false positive is ...                      if its tIoU with a segment of ...
    duplicate         its own label is >= T (the segment is taken by a higher score)
    wrong label       another label is >= T
    poor boundaries   its own label is >= NEAR
    both              another label is >= NEAR
    background        none of these
  a missed segment is wrong label, poor boundaries or both by the same rules, where a false positive stands to it so;
    missed            no false positive is near it

Fixing a kind changes only its own errors; matches of the others stay. Duplicates and background go away. A prediction
of wrong label, poor boundaries or both becomes a hit of the free segment it overlaps most (under that segment's label,
at its old score); where none is free, or a higher score wants the same one, it goes away. Missed segments are found
first in the ranking. So no gain is negative, and gains do not add up.
The kinds follow the analyses of Alwassel et al., "Diagnosing Error in Temporal Action Detectors" (ECCV 2018), and
Bolya et al., "TIDE" (ECCV 2020).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from bineego.evaluation.average_precision import average_precision
from bineego.evaluation.ignored import settled
from bineego.evaluation.matching import Hits
from bineego.evaluation.pairs import Pairs, overlapping_pairs
from bineego.evaluation.scoring_table import ScoringTable
from bineego.evaluation.sensitivity import Bucket, sensitivity
from bineego.types import Bools, Floats, Ints

NEAR = 0.1
"""tIoU; the value of both papers."""


class ErrorKind(StrEnum):
    """Kinds of errors, in the order in which they are tried."""

    DUPLICATE = "duplicate"
    WRONG_LABEL = "wrong_label"
    POOR_BOUNDARIES = "poor_boundaries"
    BOTH = "both"
    BACKGROUND = "background"
    MISSED = "missed"


KINDS = tuple(ErrorKind)


@dataclass(frozen=True, kw_only=True, eq=False)
class Diagnosis:
    """Errors by kind; K thresholds.

    Attributes:
        tiou: the thresholds.
        false_positives, misses: number of errors of each kind at each threshold (K).
        gain: how much mAP fixing the kind would gain at each threshold (K).
        sensitivity: characteristic -> its buckets of segments, see `sensitivity`.
    """

    tiou: tuple[float, ...]
    false_positives: Mapping[ErrorKind, tuple[int, ...]]
    misses: Mapping[ErrorKind, tuple[int, ...]]
    gain: Mapping[ErrorKind, tuple[float, ...]]
    sensitivity: Mapping[str, tuple[Bucket, ...]]

    def to_json(self) -> dict[str, Any]:
        return {
            "tiou": list(self.tiou),
            "near": NEAR,
            "errors": {
                str(kind): {
                    "false_positives": list(self.false_positives[kind]),
                    "misses": list(self.misses[kind]),
                    "gain": list(self.gain[kind]),
                    "gain_final": sum(self.gain[kind]) / len(self.tiou),
                }
                for kind in KINDS
            },
            "sensitivity": {
                name: [bucket.to_json() for bucket in buckets] for name, buckets in self.sensitivity.items()
            },
        }


def diagnose(arranged: ScoringTable, thresholds: Sequence[float], hits: Sequence[Hits]) -> Diagnosis:
    """Sort the errors at each threshold into kinds; `hits` as `matching.match` found them."""
    whole = _all_pairs(arranged, min(NEAR, *thresholds))
    false_positives: dict[ErrorKind, list[int]] = {kind: [] for kind in KINDS}
    misses: dict[ErrorKind, list[int]] = {kind: [] for kind in KINDS}
    gain: dict[ErrorKind, list[float]] = {kind: [] for kind in KINDS}
    everything = arranged
    for threshold, every in zip(thresholds, hits, strict=True):
        arranged, found = settled(everything, every)
        pairs = whole if arranged is everything else _all_pairs(arranged, min(NEAR, *thresholds))
        hit, taken = found.mask(len(arranged.predictions)), np.zeros(len(arranged.truth), bool)
        taken[found.truth] = True
        wrong = kinds_of_false_positives(arranged, pairs, threshold, hit)
        missed = kinds_of_misses(arranged, pairs, threshold, hit, taken)
        now = _mean_ap(arranged, hit, arranged.predictions.label, np.ones(len(hit), bool))
        for code, kind in enumerate(KINDS):
            false_positives[kind].append(int((wrong == code).sum()))
            misses[kind].append(int((missed == code).sum()))
            fixed = _fixed(arranged, pairs, threshold, hit, taken, wrong, missed, kind)
            gain[kind].append(max(0.0, fixed - now))
    return Diagnosis(
        tiou=tuple(thresholds),
        false_positives={kind: tuple(values) for kind, values in false_positives.items()},
        misses={kind: tuple(values) for kind, values in misses.items()},
        gain={kind: tuple(values) for kind, values in gain.items()},
        sensitivity=sensitivity(everything, hits),
    )


def kinds_of_false_positives(arranged: ScoringTable, pairs: Pairs, threshold: float, hit: Bools) -> Ints:
    """Index into `KINDS` (N,) of every false positive, -1 for hits."""
    same = _same(arranged, pairs)
    n = len(arranged.predictions)
    own = _highest(pairs.prediction[same], pairs.tiou[same], n)
    other = _highest(pairs.prediction[~same], pairs.tiou[~same], n)
    return np.where(hit, -1, _kind(own, other, threshold, ErrorKind.BACKGROUND))


def kinds_of_misses(arranged: ScoringTable, pairs: Pairs, threshold: float, hit: Bools, taken: Bools) -> Ints:
    """Index into `KINDS` (M,) of every missed segment, -1 for found ones."""
    false = ~hit[pairs.prediction]
    same = _same(arranged, pairs)
    n = len(arranged.truth)
    own = _highest(pairs.truth[false & same], pairs.tiou[false & same], n)
    other = _highest(pairs.truth[false & ~same], pairs.tiou[false & ~same], n)
    # No duplicates among misses: a false positive of its label at T would have taken the segment.
    return np.where(taken, -1, _kind(own, other, threshold, ErrorKind.MISSED))


def _kind(own: Floats, other: Floats, threshold: float, otherwise: ErrorKind) -> Ints:
    near = min(NEAR, threshold)
    tests = [
        (own >= threshold, ErrorKind.DUPLICATE),
        (other >= threshold, ErrorKind.WRONG_LABEL),
        (own >= near, ErrorKind.POOR_BOUNDARIES),
        (other >= near, ErrorKind.BOTH),
    ]
    codes = [KINDS.index(kind) for _, kind in tests]
    return np.select([test for test, _ in tests], codes, KINDS.index(otherwise)).astype(np.int64)


def _fixed(
    arranged: ScoringTable,
    pairs: Pairs,
    threshold: float,
    hit: Bools,
    taken: Bools,
    wrong: Ints,
    missed: Ints,
    kind: ErrorKind,
) -> float:
    """mAP with all errors of one kind fixed."""
    label = arranged.predictions.label
    mine = wrong == KINDS.index(kind)
    if kind is ErrorKind.MISSED:
        found_first = np.bincount(arranged.truth.label[missed == KINDS.index(kind)], minlength=len(arranged.labels))
        return _mean_ap(arranged, hit, label, np.ones(len(hit), bool), found_first)
    if kind in (ErrorKind.DUPLICATE, ErrorKind.BACKGROUND):
        return _mean_ap(arranged, hit, label, ~mine)
    same = _same(arranged, pairs)
    right_kind = same if kind is ErrorKind.POOR_BOUNDARIES else ~same
    if kind is ErrorKind.WRONG_LABEL:
        right_kind = right_kind & (pairs.tiou >= threshold)
    usable = np.flatnonzero(mine[pairs.prediction] & ~taken[pairs.truth] & right_kind)
    prediction, truth, tiou = pairs.prediction[usable], pairs.truth[usable], pairs.tiou[usable]
    # The best free segment of each prediction: last of its pairs by tIoU, then by row.
    order = np.lexsort((truth, tiou, prediction))
    last = order[np.flatnonzero(np.append(prediction[order][1:] != prediction[order][:-1], True)[: len(order)])]
    prediction, truth = prediction[last], truth[last]
    # Of those that want one segment, the highest score.
    order = np.lexsort((arranged.predictions.row[prediction], -arranged.score[prediction], truth))
    first = order[np.flatnonzero(np.append(True, truth[order][1:] != truth[order][:-1])[: len(order)])]
    prediction, truth = prediction[first], truth[first]
    hit, label, kept = hit.copy(), label.copy(), ~mine
    hit[prediction] = kept[prediction] = True
    label[prediction] = arranged.truth.label[truth]
    return _mean_ap(arranged, hit, label, kept)


def _mean_ap(arranged: ScoringTable, hit: Bools, label: Ints, kept: Bools, found_first: Ints | None = None) -> float:
    """mAP of the kept predictions under changed labels and hits, with `found_first` (C,) more hits ahead of each
    class's ranking.
    """
    n_classes = len(arranged.labels)
    ahead = np.zeros(n_classes, np.int64) if found_first is None else found_first
    label = np.concatenate([np.repeat(np.arange(n_classes), ahead), label[kept]])
    score = np.concatenate([np.full(ahead.sum(), np.inf), arranged.score[kept]])
    row = np.concatenate([np.zeros(ahead.sum(), np.int64), arranged.predictions.row[kept]])
    hit = np.concatenate([np.ones(ahead.sum(), bool), hit[kept]])
    order = np.lexsort((row, -score, label))
    bounds = np.concatenate([[0], np.cumsum(np.bincount(label, minlength=n_classes))]).astype(np.int64)
    return float(average_precision(np.flatnonzero(hit[order]), bounds, arranged.n_truth).mean())


def _all_pairs(arranged: ScoringTable, least: float) -> Pairs:
    """Pairs within a video, of any two labels."""
    truth, predictions = arranged.truth, arranged.predictions
    by_video = np.argsort(truth.video, kind="stable")
    found = overlapping_pairs(
        predictions.video, predictions.start, predictions.end,
        truth.video[by_video], truth.start[by_video], truth.end[by_video], least,
    )  # fmt: skip
    return Pairs(prediction=found.prediction, truth=by_video[found.truth], tiou=found.tiou)


def _same(arranged: ScoringTable, pairs: Pairs) -> Bools:
    same: Bools = arranged.predictions.label[pairs.prediction] == arranged.truth.label[pairs.truth]
    return same


def _highest(index: Ints, tiou: Floats, n: int) -> Floats:
    """The highest tIoU of each index (n,); 0 where it has none."""
    highest = np.zeros(n)
    np.maximum.at(highest, index, tiou)
    return highest
