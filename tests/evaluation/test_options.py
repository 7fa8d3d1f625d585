from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bineego.errors import BadOption, UsageError
from bineego.evaluation.options import EvaluateOptions, counts, seconds, thresholds


def test_a_range_includes_its_end_without_drift():
    assert thresholds("0.3:0.7:0.1") == (0.3, 0.4, 0.5, 0.6, 0.7)
    assert thresholds("0.5:0.95:0.05") == (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)


@pytest.mark.parametrize("text", ["0.3:0.6:0.2", "0.3:0.75:0.1", "0.1:0.25:0.7"])
def test_a_range_that_misses_its_end_is_refused(text):
    with pytest.raises(BadOption, match="end on a step"):
        thresholds(text)


@pytest.mark.parametrize(
    ("text", "same"),
    [("0.1:0.1:0.7", "0.1:0.7:0.1"), ("0.5:0.05:0.95", "0.5:0.95:0.05"), ("0.1:0.3:0.7", "0.1,0.4,0.7")],
)
def test_the_step_may_stand_in_the_middle_and_it_is_said(text, same, caplog):
    caplog.set_level(logging.INFO)
    assert thresholds(text) == thresholds(same)
    assert "first:step:last" in caplog.text


@given(st.integers(1, 90), st.integers(1, 9), st.integers(1, 20))
def test_every_value_is_the_decimal_one(first, step, n):
    values = thresholds(f"{first / 1000}:{(first + step * n) / 1000}:{step / 1000}")
    assert values == tuple((first + step * k) / 1000 for k in range(n + 1))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("0.75, 0.5", (0.5, 0.75)),
        ((0.5, 0.5), (0.5,)),
        (0.5, (0.5,)),
        ("1", (1.0,)),
        ("0.1:0.2:0.1,0.5", (0.1, 0.2, 0.5)),
    ],
)
def test_forms(given, expected):
    assert thresholds(given) == expected


@pytest.mark.parametrize(
    "given", ["", "x", "0", "-0.5", "1.5", "nan", "0.5,", "0.7:0.3:0.1", "0.3:0.7:0", "0.3:0.7", "0.1:1:0.0001", ()]
)
def test_refused(given):
    with pytest.raises(UsageError):
        thresholds(given)


def test_counts():
    assert counts("10, 1") == (1, 10)
    assert counts(()) == ()
    for bad in ("0", "-1", "1.5", "x", "1,,2"):
        with pytest.raises(UsageError):
            counts(bad)


def test_seconds():
    assert seconds("1.0,0.25") == (1.0, 0.25)
    for bad in ("0", "-1", "inf", "nan", "x", ""):
        with pytest.raises(UsageError):
            seconds(bad)


@pytest.mark.parametrize("name", ["bootstrap", "seed"])
def test_numbers_below_zero_are_refused(name):
    with pytest.raises(ValueError, match=f"{name}: must be 0 or more, not -1"):
        EvaluateOptions(**{name: -1})
