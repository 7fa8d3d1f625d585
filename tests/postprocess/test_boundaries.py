from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bineego.postprocess.boundaries import base_log_odds


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
