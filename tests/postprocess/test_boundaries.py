from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from postprocess.making import make_track

from bineego.postprocess.boundaries import MAX_GAIN, MAX_SHARE, _top, base_log_odds, snap, switch_gains


@given(st.lists(st.floats(-700, 700), min_size=1, max_size=20), st.integers(0, 3))
def test_the_usual_log_odds_are_those_of_the_mean_probability(values: list[float], unknown: int) -> None:
    column = np.array([*values, *[np.nan] * unknown])[:, None]
    base = base_log_odds(column)[0]
    assert min(values) - 1e-6 <= base <= max(values) + 1e-6
    p = (1 / (1 + np.exp(-np.clip(values, -30, 30)))).mean()
    if np.abs(values).max() < 30:
        assert base == pytest.approx(np.log(p / (1 - p)), abs=1e-4)


def test_a_column_that_knows_nothing_has_none() -> None:
    assert base_log_odds(np.array([[np.nan, -3.0], [np.nan, -3.0]])).tolist() == [0.0, pytest.approx(-3.0)]


def test_a_gain_is_bounded_on_both_sides() -> None:
    boundary = np.array([[0.0], [900.0], [-900.0], [0.0]], np.float32)
    gains = switch_gains(make_track([[0.5, 0.3, 0.2]] * 3, boundary=boundary), 2.0)
    assert gains is not None
    assert (gains.min(), gains.max()) == (-2 * MAX_GAIN, pytest.approx(0, abs=2 * MAX_GAIN))
    shy = switch_gains(make_track([[0.5, 0.3, 0.2]] * 3, boundary=np.array([[-900.0], [9.0], [-900.0], [-900.0]])), 1.0)
    assert shy is not None
    assert shy.max() <= MAX_GAIN


def test_a_boundary_moves_within_its_share_of_the_run_before() -> None:
    """The run before is two cells of 0.25 s: its boundary may take 0.245 s of it, less than a cell."""
    edges = np.arange(14) * 0.25
    labels = np.array([0] * 6 + [1] * 2 + [0] * 5)
    log_odds = np.zeros(14)
    log_odds[7] = 5.0
    moved, refined = snap(labels, log_odds, edges)
    assert moved.tolist() == labels.tolist()
    np.testing.assert_array_equal(refined, edges)


@pytest.mark.parametrize(
    ("values", "seconds"),
    [
        ([3.0, 2.0, -1.0], 0.0),
        ([0.0, 1.0, 3.0], 0.0),
        ([0.0, 1.0, 0.0], 0.0),
        ([0.0, 1.0, 1.0], 0.5 * MAX_SHARE),
        ([1.0, 1.0, 0.0], -0.5 * MAX_SHARE),
    ],
)
def test_the_top_of_three_values(values: list[float], seconds: float) -> None:
    """No top where they only fall or rise; else within half a cell of the middle one."""
    assert _top(np.array(values), np.arange(3) * 0.5, 1) == pytest.approx(seconds)
