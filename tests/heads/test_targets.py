"""Targets of the steps: labels by time, bumps at boundaries, distances to start and end."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bineego.heads.targets import step_targets

STEP = 0.08


def edges(n: int, step: float = STEP) -> np.ndarray:
    return np.arange(n + 1) * step


def of(starts, ends, ids, *, n: int = 50, n_classes: int = 4, multi: bool = False):
    return step_targets(
        edges(n), np.array(starts, float), np.array(ends, float), np.array(ids, np.int64), n_classes, multi=multi
    )


def test_a_step_is_of_the_action_that_covers_half_of_it():
    targets = of([0.8], [1.6], [2])
    assert targets.actions.tolist() == [0] * 10 + [2] * 10 + [0] * 30


def test_boundaries_stand_at_the_edge_where_an_action_begins_or_ends():
    targets = of([0.8], [1.6], [2])
    assert targets.boundaries.shape == (51, 1)
    assert np.flatnonzero(targets.boundaries[:, 0] == 1).tolist() == [10, 20]
    assert targets.boundaries[15, 0] < 0.01


def test_the_ends_of_a_video_are_no_boundaries():
    assert of([0.0], [50 * STEP], [1]).boundaries.max() == 0


def test_several_actions_have_boundaries_of_their_own():
    targets = of([0.8, 1.2], [1.6, 2.4], [1, 3], multi=True)
    assert targets.actions.shape == (50, 4)
    assert [np.flatnonzero(column == 1).tolist() for column in targets.boundaries.T] == [[10, 20], [], [15, 30]]
    assert targets.actions[16].tolist() == [0, 1, 0, 1]


def test_a_step_inside_two_actions_reaches_over_the_shorter_one():
    targets = of([0.0, 0.8], [4.0, 1.6], [1, 2])
    assert targets.inside[12] == 2
    centre = 12.5 * STEP
    assert targets.distances[12] == pytest.approx([centre - 0.8, 1.6 - centre], abs=1e-6)
    assert targets.inside[30] == 1


@given(st.lists(st.tuples(st.floats(0, 4), st.floats(0.01, 3), st.integers(1, 3)), max_size=6))
def test_distances_give_back_the_segment_they_were_made_of(rows):
    starts = np.array([start for start, _, _ in rows])
    ends = np.array([start + length for start, length, _ in rows])
    targets = of(starts, ends, [label for _, _, label in rows])
    centre = (np.arange(50) + 0.5) * STEP
    for step in np.flatnonzero(targets.inside):
        start, end = centre[step] - targets.distances[step, 0], centre[step] + targets.distances[step, 1]
        found = (np.abs(starts - start) < 1e-5) & (np.abs(ends - end) < 1e-5)
        assert found.any()
        assert (targets.distances[step] >= -1e-6).all()
    assert ((targets.boundaries >= 0) & (targets.boundaries <= 1)).all()


def test_without_segments_all_is_background():
    targets = of([], [], [])
    assert not targets.actions.any()
    assert not targets.boundaries.any()
    assert not targets.inside.any()
