from __future__ import annotations

import numpy as np
import pytest

from bineego import segments
from bineego.evaluation import evaluate
from bineego.evaluation.diagnosis import KINDS, ErrorKind
from bineego.evaluation.scoring_table import arrange
from bineego.evaluation.sensitivity import covered_share

TIOU = (0.05, 0.5, 0.95)

TRUTH = segments.make(["v"] * 4, ["a", "a", "b", "b"], [0, 100, 200, 300], [10, 110, 210, 310])
HIT = ("v", "a", 0, 10, 0.9)
ERRORS = {
    ErrorKind.DUPLICATE: ("v", "a", 1, 10, 0.5),
    ErrorKind.WRONG_LABEL: ("v", "a", 200, 210, 0.95),
    ErrorKind.POOR_BOUNDARIES: ("v", "a", 100, 103, 0.95),
    ErrorKind.BOTH: ("v", "a", 200, 203, 0.95),
    ErrorKind.BACKGROUND: ("v", "a", 400, 410, 0.95),
}


def found(*rows):
    return segments.make(*map(list, zip(*rows, strict=True)))


@pytest.mark.parametrize("kind", ERRORS)
def test_each_kind(kind):
    result = evaluate(TRUTH, found(HIT, ERRORS[kind]), tiou=0.5, diagnose=True).diagnosis
    assert result is not None
    assert {k: n[0] for k, n in result.false_positives.items() if n[0]} == {kind: 1}
    near = kind in (ErrorKind.WRONG_LABEL, ErrorKind.POOR_BOUNDARIES, ErrorKind.BOTH)
    assert {k: n[0] for k, n in result.misses.items() if n[0]} == (
        {kind: 1, ErrorKind.MISSED: 2} if near else {ErrorKind.MISSED: 3}
    )


def test_gains_by_hand():
    """a: the false positive ranks before its only hit, of two segments: AP 1/4; b: nothing found."""
    before = 0.125
    fixed = {
        ErrorKind.DUPLICATE: (0.5 + 0) / 2,  # here the false positive ranks last: AP of a is 1/2 before and after
        ErrorKind.WRONG_LABEL: (0.5 + 0.5) / 2,  # it moves to b and hits there
        ErrorKind.POOR_BOUNDARIES: (1.0 + 0) / 2,  # it hits
        ErrorKind.BOTH: (0.5 + 0.5) / 2,
        ErrorKind.BACKGROUND: (0.5 + 0) / 2,  # it goes
    }
    for kind, row in ERRORS.items():
        result = evaluate(TRUTH, found(HIT, row), tiou=0.5, diagnose=True)
        start = 0.25 if kind is ErrorKind.DUPLICATE else before
        assert result.final == start
        assert result.diagnosis is not None
        assert result.diagnosis.gain[kind] == pytest.approx((fixed[kind] - start,)), kind
    only = evaluate(TRUTH, found(HIT), tiou=0.5, diagnose=True)
    assert only.diagnosis is not None
    assert only.diagnosis.gain[ErrorKind.MISSED] == pytest.approx((1 - 0.25,))


def test_two_that_want_one_segment_fix_it_once():
    rows = [HIT, ("v", "a", 100, 103, 0.5), ("v", "a", 100, 102, 0.95)]
    result = evaluate(TRUTH, found(*rows), tiou=0.5, diagnose=True)
    assert result.diagnosis is not None
    assert result.diagnosis.false_positives[ErrorKind.POOR_BOUNDARIES] == (2,)
    # The second hits, first in the ranking; the other one goes: a is perfect.
    assert result.final + result.diagnosis.gain[ErrorKind.POOR_BOUNDARIES][0] == pytest.approx((1.0 + 0) / 2)


def test_every_error_has_one_kind_and_no_gain_is_negative(random_set, slow):
    for seed in range(60):
        truth, predictions = random_set(seed)
        result = evaluate(truth, predictions, tiou=TIOU, diagnose=True)
        diagnosis = result.diagnosis
        assert diagnosis is not None
        known = predictions[predictions.label.isin(set(truth.label))]
        for k, threshold in enumerate(TIOU):
            hits = sum(sum(slow.hits(truth, known, label, threshold)) for label in set(truth.label))
            assert sum(diagnosis.false_positives[kind][k] for kind in KINDS) == len(known) - hits
            assert sum(diagnosis.misses[kind][k] for kind in KINDS) == len(truth) - hits
            for kind in KINDS:
                assert 0 <= diagnosis.gain[kind][k] <= 1 - result.mAP[k] + 1e-12
        for buckets in diagnosis.sensitivity.values():
            assert sum(bucket.segments for bucket in buckets) == len(truth)
            for k, threshold in enumerate(TIOU):
                hits = sum(sum(slow.hits(truth, known, label, threshold)) for label in set(truth.label))
                recalled = sum(bucket.recall[k] * bucket.segments for bucket in buckets if bucket.segments)
                assert recalled == pytest.approx(hits)


def test_without_errors_nothing_can_be_gained():
    result = evaluate(TRUTH, TRUTH.assign(score=1.0), diagnose=True).diagnosis
    assert result is not None
    assert all(value == 0 for values in result.gain.values() for value in values)
    assert all(value == 0 for counts in result.misses.values() for value in counts)


def test_json_is_complete():
    content = evaluate(TRUTH, found(HIT), diagnose=True).to_json()["diagnosis"]
    assert list(content["errors"]) == [str(kind) for kind in KINDS]
    assert set(content["sensitivity"]) == {"length", "overlap", "per_video"}
    assert content["sensitivity"]["length"][0] == {
        "bucket": "under 1 s", "segments": 0, "recall": [None] * 3, "mAP": [None] * 3,
    }  # fmt: skip


def test_normalised_map_is_the_map_where_all_segments_are_in_one_bucket():
    truth = segments.make(["v", "w"], ["a", "b"], [0, 0], [5, 5])
    predictions = segments.make(["v", "v", "w"], ["a", "a", "b"], [50, 0, 0], [60, 5, 4], [0.9, 0.8, 0.7])
    result = evaluate(truth, predictions, diagnose=True)
    assert result.diagnosis is not None
    assert result.diagnosis.sensitivity["length"][2].mAP == pytest.approx(result.mAP)


def test_covered_share(random_set):
    for seed in range(40):
        truth, _ = random_set(seed)
        rows = arrange(truth, segments.empty(scored=True)).truth
        share = covered_share(rows)
        for i in range(len(rows)):
            length = rows.end[i] - rows.start[i]
            others = [j for j in range(len(rows)) if j != i and rows.video[j] == rows.video[i]]
            # All times lie on a grid of 0.01 s: count its cells.
            cells = np.arange(round(rows.start[i] * 100), round(rows.end[i] * 100)) + 0.5
            covered = [any(rows.start[j] * 100 < c < rows.end[j] * 100 for j in others) for c in cells]
            assert share[i] == pytest.approx(np.mean(covered) if length > 0 else 0.0, abs=1e-6)
