"""A run that was stopped and resumed is, bit for bit, the run that was not."""

from __future__ import annotations

import csv
import json
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import IO

import pytest
import torch

from bineego.config import options as options_of
from bineego.errors import InputInvalid, ModelError, UsageError
from bineego.heads.options import TemporalPart
from bineego.runs import RunFolder
from bineego.training import Recipe, RunOptions, checkpoint, train
from bineego.training.checkpoint import RunState
from bineego.training.resume import saved_state
from bineego.training.temporal.choice import FeatureChoice
from bineego.tsm import load_model


class Stopped(BaseException):
    """Nothing in the program catches it: as if the power had gone."""


def stop_at(step: int):
    def on_progress(done: float, total: float) -> None:
        if done == step:
            raise Stopped

    return on_progress


def log(folder: Path) -> list[dict[str, str]]:
    with (folder / "log.csv").open() as file:
        return [{k: v for k, v in row.items() if not k.startswith("seconds")} for row in csv.DictReader(file)]


def assert_same(a: Path, b: Path) -> None:
    assert log(a) == log(b)
    for name in ("model.safetensors", "last/model.safetensors"):
        one, two = (load_model(folder / name) for folder in (a, b))
        for (key, x), y in zip(one.network.state_dict().items(), two.network.state_dict().values(), strict=True):
            assert torch.equal(x, y), (name, key)
        assert one.card.temperature == two.card.temperature
    states = [checkpoint.load(folder / "last") for folder in (a, b)]
    assert states[0].best == states[1].best
    assert states[0].best_epoch == states[1].best_epoch
    for name in ("predictions.csv", "ground_truth.csv"):
        assert (a / "val" / name).read_text() == (b / "val" / name).read_text()


def test_resume_is_exact(tiny: Path, recipe: Recipe, options: RunOptions) -> None:
    every_step = replace(
        recipe, save_minutes=1e-9, ema=0.9, accumulate=2, optimizer="adamw", class_balance=0.5, schedule="cosine"
    )
    train(tiny, name="whole", recipe=every_step, options=options)
    resume = replace(options, resume=True)
    with pytest.raises(Stopped):
        train(tiny, name="parts", recipe=every_step, options=options, on_progress=stop_at(3))
    assert checkpoint.load(options.runs / "parts" / "last").step == 2
    with pytest.raises(Stopped):
        train(tiny, name="parts", recipe=every_step, options=resume, on_progress=stop_at(4))
    train(tiny, name="parts", recipe=every_step, options=resume)
    assert_same(options.runs / "whole", options.runs / "parts")


def test_a_signal_saves_at_the_end_of_the_step(tiny: Path, recipe: Recipe, options: RunOptions) -> None:
    def interrupt(done: float, total: float) -> None:
        if done == 2:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(tiny, name="a", recipe=recipe, options=options, on_progress=interrupt)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    saved = checkpoint.load(options.runs / "a" / "last")
    assert (saved.epoch, saved.step) == (0, 2)


def test_resuming_needs_the_same_data(
    tiny: Path, make_dataset, recipe: Recipe, options: RunOptions
) -> None:  # a recording more
    once = replace(recipe, epochs=1, task="scene")
    train(tiny, name="a", recipe=once, options=options)
    with pytest.raises(InputInvalid, match="has changed since this run began"):
        train(make_dataset(5), name="a", recipe=once, options=replace(options, resume=True))


def test_resuming_needs_the_same_truth(make_dataset, recipe: Recipe, options: RunOptions) -> None:
    """A label of a held-out recording that moves by less than an interval is another measure."""
    data = make_dataset(4)
    once = replace(recipe, epochs=1)
    train(data, name="a", recipe=once, options=options)
    held = json.loads((options.runs / "a" / "split.json").read_text())["val"][0]
    path = data / "TAL_annotations" / f"{held}.json"
    content = json.loads(path.read_text())
    next(iter(content["metadata"].values()))["duration"][1] += 0.01
    path.write_text(json.dumps(content))
    with pytest.raises(InputInvalid, match="has changed since this run began"):
        train(data, name="a", recipe=once, options=replace(options, resume=True))


def some_state() -> RunState:
    return RunState(recipe={}, resolved={}, data="x", network={"w": torch.ones(2)}, optimiser={})


def test_a_save_that_breaks_off_leaves_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = some_state()
    checkpoint.save(state, tmp_path)

    def half(content: object, stream: IO[bytes]) -> None:
        stream.write(b"PK\x03\x04")
        stream.flush()
        raise Stopped

    monkeypatch.setattr(torch, "save", half)
    state.step = 7
    with pytest.raises(Stopped):
        checkpoint.save(state, tmp_path)
    assert checkpoint.load(tmp_path).step == 0


def test_a_damaged_state_is_refused(tmp_path: Path) -> None:
    checkpoint.save(some_state(), tmp_path)
    path = tmp_path / checkpoint.NAME
    content = path.read_bytes()
    for damaged in (b"", content[: len(content) // 2], b"not a checkpoint"):
        path.write_bytes(damaged)
        with pytest.raises(ModelError, match="cannot be read"):
            checkpoint.load(tmp_path)
    torch.save({"format": 99}, path)
    with pytest.raises(ModelError, match="of this version"):
        checkpoint.load(tmp_path)


def test_code_in_a_state_is_never_run(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    torch.save({"format": 1, "recipe": Evil()}, tmp_path / checkpoint.NAME)
    with pytest.raises(ModelError):
        checkpoint.load(tmp_path)
    assert not (tmp_path / "ran").exists()


def test_a_run_from_before_an_option_existed_goes_on_with_its_default(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "runs" / "old")
    began = FeatureChoice().learnt(Recipe(), TemporalPart())
    older = {name: value for name, value in began.items() if name not in options_of(TemporalPart)}
    checkpoint.save(RunState(recipe=older, resolved=older, network={}, optimiser={}, origin={}), folder.last)
    resume = RunOptions(resume=True)
    assert saved_state(folder, began, resume) is not None
    with pytest.raises(UsageError, match=r"members was 5 when this run began, but is now 3.*") as refused:
        saved_state(folder, FeatureChoice().learnt(Recipe(), TemporalPart(members=3)), resume)
    assert str(refused.value.remedy).endswith("or train anew with --name old2")
    checkpoint.save(RunState(recipe={"epochs": 3}, resolved={}, network={}, optimiser={}, origin={}), folder.last)
    with pytest.raises(UsageError, match="epochs was 3 when this run began, but is now 2") as refused:
        saved_state(folder, {"epochs": 2}, resume)
    assert str(refused.value.remedy).endswith(f"--init {folder.path} --name old2")
