"""How benchmarks take time: sides in turn, in this process or in one of their own."""

from __future__ import annotations

import os
import sys
import time
from functools import partial

import pytest

from benchmarks import common


def test_sides_take_turns_after_rounds_that_do_not_count() -> None:
    asked: list[str] = []

    def side(name: str) -> float:
        asked.append(name)
        return float(len(asked))

    found = common.in_turn({name: partial(side, name) for name in "ab"}, 2, warm_up=1)
    assert asked == ["a", "b"] * 3
    assert found == {"a": [3.0, 5.0], "b": [4.0, 6.0]}


def test_a_ratio_is_of_the_same_round() -> None:
    assert common.ratio([2.0, 8.0, 3.0], [1.0, 2.0, 1.0]) == (3.0, 2.0, 4.0)


def runs(seconds: float) -> common.Runs:
    return {"wait": lambda: time.sleep(seconds)}


def test_a_side_runs_in_a_process_of_its_own() -> None:
    with common.own_process(runs, 0.05) as own:
        there = common.apart(os.getpid, own=own)
        assert there != os.getpid()
        assert common.apart(os.getpid, own=own) == there != common.apart(os.getpid)
        assert common.elsewhere(own, "wait")() >= 0.05


def test_usage_is_that_of_the_command() -> None:
    used = common.usage_of([sys.executable, "-c", "sum(range(10**6)); held = bytes(50 << 20)"])
    assert used.cpu > 0
    assert used.peak > 50


def test_a_command_that_fails_is_named() -> None:
    with pytest.raises(SystemExit, match="raise SystemExit"):
        common.usage_of([sys.executable, "-c", "raise SystemExit(3)"])
