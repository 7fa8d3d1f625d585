from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bineego.postprocess.merge import merge_runs, whole_cells
from bineego.tracks import ScoreTrack


def track_of(edges: np.ndarray, t: float) -> ScoreTrack:
    return ScoreTrack(
        video_id="v",
        edges=edges,
        logits=np.zeros((len(edges) - 1, 2), np.float32),
        actions=("a",),
        t=t,
        scene_probs=np.zeros(0),
    )


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


@pytest.mark.parametrize(
    ("edges", "t", "expected"),
    [
        (np.array([0, 0.5, 1.0, 1.3]), 0.5, 2),  # the tail is dropped
        (np.array([0, 0.5, 1.0]), 0.5, 2),
        (np.array([0, 0.3]), 0.5, 0),  # shorter than t
        (np.array([0.0]), 0.5, 0),
        (np.array([0, 0.25, 0.5, 0.6]), 0.5, 3),  # a finer grid: every cell
        (np.array([0, 0.5, 0.6, 1.0]), 0.5, 3),
    ],
)
def test_whole_cells(edges: np.ndarray, t: float, expected: int) -> None:
    assert whole_cells(track_of(edges.astype(float), t)) == expected
