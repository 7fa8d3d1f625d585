from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bineego import segments
from bineego.errors import InputInvalid

times = st.floats(-1e6, 1e6, allow_nan=False)
spans = st.tuples(times, times)


def by_hand(a: tuple[float, float], b: tuple[float, float]) -> float:
    shared = min(a[1], b[1]) - max(a[0], b[0])
    if shared <= 0:
        return 0.0
    return shared / ((a[1] - a[0]) + (b[1] - b[0]) - shared)


@given(spans, spans)
def test_tiou_is_intersection_over_union(a: tuple[float, float], b: tuple[float, float]) -> None:
    a, b = tuple(sorted(a)), tuple(sorted(b))
    assert float(segments.tiou(*a, *b)) == pytest.approx(by_hand(a, b), abs=1e-12)


@given(spans, spans)
def test_tiou_is_symmetric_and_within_bounds(a: tuple[float, float], b: tuple[float, float]) -> None:
    a, b = tuple(sorted(a)), tuple(sorted(b))
    forth, back = float(segments.tiou(*a, *b)), float(segments.tiou(*b, *a))
    assert forth == pytest.approx(back, abs=1e-12)
    assert 0 <= forth <= 1 + 1e-9


@given(spans)
def test_tiou_of_a_segment_with_itself_is_one(a: tuple[float, float]) -> None:
    start, end = sorted(a)
    assert float(segments.tiou(start, end, start, end)) == (1.0 if end > start else 0.0)


def test_tiou_of_degenerate_segments_is_zero() -> None:
    assert segments.tiou([5, 5, 6], [5, 4, 5], [5, 0, 0], [5, 9, 9]).tolist() == [0, 0, 0]


def test_ids_and_labels_stay_texts() -> None:
    table = segments.make(["0012", "NA", "1e3"], ["NaN", "", "7"], [0, 1, 2], [1, 2, 3])
    assert table["video_id"].tolist() == ["0012", "NA", "1e3"]
    assert table["label"].tolist() == ["NaN", "", "7"]
    assert list(table.columns) == list(segments.COLUMNS)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("column", ["start", "end", "score"])
def test_numbers_that_are_not_finite_are_refused_with_their_row(column: str, bad: float) -> None:
    values = {"start": [0.0, 1.0], "end": [1.0, 2.0], "score": [0.5, 0.5]}
    values[column][1] = bad
    with pytest.raises(InputInvalid, match=f"row 2.*{column}"):
        segments.make(["a", "a"], ["x", "x"], **values)


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(InputInvalid, match="different lengths"):
        segments.make(["a"], ["x"], [0, 1], [1])


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 3), st.integers(0, 3)), max_size=8))
def test_order_by_time_is_a_stable_sort(rows: list[tuple[str, int, int]]) -> None:
    table = segments.make([r[0] for r in rows], [str(i) for i in range(len(rows))], [r[1] for r in rows],
                          [r[2] for r in rows])  # fmt: skip
    found = segments.order_by_time(table)["label"].tolist()
    assert found == [str(i) for i in sorted(range(len(rows)), key=lambda i: rows[i])]


def test_concat_of_nothing_is_empty_and_has_its_columns() -> None:
    assert list(segments.concat([], scored=True).columns) == list(segments.SCORED_COLUMNS)
    one = segments.make(["a"], ["x"], [0], [1])
    both = segments.concat([one, segments.empty(scored=False), one], scored=False)
    pd.testing.assert_frame_equal(both, segments.make(["a", "a"], ["x", "x"], [0, 0], [1, 1]))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_number_text_reads_back_to_the_same_number(value: float) -> None:
    assert float(segments.number_text(np.float64(value))) == value


def test_degenerate_marks_what_does_not_last() -> None:
    table = segments.make(["a"] * 3, ["x"] * 3, [0, 1, 2], [1, 1, 1])
    assert segments.degenerate(table).tolist() == [False, True, True]


def test_a_table_of_somebody_else_becomes_ours() -> None:
    table = pd.DataFrame(
        {"score": [1], "end": [2], "start": [1], "label": [7], "video_id": [12], "more": [0]}, index=[5]
    )
    ours = segments.checked(table, scored=True, where="predictions")
    assert list(ours) == list(segments.SCORED_COLUMNS)
    assert ours.iloc[0].tolist() == ["12", "7", 1.0, 2.0, 1.0]
    assert ours.index.tolist() == [0]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"video_id": ["a", None]}, "video_id is missing.*keep_default_na"),
        ({"label": ["a", float("nan")]}, "label is missing"),
        ({"start": [0.0, float("nan")]}, "start is not a finite number"),
        ({"score": ["high", "low"]}, "not a number"),
    ],
)
def test_a_table_with_holes_is_refused(changes: dict[str, list[object]], says: str) -> None:
    whole = {"video_id": ["a", "b"], "label": ["x", "y"], "start": [0.0, 1.0], "end": [1.0, 2.0], "score": [0.5, 0.4]}
    with pytest.raises(InputInvalid, match=says):
        segments.checked(pd.DataFrame(whole | changes), scored=True, where="predictions")
    with pytest.raises(InputInvalid, match="missing column 'end'"):
        segments.checked(pd.DataFrame(whole).drop(columns="end"), scored=True, where="predictions")


def test_half_a_character_that_pandas_refuses_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """As pandas does where pyarrow is installed."""

    def refusing(_: dict[str, object]) -> pd.DataFrame:
        raise UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed")

    monkeypatch.setattr(pd, "DataFrame", refusing)
    with pytest.raises(InputInvalid, match=r"not UTF-8 text: '\\ud800'"):
        segments.make(["\ud800"], ["run"], [0.0], [1.0])
