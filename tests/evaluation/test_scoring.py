from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bineego import segments
from bineego.errors import InputInvalid, UsageError
from bineego.evaluation import evaluate, matching, pairs, scoring_table
from bineego.formats.annotations import Annotations

TIOU = (0.3, 0.5, 0.75, 0.95)

times = st.integers(0, 20)
rows = st.lists(st.tuples(st.sampled_from("uv"), st.sampled_from("ab"), times, st.integers(1, 9)), max_size=8)


def table(drawn, scores=None):
    columns = [list(column) for column in zip(*drawn, strict=True)] if drawn else [[], [], [], []]
    start = np.array(columns[2], float)
    return segments.make(columns[0], columns[1], start, start + np.array(columns[3], float), scores)


@pytest.mark.parametrize("first", range(0, 400, 100))
def test_agrees_with_the_slow_rule(first, slow, random_set):
    for seed in range(first, first + 100):
        truth, found = random_set(seed)
        result = evaluate(truth, found, tiou=TIOU)
        expected = slow.ap(truth, found, TIOU)
        assert list(result.ap) == list(expected)
        for label, values in expected.items():
            assert result.ap[label] == pytest.approx(values, abs=1e-9), (seed, label)
        means = np.mean(list(expected.values()), axis=0)
        assert result.mAP == pytest.approx(means, abs=1e-9)
        assert result.final == pytest.approx(means.mean(), abs=1e-9)


def test_the_same_in_small_pieces(monkeypatch, slow, random_set):
    """Chunks of classes and slices of pairs are an economy, nothing else."""
    sets = [random_set(seed) for seed in range(60)]
    whole = [evaluate(truth, found, tiou=TIOU).ap for truth, found in sets]
    monkeypatch.setattr(scoring_table, "CHUNK_ROWS", 2)
    monkeypatch.setattr(scoring_table, "RADIX_CLASSES", 1)
    monkeypatch.setattr(pairs, "SLICE_PAIRS", 1)
    assert [evaluate(truth, found, tiou=TIOU).ap for truth, found in sets] == whole


@given(rows.filter(bool), rows, st.randoms(use_true_random=False))
def test_order_of_rows_means_nothing_when_nothing_ties(truth_rows, found_rows, random):
    truth, found = table(truth_rows), table(found_rows, np.arange(len(found_rows)))
    before = evaluate(truth, found, tiou=TIOU)
    order = list(range(len(found)))
    random.shuffle(order)
    after = evaluate(truth, found.iloc[order], tiou=TIOU)
    assert after.ap == before.ap


@given(rows.filter(bool), rows)
def test_bounds_and_monotony(truth_rows, found_rows):
    truth, found = table(truth_rows), table(found_rows, np.arange(len(found_rows)))
    result = evaluate(truth, found, tiou=TIOU)
    for values in result.ap.values():
        assert all(0 <= value <= 1 for value in values)
        assert result.final <= 1
    # One more right prediction of each class ahead of all cannot hurt; a wrong one after all changes nothing.
    ahead = truth.assign(score=1e6)
    assert evaluate(truth, segments.concat([ahead, found], scored=True), tiou=TIOU).final == pytest.approx(1.0)
    wrong = segments.make(["elsewhere"], ["a"], [0], [1], [-1])
    assert evaluate(truth, segments.concat([found, wrong], scored=True), tiou=TIOU).ap == result.ap


@given(rows.filter(bool), rows, st.sampled_from([0.25, 2.0, 1024.0]))
def test_units_and_scale_of_scores_mean_nothing(truth_rows, found_rows, factor):
    truth, found = table(truth_rows), table(found_rows, np.arange(len(found_rows)) % 3)
    scaled = found.assign(start=found.start * factor, end=found.end * factor, score=found.score * 7 - 100)
    longer = truth.assign(start=truth.start * factor, end=truth.end * factor)
    assert evaluate(longer, scaled, tiou=TIOU).ap == evaluate(truth, found, tiou=TIOU).ap


def test_a_long_chain_of_refusals():
    """Every prediction wants the same segment first: each falls through one further than the one before."""
    n = 300
    truth = segments.make(["v"] * n, ["a"] * n, np.zeros(n), 100 + np.arange(n) / 1000)
    found = segments.make(["v"] * (n + 1), ["a"] * (n + 1), np.zeros(n + 1), np.full(n + 1, 101), np.arange(n + 1))
    arranged = scoring_table.arrange(truth, found)
    (hits,) = matching.match(arranged, (0.9,))
    assert hits.prediction.tolist() == list(range(n))
    assert arranged.truth.row[hits.truth].tolist() == list(range(n))[::-1]


def test_unknown_labels_and_videos_are_named(notes):
    truth = segments.make(["v"], ["eating"], [0], [10])
    found = segments.make(["v", "v", "w"], ["eating", "eatin", "eating"], [0] * 3, [10] * 3, [0.5, 0.9, 0.6])
    result = evaluate(truth, found)
    assert result.mAP == pytest.approx((0.5, 0.5, 0.5))  # below the false positive in w; 'eatin' is left out
    assert any("1 prediction left out" in note and "'eatin'" in note and "'eating'" in note for note in notes)
    assert any("1 prediction counted as false positive" in note and "'w'" in note for note in notes)


def test_subset_leaves_the_other_recordings_out(notes):
    truth = Annotations(
        segments=segments.make(["t", "v"], ["a", "a"], [0, 0], [10, 10]),
        videos=("t", "v", "quiet"),
        subsets={"t": "train", "v": "val", "quiet": "val", "bare": "val"},
    )
    found = segments.make(["t", "v", "quiet", "bare", "new"], ["a"] * 5, [0] * 5, [10] * 5, [0.9, 0.5, 0.8, 0.95, 0.7])
    # Ahead of the hit: 'quiet' (annotated, all background) and 'new' (unknown). Not scored: 't', and 'bare', which
    # nobody annotated.
    assert evaluate(truth, found, subset="val").final == pytest.approx(1 / 3)
    assert any("left out 2 of 5" in note and "t, bare" in note for note in notes)
    assert any("'new'" in note and "'quiet'" not in note for note in notes)
    with pytest.raises(UsageError, match="did you mean 'val'"):
        evaluate(truth, found, subset="vall")


def test_duplicates_in_the_ground_truth():
    truth = segments.make(["v"] * 2, ["a"] * 2, [0, 0], [10, 10])
    found = segments.make(["v"], ["a"], [0], [10], [1])
    assert evaluate(truth, found).final == pytest.approx(0.5)
    assert evaluate(truth, found, dedup_ground_truth=True).final == pytest.approx(1.0)


def test_degenerate_rows_count_and_are_counted(notes):
    truth = segments.make(["v"] * 2, ["a"] * 2, [0, 5], [10, 5])
    found = segments.make(["v"] * 3, ["a"] * 3, [5, 8, 0], [5, 3, 10], [0.9, 0.8, 0.7])
    assert evaluate(truth, found).final == pytest.approx(1 / 3 / 2)
    assert any(note.startswith("1 ") and "ground truth" in note for note in notes)
    assert any(note.startswith("2 ") and "predictions" in note for note in notes)


def test_recall_at_k_of_each_video():
    truth = segments.make(["u", "u", "v"], ["a", "b", "a"], [0, 0, 0], [10, 10, 10])
    found = segments.make(
        ["u", "u", "u", "v", "v"],
        ["b", "a", "b", "b", "a"],
        [50, 0, 0, 0, 0],
        [60, 10, 6, 10, 10],
        [0.9, 0.8, 0.7, 1, 0],
    )
    result = evaluate(truth, found, recall_at=(1, 2, 3))
    assert result.recall[1] == (0.0, 0.0, 0.0)
    assert result.recall[2] == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    assert result.recall[3] == pytest.approx((1.0, 2 / 3, 2 / 3))


def test_recall_of_all_is_that_of_the_hits(random_set, slow):
    for seed in range(30):
        truth, found = random_set(seed, unique=True)
        hits = sum(sum(slow.hits(truth, found, label, 0.5)) for label in set(truth.label))
        assert evaluate(truth, found, tiou=0.5, recall_at=(1000,)).recall[1000] == pytest.approx((hits / len(truth),))


def test_curves_give_the_average_precision(random_set):
    for seed in range(30):
        truth, found = random_set(seed)
        result = evaluate(truth, found, curves=True)
        assert result.curves is not None
        for label, curves in result.curves.items():
            for curve, ap in zip(curves, result.ap[label], strict=True):
                highest = [max(curve.precision[i:]) for i in range(len(curve.precision))]
                steps = np.diff(np.concatenate([[0], curve.recall]))
                assert float(np.dot(steps, highest)) == pytest.approx(ap, abs=1e-12)


def test_ground_truth_without_segments():
    with pytest.raises(InputInvalid):
        evaluate(segments.empty(scored=False), segments.empty(scored=True))


def test_scenes_alone_can_be_scored():
    truth = Annotations(segments=segments.empty(scored=False), videos=(), scenes={"u": "Kitchen", "v": "Nature"})
    result = evaluate(truth, segments.empty(scored=True), scenes={"u": "kitchen", "v": "Kitchen"})
    assert result.scene_top1 == 0.5
    assert math.isnan(result.final)
    assert result.to_json()["final"] is None
