from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import tomli_w

from bineego import config
from bineego.config import build
from bineego.errors import InputMissing, UsageError
from bineego.toml import to_toml
from bineego.training.optimisation import Optimizer, Schedule, default_lr
from bineego.training.optimiser import lr_factor
from bineego.training.options import RunOptions, TrainCall, shipped_recipes
from bineego.training.recipe import Recipe, Task, parse_fold
from bineego.tsm.config import Trunk


def read_call(flags: dict[str, object]) -> TrainCall:
    return config.call(TrainCall, "train", flags)


def test_every_recipe_survives_toml() -> None:
    recipe = Recipe(trunk="resnet18", keep_direction=("left",), clip_duration=1.5, fold="2/5", task="scene")
    assert build(Recipe, to_toml(recipe)) == recipe
    assert recipe.trunk is Trunk.RESNET18
    assert recipe.task is Task.SCENE


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("epochs", 0), ("interval", 0), ("interval", math.nan), ("lr", -1.0), ("dropout", 1.0), ("class_balance", 2),
        ("val_share", 1), ("freeze", 6), ("fold", "6/5"), ("fold", "x"), ("trunk", "resnet19"), ("batch_size", 0),
        ("accumulate", 64), ("scene_weight", math.inf), ("seed", -1),
    ],
)  # fmt: skip
def test_values_out_of_range_are_refused(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"^{field}: must be ") as found:
        Recipe(**{field: value})
    with pytest.raises(UsageError, match=f"^{field}: must be "):
        build(Recipe, {field: value})
    assert "Recipe" not in str(found.value)


def test_unknown_keys_name_the_nearest() -> None:
    with pytest.raises(TypeError, match="did you mean 'epochs'"):
        build(Recipe, {"epoch": 3})


def test_rates() -> None:
    assert default_lr(Optimizer.SGD, pretrained=True) == 0.001
    assert default_lr(Optimizer.SGD, pretrained=False) == 0.02
    assert Recipe(lr=0.02, batch_size=64).effective_lr == 0.04
    with pytest.raises(ValueError, match="not resolved"):
        _ = Recipe().effective_lr


def test_step_schedule_falls_at_40_and_80_percent() -> None:
    factors = [lr_factor(step, 100, Schedule.STEP) for step in range(100)]
    assert factors[39] == 1
    assert factors[40] == pytest.approx(0.1)
    assert factors[79] == pytest.approx(0.1)
    assert factors[80] == pytest.approx(0.01)


@pytest.mark.parametrize("schedule", list(Schedule))
def test_warm_up_rises_then_only_falls(schedule: Schedule) -> None:
    factors = [lr_factor(step, 100, schedule, warmup=10) for step in range(100)]
    assert all(0 < f <= 1 for f in factors)
    assert factors[0] == pytest.approx(1 / 11)
    assert all(a < b for a, b in pairwise(factors[:11]))
    assert all(a >= b for a, b in pairwise(factors[10:]))


def test_fold() -> None:
    assert parse_fold("2/5") == (2, 5)


def test_shipped_recipes_are_the_rows_of_the_report() -> None:
    found = shipped_recipes()
    assert len(found) == 12
    for name in found:
        call = read_call({"dataset": "d", "recipe": name})
        task, trunk, t = name.split("-")
        assert build(Recipe, call).interval == float(t[1:])
        assert call.trunk == f"resnext101_{trunk}"
        assert call.task == {"single": "tal", "multi": "multi"}[task]


def test_flags_win_over_the_file_over_the_recipe(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text('epochs = 5\nseed = 7\ntrunk = "resnet34"\n')
    table = {"dataset": "data", "recipe": "mine.toml", "epochs": 6, "batch-size": 4}
    (tmp_path / "bineego.toml").write_text(tomli_w.dumps({"train": table}))
    call = read_call({"seed": 8, "epochs": None})
    assert (call.dataset, call.epochs, call.seed, call.batch_size, call.trunk) == ("data", 6, 8, 4, "resnet34")
    assert build(Recipe, call) == replace(Recipe(), epochs=6, seed=8, batch_size=4, trunk="resnet34")
    assert build(RunOptions, call) == RunOptions()
    assert isinstance(call, TrainCall)


def test_what_is_missing_is_said(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputMissing, match="did you mean 'multi-64x4d"):
        read_call({"dataset": "d", "recipe": "multi-64x4d-t05"})
    with pytest.raises(UsageError, match="epochs: must be 1 or more, not 0"):
        read_call({"dataset": "d", "epochs": 0})
    with pytest.raises(UsageError, match="name of the run"):
        read_call({"dataset": "d", "resume": True})


def test_a_resumed_run_learns_as_it_began_and_computes_where_the_file_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bineego.toml").write_text('[train]\nruns = "elsewhere"\nepochs = 9\ndevices = 2\ndataset = "d"\n')
    # Interrupted before it wrote anything: as at the beginning.
    call = read_call({"name": "a", "resume": True})
    assert (call.epochs, call.dataset) == (9, "d")
    folder = tmp_path / "elsewhere" / "a"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('[train]\ndataset = "first"\nname = "a"\nepochs = 3\n')
    call = read_call({"name": "a", "resume": True})
    assert (call.epochs, call.dataset, call.devices, call.runs) == (3, "first", 2, Path("elsewhere"))
    assert read_call({"name": "a", "resume": True, "devices": 1}).devices == 1
