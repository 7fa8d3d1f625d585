from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bineego.errors import UsageError
from bineego.grid import interval_edges
from bineego.inference.coarse import agreement, coarse_rows, interpolate, middle_rows
from bineego.inference.plan import ClipPlan, cells, make_plan
from bineego.tracks import Activation

TIMES = np.arange(2000) / 25.0


def plan_of(duration: float, t: float, stride: float | None = None, clip_duration: float | None = None) -> ClipPlan:
    return make_plan(TIMES, duration, t=t, n_frames=8, stride=stride, clip_duration=clip_duration)


@given(st.floats(0.1, 60), st.sampled_from([0.25, 0.5, 1.0]))
def test_plain_grid(duration: float, t: float) -> None:
    plan = plan_of(duration, t)
    edges = interval_edges(duration, t)
    assert plan.lows.tolist() == edges[:-1].tolist()
    assert plan.highs.tolist() == edges[1:].tolist()
    assert plan.whole().sum() == np.floor(duration / t + 1e-6)
    values = np.random.default_rng(0).normal(size=(len(plan), 3))
    cell_edges, cell_values = cells(plan, values, duration)
    assert cell_edges.tolist() == edges.tolist()
    assert (cell_values == values).all()


def test_frames_are_those_on_screen_at_the_centres_of_eight_parts() -> None:
    plan = plan_of(2.0, 1.0)
    moments = 1.0 + (np.arange(8) + 0.5) / 8
    assert plan.frames[1].tolist() == [int(np.floor(m * 25 + 1e-6)) for m in moments]


def test_wider_clips_stay_centred() -> None:
    plan = plan_of(10.0, 0.5, clip_duration=2.0)
    assert len(plan) == 20
    assert plan.frames[10].min() == int(np.floor((5.25 - 0.875) * 25))
    assert plan.frames[0].min() == 0


@given(st.floats(0.05, 20), st.sampled_from([0.25, 0.5, 1.0]), st.floats(0.05, 1.5))
def test_overlapping_intervals_cover_everything_once_averaged(duration: float, t: float, stride: float) -> None:
    plan = plan_of(duration, t, min(stride, t))
    assert (np.diff(plan.lows) > 0).all()
    assert plan.lows[0] == 0
    assert plan.highs[-1] == pytest.approx(duration)
    if duration > t and stride < t:
        assert np.allclose(plan.highs - plan.lows, t)
    edges, mean = cells(plan, np.ones((len(plan), 2)), duration)
    assert edges[-1] == pytest.approx(duration)
    assert np.allclose(mean, 1.0)


def test_a_stride_with_gaps_is_refused() -> None:
    with pytest.raises(UsageError, match="leaves gaps"):
        plan_of(10.0, 0.5, 0.6)


def test_means_are_weighted_by_cover() -> None:
    plan = plan_of(1.5, 1.0, stride=0.5)  # intervals [0, 1) and [0.5, 1.5)
    edges, mean = cells(plan, np.array([[0.0], [1.0]]), 1.5)
    assert edges.tolist() == [0.0, 0.5, 1.0, 1.5]
    assert mean[:, 0].tolist() == [0.0, 0.5, 1.0]


@given(st.integers(0, 1000), st.floats(3.0, 30.0), st.sampled_from([0.1, 0.125, 0.2, 0.3]))
def test_cells_equal_the_plain_definition(seed: int, duration: float, stride: float) -> None:
    plan = plan_of(duration, 1.0, stride)
    values = np.random.default_rng(seed).normal(size=(len(plan), 2))
    edges, mean = cells(plan, values, duration)
    for i, (low, high) in enumerate(pairwise(edges)):
        cover = np.clip(np.minimum(plan.highs, high) - np.maximum(plan.lows, low), 0, None)
        assert mean[i] == pytest.approx(cover @ values / cover.sum())


def test_a_file_cut_short_has_fewer_cells() -> None:
    for stride in (None, 0.25):
        plan = plan_of(10.0, 0.5, stride)
        edges, mean = cells(plan, np.ones((len(plan), 2)), 4.1)
        assert edges[-1] == 4.1
        assert len(mean) == len(edges) - 1


def test_coarse_pass() -> None:
    assert coarse_rows(10, 4).tolist() == [0, 4, 8, 9]
    assert coarse_rows(0, 4).tolist() == []
    rows = np.array([0, 4, 8, 9])
    assert middle_rows(rows, np.array([0.25, 0.2, 0.0]), 0.25).tolist() == [6]
    assert middle_rows(rows, np.array([0.24, 0.2, 0.0]), 0.25).tolist() == [2, 6]
    filled = interpolate(np.array([0, 4]), np.array([[0.0, 1.0], [4.0, 1.0]]), 5)
    assert filled.tolist() == [[0, 1], [1, 1], [2, 1], [3, 1], [4, 1]]


def test_agreement_of_neighbours() -> None:
    rows = np.array([[0.9, 0.1], [0.5, 0.5], [0.1, 0.9], [0.2, 0.8]])
    assert agreement(rows, Activation.SOFTMAX) == pytest.approx([0.45, 0.45, 0.72])
    # Classes by themselves: off in both is the same too, and the class that changes decides.
    assert agreement(rows, Activation.SIGMOID) == pytest.approx([0.45, 0.45, 0.72])
    assert agreement(np.array([[0.1, 0.9], [0.1, 0.2]]), Activation.SIGMOID) == pytest.approx([0.18])
    assert agreement(np.zeros((3, 0)), Activation.SIGMOID).tolist() == [1, 1]
    assert agreement(rows[:1], Activation.SOFTMAX).shape == (0,)
