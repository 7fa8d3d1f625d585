"""The paper's ensemble against the rules written from their text, and example by example."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from ensembling import reference
from hypothesis import given, settings
from hypothesis import strategies as st

from bineego import ensembling, segments
from bineego.ensembling import paper
from bineego.ensembling.candidates import rounded
from bineego.errors import UsageError

Row = tuple[str, str, float, float, float]
MakeTable = Callable[[list[Row]], pd.DataFrame]


def rows_of(table: pd.DataFrame) -> list[Row]:
    return list(table.itertuples(index=False, name=None))


def by_value(row: Row) -> tuple[object, ...]:
    """Order of comparison; float64 noise must not decide it."""
    return (*row[:2], *(round(number, 6) for number in row[2:]))


def agree(found: pd.DataFrame, expected: list[Row], tolerance: float = 1e-9) -> bool:
    pairs = list(zip(sorted(rows_of(found), key=by_value), sorted(expected, key=by_value), strict=False))
    return len(found) == len(expected) and all(
        a[:2] == b[:2] and np.allclose(a[2:], b[2:], rtol=0, atol=tolerance) for a, b in pairs
    )


def random_models(draw: random.Random, n_models: int, videos: list[str]) -> list[list[Row]]:
    """Models that crowd a short timeline, with equal times, equal scores, noise in the last bit and degenerate rows."""
    length, decimals, tied = draw.choice([4, 20, 60]), draw.choice([1, 3, 9]), draw.random() < 0.3
    models = []
    for _ in range(n_models):
        rows = []
        for _ in range(draw.randint(0, 12)):
            start = round(draw.uniform(0, length), decimals) + draw.choice([0, 0, 1e-12, 4e-4])
            end = start + draw.choice([0.5, 1, 2, draw.uniform(-0.1, 6)])
            score = draw.choice([0.3, 0.5, 0.1 + 0.2]) if tied else draw.uniform(-0.1, 1)
            rows.append((draw.choice(videos), draw.choice("ab"), start, end, score))
        models.append(rows)
    return models


def test_thousand_random_sets_agree_with_the_rules(table: MakeTable) -> None:
    """50 sets a call, in videos of their own: 20 draws of weights, threshold and missing rule."""
    draw = random.Random(20)
    for call in range(20):
        n_models = 1 + call % 5
        weights = [draw.choice([1.0, 0.0, 0.5, draw.random()]) for _ in range(n_models)]
        weights[draw.randrange(n_models)] = draw.uniform(0.1, 2)
        iou, missing = draw.choice([0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0]), draw.choice(["zero", "present"])
        sets = [random_models(draw, n_models, [f"u{k}", f"v{k}"]) for k in range(50)]
        together = [[row for models in sets for row in models[m]] for m in range(n_models)]
        found = ensembling.ensemble([table(rows) for rows in together], weights=weights, iou=iou, missing=missing)
        expected = [row for models in sets for row in reference.paper(models, weights, iou, missing)]
        assert agree(found, expected), (call, weights, iou, missing)


def test_one_crowded_island_agrees_with_the_rules(table: MakeTable) -> None:
    draw = random.Random(3)
    rows = [("v", "a", (s := draw.uniform(0, 30)), s + draw.uniform(1, 12), draw.random()) for _ in range(90)]
    assert agree(ensembling.ensemble([table(rows)], iou=0.4), reference.paper([rows], [1.0], 0.4, "zero"))


def test_touching_and_threshold_are_strict(table: MakeTable) -> None:
    touching: list[Row] = [("v", "a", 0.0, 5.0, 0.9), ("v", "a", 5.0, 10.0, 0.8)]
    assert len(ensembling.ensemble([table(touching)], iou=0.0)) == 2
    half: list[Row] = [("v", "a", 0.0, 10.0, 0.9), ("v", "a", 0.0, 5.0, 0.8)]
    assert len(ensembling.ensemble([table(half)], iou=0.5)) == 2
    assert rows_of(ensembling.ensemble([table(half)], iou=0.49)) == [("v", "a", 0.0, 10.0, 0.9)]
    same: list[Row] = [("v", "a", 0.0, 10.0, 0.9), ("v", "a", 0.0, 10.001, 0.8)]
    assert len(ensembling.ensemble([table(same)], iou=1.0)) == 2


def test_a_union_meets_a_partner_ranked_before_it(table: MakeTable) -> None:
    """The middle pair merges first, and only its union reaches the best candidate, which was passed before."""
    rows: list[Row] = [("v", "a", 0.0, 10.0, 0.9), ("v", "a", 0.0, 5.0, 0.8), ("v", "a", 1.5, 6.5, 0.7)]
    assert rows_of(ensembling.ensemble([table(rows)], iou=0.5)) == [("v", "a", 0.0, 10.0, 0.9)]
    assert len(ensembling.ensemble([table(rows[:2])], iou=0.5)) == 2
    assert len(ensembling.ensemble([table(rows[::2])], iou=0.5)) == 2


def test_times_of_the_first_occurrence_and_larger_score_within_a_model(table: MakeTable) -> None:
    first: list[Row] = [("v", "a", 1.0004, 2.0, 0.2), ("v", "a", 1.0, 2.0, 0.6)]
    second: list[Row] = [("v", "a", 0.9996, 2.0, 0.4)]
    found = rows_of(ensembling.ensemble([table(first), table(second)]))
    assert found == [("v", "a", 1.0004, 2.0, 0.5)]


def test_missing_rules(table: MakeTable) -> None:
    models = [table([("v", "a", 0.0, 1.0, 0.8)]), table([])]
    assert ensembling.ensemble(models)["score"].tolist() == [0.4]
    assert ensembling.ensemble(models, missing="present")["score"].tolist() == [0.8]


def test_degenerate_rows_are_dropped_with_a_count(table: MakeTable, caplog: pytest.LogCaptureFixture) -> None:
    found = ensembling.ensemble(
        [table([("v", "a", 2.0, 2.0, 0.8), ("v", "a", 3.0, 2.0, 0.8), ("v", "a", 0.0, 1.0, 0.1)])]
    )
    assert found["start"].tolist() == [0.0]
    assert "2 of 3 rows" in caplog.text


@pytest.mark.parametrize("weights", [[1.0], [1.0, 2.0, 3.0], [0.0, 0.0], [-1.0, 1.0], [np.nan, 1.0], [np.inf, 1.0]])
def test_wrong_weights_are_refused(table: MakeTable, weights: list[float]) -> None:
    with pytest.raises(UsageError):
        ensembling.ensemble([table([]), table([])], weights=weights)


def test_extreme_but_finite_numbers(table: MakeTable) -> None:
    rows: list[Row] = [("v", "a", -1e308, 1e308, 1e300), ("v", "a", 1e306, 1.5e308, 1.0), ("v", "a", 0.0, 5e-324, 1.0)]
    found = ensembling.ensemble([table(rows), table(rows)], weights=[1e308, 1e308])
    assert np.isfinite(found[["start", "end", "score"]].to_numpy()).all()


@given(st.lists(st.floats(-1e6, 1e6), max_size=30))
def test_rounding_is_pythons(values: list[float]) -> None:
    near_half = [round(value, 12) + 5e-13 for value in values]
    every = np.array([*values, *near_half, 0.5e-12, 1.5e-12, 8191.9999999999995, -0.0])
    assert rounded(every).tolist() == [round(value, 12) for value in every.tolist()]


@given(st.integers(1, 60), st.sampled_from([0.0, 0.2, 0.5, 0.8]), st.integers(0, 2**31))
@settings(max_examples=40)
def test_nothing_left_overlaps_above_the_threshold(n: int, iou: float, seed: int) -> None:
    draw = np.random.default_rng(seed)
    start = draw.uniform(0, 20, n)
    group, end, score = draw.integers(0, 2, n), start + draw.uniform(0.1, 5, n), draw.random(n)
    start, end, score, alive = paper.merge(group, start, end, score, iou)
    for g in (0, 1):
        s, e = start[alive & (group == g)], end[alive & (group == g)]
        overlap = segments.tiou(s[:, None], e[:, None], s[None], e[None])
        np.fill_diagonal(overlap, 0)
        assert (overlap <= iou).all()


def test_large_islands_are_merged_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search among neighbours only gives what the search among all gives."""
    for case in range(100):
        draw = np.random.default_rng(case)
        n = int(draw.integers(2, 80))
        start = np.round(draw.uniform(-5, draw.choice([3, 10, 60]), n), int(draw.choice([0, 1, 6])))
        end = start + draw.choice([0.5, 1, 2, 7, draw.uniform(0.1, 9)], n)
        group, score = draw.integers(0, 2, n), np.round(draw.random(n), int(draw.choice([1, 9])))
        iou = float(draw.choice([0.0, 0.2, 0.5, 0.8, 0.95]))
        results = []
        for small in (512, 1):
            monkeypatch.setattr(paper, "SMALL", small)
            s, e, c, alive = paper.merge(group, start, end, score, iou)
            results.append(sorted(zip(group[alive], s[alive], e[alive], c[alive], strict=True)))
        assert results[0] == results[1], case
