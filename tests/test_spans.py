from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bineego import spans
from bineego.spans import Spans, merge_runs


def test_runs_of_labels_and_their_largest_score() -> None:
    runs = merge_runs([1, 1, 0, 2, 2, 2, 1], [0.4, 0.6, 0.9, 0.5, 0.8, 0.7, 0.3], np.arange(8) * 0.5)
    assert runs.labels.tolist() == [1, 2, 1]
    assert runs.starts.tolist() == [0.0, 1.5, 3.0]
    assert runs.ends.tolist() == [1.0, 3.0, 3.5]
    assert runs.scores.tolist() == [0.6, 0.8, 0.3]


@given(st.lists(st.integers(0, 3), max_size=40))
def test_runs_paint_back_the_labels(labels: list[int]) -> None:
    runs = merge_runs(labels, np.ones(len(labels)), np.arange(len(labels) + 1))
    painted = np.zeros(len(labels), int)
    for label, start, end in zip(runs.labels, runs.starts, runs.ends, strict=True):
        assert (painted[int(start) : int(end)] == 0).all()
        painted[int(start) : int(end)] = label
    assert painted.tolist() == labels
    same_neighbours = [
        i for i in range(1, len(runs)) if runs.labels[i] == runs.labels[i - 1] and runs.starts[i] == runs.ends[i - 1]
    ]
    assert not same_neighbours


def test_a_mean_score_weighs_cells_by_their_length() -> None:
    runs = merge_runs([1, 1], [0.2, 0.8], [0.0, 1.0, 4.0], mean=True)
    assert runs.scores == pytest.approx([(0.2 * 1 + 0.8 * 3) / 4])


def in_loops(rows: list[tuple[int, float, float, float]], gap: float) -> list[tuple[int, float, float, float]]:
    """What `bridge` promises, pair by pair until nothing changes."""
    rows = list(rows)
    for i, a in enumerate(rows):
        for b in rows[i + 1 :]:
            if a[0] == b[0] and max(a[1], b[1]) - min(a[2], b[2]) <= gap + spans.TOLERANCE:
                rest = [row for row in rows if row is not a and row is not b]
                return in_loops([*rest, (a[0], min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))], gap)
    return sorted(rows)


row = st.tuples(st.integers(1, 3), st.integers(0, 40), st.integers(1, 9), st.floats(0, 1))


@given(st.lists(row, max_size=12), st.sampled_from([0.1, 0.2, 0.5]))
def test_bridging_joins_all_that_lie_near(drawn: list[tuple[int, int, int, float]], gap: float) -> None:
    rows = [(label, start / 10, (start + length) / 10, score) for label, start, length, score in drawn]
    found = spans.bridge(spans.make(*zip(*rows, strict=True)) if rows else spans.join([]), gap)
    assert sorted(zip(*(column.tolist() for column in found.to_arrays().values()), strict=True)) == in_loops(rows, gap)


def test_without_a_gap_nothing_is_bridged() -> None:
    pair = spans.make([1, 1], [0, 1], [1, 2], [0.5, 0.6])
    assert spans.bridge(pair, 0.0) is pair


def test_nothing_joined_is_nothing() -> None:
    none = spans.join([])
    assert isinstance(none, Spans)
    assert len(none) == 0
