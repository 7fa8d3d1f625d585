from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bineego.words import clock, duration, listed, many, printable, size


def test_counts_have_the_right_number() -> None:
    assert [many(n, "video") for n in (0, 1, 2, 1200)] == ["0 videos", "1 video", "2 videos", "1,200 videos"]


def test_lists_name_the_first_few() -> None:
    assert listed(["a"], "video") == "1 video (a)"
    assert listed("abc", "video") == "3 videos (a, b, c)"
    assert listed("abcd", "video") == "4 videos (a, b, c, ...)"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (89, "89 s"), (90, "2 min"), (5399, "90 min"), (5400, "1.5 h")]
)
def test_lengths_of_time(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(("n_bytes", "text"), [(7, "7 bytes"), (12_000, "12 kB"), (3e6, "3 MB"), (1.5e9, "1.5 GB")])
def test_sizes(n_bytes: float, text: str) -> None:
    assert size(n_bytes) == text


@given(st.text())
def test_nothing_printable_is_a_control(text: str) -> None:
    shown = printable(text)
    assert not any((ord(letter) < 32 and letter not in "\t\n") or 127 <= ord(letter) < 160 for letter in shown)
    if text.isprintable() and len(text) < 20:
        assert shown == text


def test_times_are_those_of_a_player() -> None:
    assert [clock(s) for s in (0, 7.254, 59.999, 3599.5, 3723)] == [
        "0:00.00", "0:07.25", "1:00.00", "59:59.50", "1:02:03.00",
    ]  # fmt: skip
