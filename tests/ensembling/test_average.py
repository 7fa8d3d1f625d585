"""Weighted-mean boundaries, against the rule written from its text; and bridging before fusing."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from ensembling import reference

from bineego import ensembling
from bineego.ensembling.bridge import bridge

Row = tuple[str, str, float, float, float]
MakeTable = Callable[[list[Row]], pd.DataFrame]


def sorted_rows(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (*row[:2], *(round(number, 6) for number in row[2:])))


def test_random_sets_agree_with_the_rule(table: MakeTable) -> None:
    draw = random.Random(8)
    for case in range(300):
        models = [
            [
                (
                    draw.choice("uv"),
                    "a",
                    (s := round(draw.uniform(0, 15), 1)),
                    s + draw.choice([1, 2, 3]),
                    draw.random(),
                )
                for _ in range(draw.randint(0, 10))
            ]
            for _ in range(draw.randint(1, 4))
        ]
        weights = [draw.choice([1.0, 0.5, 0.0, draw.random()]) for _ in models]
        weights[0] = weights[0] or 1.0
        iou, missing = draw.choice([0.0, 0.4, 0.7, 0.9]), draw.choice(["zero", "present"])
        tables = [table(rows) for rows in models]
        found = ensembling.ensemble(tables, weights=weights, method="average", iou=iou, missing=missing)
        expected = reference.average(models, weights, iou, missing)
        rows = list(found.itertuples(index=False, name=None))
        assert len(rows) == len(expected), case
        for a, b in zip(sorted_rows(rows), sorted_rows(expected), strict=True):
            assert a[:2] == b[:2], case
            assert np.allclose(a[2:], b[2:], rtol=0, atol=1e-9), case


def test_boundaries_are_means_weighted_by_weight_and_score(table: MakeTable) -> None:
    models = [table([("v", "a", 0.0, 10.0, 0.9)]), table([("v", "a", 1.0, 11.0, 0.3)])]
    found = ensembling.ensemble(models, weights=[1, 2], method="average")
    # pulls 0.9 and 0.6: start 0.4, end 10.4; score (0.9 + 0.6) / 3
    assert found[["start", "end", "score"]].to_numpy()[0] == pytest.approx([0.4, 10.4, 0.5])


def test_one_vote_per_model(table: MakeTable) -> None:
    twice = [("v", "a", 0.0, 10.0, 0.8), ("v", "a", 0.5, 10.0, 0.7)]
    found = ensembling.ensemble([table(twice), table([("v", "a", 0.0, 10.0, 0.6)])], method="average")
    assert found[["start", "end", "score"]].to_numpy().tolist() == [[0.0, 10.0, pytest.approx(0.7)]]


def test_absent_models_count_zero_or_not(table: MakeTable) -> None:
    models = [table([("v", "a", 0.0, 1.0, 0.9)]), table([]), table([])]
    assert ensembling.ensemble(models, method="average")["score"].tolist() == pytest.approx([0.3])
    assert ensembling.ensemble(models, method="average", missing="present")["score"].tolist() == [0.9]


def test_scores_of_zero_or_less_move_no_boundary(table: MakeTable) -> None:
    models = [table([("v", "a", 0.0, 10.0, 0.5)]), table([("v", "a", 1.0, 11.0, -0.5)])]
    assert ensembling.ensemble(models, method="average")["start"].tolist() == [0.0]
    zeros = [table([("v", "a", 0.0, 10.0, 0.0)]), table([("v", "a", 1.0, 11.0, 0.0)])]
    assert ensembling.ensemble(zeros, method="average")["start"].tolist() == [0.5]


def test_bridge_joins_fragments_of_one_model_and_label(table: MakeTable) -> None:
    rows: list[Row] = [
        ("v", "a", 2.0, 3.0, 0.9), ("v", "a", 0.0, 1.0, 0.5), ("v", "b", 1.0, 2.0, 0.4), ("w", "a", 3.0, 4.0, 0.3),
        ("v", "a", 4.3, 5.0, 0.1),
    ]  # fmt: skip
    joined = bridge(table(rows), 1.0)
    assert sorted(joined.itertuples(index=False, name=None)) == [
        ("v", "a", 0.0, 3.0, 0.9),
        ("v", "a", 4.3, 5.0, 0.1),
        ("v", "b", 1.0, 2.0, 0.4),
        ("w", "a", 3.0, 4.0, 0.3),
    ]
    assert bridge(table(rows), 0.0).equals(table(rows))
    # Two models: each is bridged by itself.
    models = [table([("v", "a", 0.0, 1.0, 0.5)]), table([("v", "a", 1.5, 2.0, 0.5)])]
    assert len(ensembling.ensemble(models, bridge=1.0)) == 2


def test_bridge_reaches_over_contained_segments_and_float_noise(table: MakeTable) -> None:
    rows: list[Row] = [("v", "a", 0.0, 5.0, 0.5), ("v", "a", 1.0, 2.0, 0.6), ("v", "a", 5.3, 6.0, 0.4)]
    assert bridge(table(rows), 0.3)[["start", "end", "score"]].to_numpy().tolist() == [[0.0, 6.0, 0.6]]
