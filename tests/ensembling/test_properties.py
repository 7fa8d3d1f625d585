"""What must hold for every fusing of segments, whatever goes in."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bineego import ensembling, segments

# Times in whole milliseconds: nearer ones are one candidate, and then the order of models may choose between them.
TIMES = st.integers(0, 20_000).map(lambda t: t / 1000) | st.integers(0, 20).map(float)
ROWS = st.tuples(
    st.sampled_from(["u", "v"]),
    st.sampled_from(["a", "b"]),
    TIMES,
    st.integers(1, 40).map(lambda t: t / 4),
    st.integers(0, 1000).map(lambda s: s / 1000),
)
MODELS = st.lists(st.lists(ROWS, max_size=8), min_size=1, max_size=4)
IOUS = st.sampled_from([0.0, 0.3, 0.5, 0.7, 0.95])
both_methods = pytest.mark.parametrize("method", ["paper", "average"])


def tables(models: list[list[tuple[str, str, float, float, float]]]) -> list[pd.DataFrame]:
    return [
        segments.make(*map(list, zip(*[(v, a, s, s + d, c) for v, a, s, d, c in rows], strict=True)))
        if rows
        else segments.empty(scored=True)
        for rows in models
    ]


def close(a: pd.DataFrame, b: pd.DataFrame) -> bool:
    def key(table: pd.DataFrame) -> list[tuple[object, ...]]:
        rows = table.itertuples(index=False, name=None)
        return sorted((v, label, *(round(x, 6) + 0.0 for x in numbers)) for v, label, *numbers in rows)

    one, two = key(a), key(b)
    return len(one) == len(two) and all(
        x[:2] == y[:2] and np.allclose(x[2:], y[2:], rtol=0, atol=3e-6) for x, y in zip(one, two, strict=True)
    )


@both_methods
@settings(max_examples=40)
@given(models=MODELS, iou=IOUS, scale=st.sampled_from([2.0, 1e-3, 7.3, 1e200]))
def test_scale_of_the_weights_does_not_matter(method: str, models: list[list], iou: float, scale: float) -> None:
    weights = [0.5 + 0.25 * i for i in range(len(models))]
    one = ensembling.ensemble(tables(models), weights=weights, method=method, iou=iou)
    two = ensembling.ensemble(tables(models), weights=[w * scale for w in weights], method=method, iou=iou)
    assert close(one, two)


@both_methods
@settings(max_examples=40)
@given(models=MODELS, iou=IOUS, missing=st.sampled_from(["zero", "present"]), data=st.data())
def test_order_of_models_and_rows_does_not_matter(
    method: str, models: list[list], iou: float, missing: str, data: st.DataObject
) -> None:
    weights = [1.0, 0.75, 0.5, 0.25][: len(models)]
    order = data.draw(st.permutations(range(len(models))))
    shuffled = [data.draw(st.permutations(models[i])) for i in order]
    one = ensembling.ensemble(tables(models), weights=weights, method=method, iou=iou, missing=missing)
    two = ensembling.ensemble(
        tables(shuffled), weights=[weights[i] for i in order], method=method, iou=iou, missing=missing
    )
    assert close(one, two)


@both_methods
@settings(max_examples=40)
@given(rows=st.lists(ROWS, max_size=12), n=st.integers(2, 4), iou=IOUS)
def test_identical_models_give_what_one_gives(method: str, rows: list, n: int, iou: float) -> None:
    one = ensembling.ensemble(tables([rows]), method=method, iou=iou)
    many = ensembling.ensemble(tables([rows] * n), weights=[0.57, 0.51, 0.3, 1.0][:n], method=method, iou=iou)
    assert close(one, many)
    if method == "paper":
        assert ensembling.ensemble([one, one], iou=iou).equals(one)


@both_methods
@settings(max_examples=40)
@given(models=MODELS, iou=IOUS, missing=st.sampled_from(["zero", "present"]))
def test_scores_and_times_stay_within_their_sources(method: str, models: list[list], iou: float, missing: str) -> None:
    weights = [0.57, 0.51, 0.3, 0.1][: len(models)]
    sources = segments.concat(tables(models), scored=True)
    found = ensembling.ensemble(tables(models), weights=weights, method=method, iou=iou, missing=missing)
    assert bool(len(found)) == bool(len(sources))
    for (video, label), mine in found.groupby(["video_id", "label"]):
        theirs = sources[(sources["video_id"] == video) & (sources["label"] == label)]
        low = 0.0 if missing == "zero" else theirs["score"].min()
        assert mine["score"].between(low, theirs["score"].max()).all()
        assert (mine["start"] >= theirs["start"].min()).all()
        assert (mine["end"] <= theirs["end"].max()).all()
        for start, end in zip(mine["start"], mine["end"], strict=True):
            touching = theirs[(theirs["start"] < end) & (theirs["end"] > start)]
            assert len(touching)
            assert touching["start"].min() <= start < end <= touching["end"].max()


@both_methods
@settings(max_examples=40)
@given(models=MODELS)
def test_rows_come_in_file_order(method: str, models: list[list]) -> None:
    found = ensembling.ensemble(tables(models), method=method)
    assert found.equals(segments.order_by_time(found))
    assert list(found.columns) == list(segments.SCORED_COLUMNS)
