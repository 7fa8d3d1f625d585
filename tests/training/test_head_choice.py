"""Which head a call trains: by its options, else by the data."""

from __future__ import annotations

import pytest

from bineego.config import build, options
from bineego.errors import UsageError
from bineego.heads.options import TemporalPart
from bineego.training.head_choice import OF_BOTH, OF_TEMPORAL, asked_head, check_trunk, default_head
from bineego.training.options import RunOptions, TrainCall, train_call
from bineego.training.recipe import Head, Recipe
from bineego.training.temporal.choice import FeatureChoice


def asked(**flags: object) -> Head | None:
    return asked_head(build(TrainCall, flags))


@pytest.mark.parametrize(
    "flags",
    [
        {},
        {"dataset": "d", "name": "n", "seed": 3, "epochs": 5, "labels": "several", "group_by": "performer"},
        {"device": "cpu", "jobs": 2, "overwrite": True, "task": "tal", "split": "inner", "val_share": 0.3},
    ],
)
def test_options_of_both_heads_leave_it_open(flags: dict[str, object]) -> None:
    assert asked(**flags) is None


@pytest.mark.parametrize(
    "flags",
    [
        {"interval": 0.5}, {"frames": 8}, {"clip_duration": 1.0}, {"recipe": "multi-32x8d-t0.5"}, {"init": "random"},
        {"trunk": "resnet18"}, {"size": 64}, {"batch_size": 4}, {"lr": 0.1}, {"jitter": False}, {"head": "interval"},
        {"head": "interval", "trunk": "resnet50"},
    ],
)  # fmt: skip
def test_an_option_of_the_interval_head_selects_it_even_with_its_default(flags: dict[str, object]) -> None:
    assert asked(**flags) is Head.INTERVAL


@pytest.mark.parametrize(
    "flags",
    [
        {"head": "temporal"},
        {"kinds": "motion"},
        {"features": "f"},
        {"members": 1},
        {"noise": 0.1},
        {"head": "temporal", "trunk": "resnet18"},
    ],
)  # fmt: skip
def test_an_option_of_the_temporal_head_selects_it(flags: dict[str, object]) -> None:
    assert asked(**flags) is Head.TEMPORAL


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (
            {"head": "temporal", "interval": 0.5},
            r"--head \(temporal head\) cannot be combined with --interval \(interval head\)",
        ),
        (
            {"head": "interval", "kinds": "motion"},
            r"--head \(interval head\) cannot be combined with --kinds \(temporal head\)",
        ),
        (
            {"kinds": "motion", "frames": 4},
            r"--frames \(interval head\) cannot be combined with --kinds \(temporal head\)",
        ),
        (
            {"kinds": "motion", "trunk": "resnet18"},
            r"--trunk \(interval head\) cannot be combined with --kinds \(temporal head\)",
        ),
        (
            {"head": "temporal", "recipe": "multi-32x8d-t0.5"},
            r"--head \(temporal head\) cannot be combined with --recipe",
        ),
    ],
)
def test_options_of_both_are_refused(flags: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        asked(**flags)


def test_every_option_of_train_says_where_or_belongs_to_both_heads_or_to_one() -> None:
    where = {*options(RunOptions), "dataset", "name", "recipe", "head"}
    interval = set(options(Recipe)) - OF_BOTH
    parts = [where, set(OF_BOTH), set(OF_TEMPORAL), interval]
    assert set.union(*parts) == set(options(TrainCall))
    assert sum(map(len, parts)) == len(options(TrainCall))


def test_a_run_of_either_head_writes_down_all_that_it_learnt_by() -> None:
    temporal = FeatureChoice(kinds=("motion",)).learnt(Recipe(), TemporalPart())
    assert set(temporal) == OF_BOTH - {"group_by", "fold"} | (OF_TEMPORAL - {"features"}) | {"head", "trunk"}


def test_a_recipe_from_python_is_of_the_interval_head() -> None:
    assert asked_head(train_call({}, Recipe(), None)) is Head.INTERVAL
    assert asked_head(train_call({"seed": 1}, None, None)) is None


@pytest.mark.parametrize(
    ("seconds", "head", "words"),
    [(2460.0, Head.TEMPORAL, "head: temporal, for 41 min of labelled video; --head interval trains the report's TSM"),
     (3599.0, Head.TEMPORAL, "head: temporal"),
     (3600.0, Head.INTERVAL, "head: interval"),
     (72000.0, Head.INTERVAL, "head: interval, for 20.0 h of labelled video; --head temporal")],
)  # fmt: skip
def test_without_options_the_hours_decide_and_one_line_says_so(seconds, head, words, notes) -> None:
    assert default_head(lambda: seconds) is head
    assert words in notes.text


def test_a_run_as_trunk_is_for_the_temporal_head() -> None:
    check_trunk("resnet18")
    with pytest.raises(UsageError, match="only the temporal head can use"):
        check_trunk("runs/first")


def test_an_unknown_trunk_is_named() -> None:
    with pytest.raises(UsageError, match=r"trunk: must be one of .*, or a trained run, not 'resnet19' .*resnet18"):
        asked(trunk="resnet19")
