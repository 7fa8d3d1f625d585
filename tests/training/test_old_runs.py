"""Runs and recipes of version 0.1 are still read. Their weights are zeros, so that they pack into a few kilobytes."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import pytest

import bineego
from bineego import config, toml
from bineego.runs import RunFolder
from bineego.training import checkpoint
from bineego.training.options import TrainCall, recipe_source
from bineego.training.recipe import Recipe

DATA = Path(__file__).parent / "data"


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The two runs, unpacked under ./runs."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "runs"
    shutil.copytree(DATA / "runs-0.1", folder)
    for packed in folder.rglob("*.gz"):
        packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
        packed.unlink()
    return folder


@pytest.mark.parametrize(("name", "frames", "kept"), [("first", 2, ("left", "right")), ("second", 3, ("left",))])
def test_a_run_goes_on_under_its_own_recipe(
    runs: Path, name: str, frames: int, kept: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="bineego")
    call = config.call(TrainCall, "train", {"name": name, "resume": True})
    assert (call.frames, call.keep_direction, call.crop) == (frames, kept, True)
    assert "'n_frames' is now called 'frames'" in caplog.text
    state = checkpoint.load(RunFolder(runs / name).last)
    recipe = toml.to_toml(config.build(Recipe, call))
    assert {key for key in recipe if state.resolved.get(key, recipe[key]) != recipe[key]} == set()
    assert set(state.recipe) == set(toml.to_toml(Recipe(**state.recipe)))


@pytest.mark.parametrize("name", ["first", "second"])
def test_its_model_loads_and_localizes(runs: Path, name: str, tmp_path: Path) -> None:
    from training.squares import write_video

    model = bineego.load_model(runs / name / "model.safetensors")
    assert model.card.name == name
    write_video(tmp_path / "v.mp4", 1)
    found = bineego.localize(tmp_path / "v.mp4", model=name, device="cpu")
    assert set(found.scenes) == {"v"}


def test_recipes_are_read(runs: Path) -> None:
    made = config.build(Recipe, recipe_source(str(DATA / "recipe-0.1.toml")))
    assert (made.frames, made.keep_direction, made.crop, made.labels) == (3, ("left",), True, "several")
    # A run's config.toml is a recipe too; where it took place is left out.
    made = config.build(Recipe, recipe_source(str(runs / "first" / "config.toml")))
    assert (made.frames, made.crop) == (2, True)


def test_the_table_of_bineego_toml_may_have_old_names(runs: Path, caplog: pytest.LogCaptureFixture) -> None:
    Path("bineego.toml").write_text("[train]\nn_frames = 4\nno_flip = ['left']\nmulti-scale-crop = true\n")
    call = config.call(TrainCall, "train", {})
    assert (call.frames, call.keep_direction, call.crop) == (4, ("left",), True)
