"""Whole runs on a tiny data set."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from bineego.config import build
from bineego.decoding import default
from bineego.errors import InputInvalid, UsageError
from bineego.evaluation import evaluate
from bineego.postprocess import calibration
from bineego.postprocess.fit import DecoderFit
from bineego.toml import read_toml
from bineego.training import Recipe, RunOptions, finish, interval, train
from bineego.training.recipe import effective
from bineego.tsm import load_model
from bineego.tsm.card_file import card_from_json, card_to_json


def weights(path: Path) -> dict[str, torch.Tensor]:
    return dict(load_model(path).network.state_dict())


def log(folder: Path) -> list[dict[str, str]]:
    with (folder / "log.csv").open() as file:
        return [{k: v for k, v in row.items() if not k.startswith("seconds")} for row in csv.DictReader(file)]


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_a_run_leaves_the_folder_of_the_contract(
    tiny: Path, recipe: Recipe, options: RunOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibration, "MIN_INTERVALS", 8)  # as many as the held-out recording has
    fit = DecoderFit(decoding=default(0.5), figures={"decoding_fit": 0.25})
    monkeypatch.setattr(finish, "fit_decoder", lambda tracks, *_: fit if min(map(len, tracks)) == 32 else None)
    before = {path: path.stat().st_mtime_ns for path in tiny.rglob("*")}
    result = train(tiny, name="a", recipe=recipe, options=options)
    assert {path: path.stat().st_mtime_ns for path in tiny.rglob("*")} == before  # nothing goes into the data set
    folder = options.runs / "a"
    for name in (
        "model.safetensors", "last/state.pt", "last/model.safetensors", "config.toml", "log.csv", "curves.png",
        "split.json", "val/predictions.csv", "val/ground_truth.csv", "val/scenes.csv", "model.card.json",
        "last/model.card.json", "init.json",
    ):  # fmt: skip
        assert (folder / name).stat().st_size > 0, name
    assert not list(folder.rglob("*.tmp"))
    rows = log(folder)
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert {"lr", "loss", "action_loss", "scene_loss", "mAP_unfitted@0.5", "mAP_unfitted", "scene_top1"} <= set(rows[0])
    split = json.loads((folder / "split.json").read_text())
    assert len(split["train"]) == 3
    assert len(split["val"]) == 1
    card = load_model(folder).card
    assert card.labels.actions == ("left", "right")
    assert set(card.labels.scenes) == {"Kitchen", "Campus"}
    assert card.training["lr"] == 0.02
    assert card.data["train_recordings"] == 3
    assert card.priors is not None
    assert card.metrics["epoch"] == result.best_epoch
    assert "ece_after" in card.metrics
    assert card.temperature != 1.0
    assert card.decoding == fit.decoding
    assert card.metrics["decoding_fit"] == 0.25
    assert {"torch", "device", "precision"} <= set(card.environment)
    beside = card_from_json((folder / "model.card.json").read_text())
    assert card_to_json(beside) == card_to_json(card)
    found = evaluate(folder / "val" / "ground_truth.csv", folder / "val" / "predictions.csv")
    assert found.final == pytest.approx(result.figures["mAP"])
    assert found.scene_top1 == result.figures["scene_top1"]


def test_the_same_recipe_gives_the_same_bits(tiny: Path, recipe: Recipe, options: RunOptions) -> None:
    once = replace(recipe, epochs=1)
    names = [
        train(tiny, recipe=replace(once, seed=seed, workers=workers), options=options).folder.name
        for seed, workers in ((0, 0), (0, 2), (1, 0))
    ]
    # Names that are not given are readable and do not clash.
    assert names == [f"{tiny.name}-mobilenet_v2-t0.5{end}" for end in ("", "-2", "-3")]
    first, second, other = (options.runs / name for name in names)
    assert same(weights(first), weights(second))
    assert log(first) == log(second)
    assert not same(weights(first), weights(other))
    # So does the run's own config.toml.
    table = read_toml(first / "config.toml")["train"]
    known = {key: value for key, value in table.items() if key in Recipe.__dataclass_fields__}
    train(table["dataset"], name="again", recipe=build(Recipe, known), options=options)
    assert same(weights(first), weights(options.runs / "again"))


def test_a_name_that_exists_is_an_error(tiny: Path, recipe: Recipe, options: RunOptions) -> None:
    once = replace(recipe, epochs=1)
    train(tiny, name="a", recipe=once, options=options)
    with pytest.raises(UsageError, match="exists"):
        train(tiny, name="a", recipe=once, options=options)
    with pytest.raises(UsageError, match="seed was 0"):
        train(tiny, name="a", recipe=replace(once, seed=1), options=replace(options, resume=True))
    with pytest.raises(UsageError, match="no run 'b'"):
        train(tiny, name="b", recipe=once, options=replace(options, resume=True))
    (options.runs / "a" / "stray.txt").write_text("of the first run")
    train(tiny, name="a", recipe=once, options=replace(options, overwrite=True))
    assert not (options.runs / "a" / "stray.txt").exists()


def test_a_run_killed_before_its_first_file_begins_anew(
    tiny: Path, recipe: Recipe, options: RunOptions, notes: pytest.LogCaptureFixture
) -> None:
    for name, how in {"resumed": {"resume": True}, "replaced": {"overwrite": True}, "again": {}}.items():
        folder = options.runs / name
        folder.mkdir(parents=True)
        (folder / ".config.toml.x.tmp").write_text("half of")
        train(tiny, name=name, recipe=replace(recipe, epochs=1), options=replace(options, **how))
        assert (folder / "model.safetensors").exists()
    assert "interrupted before its first checkpoint" in notes.text


def test_what_is_no_run_is_left_alone(
    tiny: Path, recipe: Recipe, options: RunOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interval, "gather", None)  # it is said before any work
    notes = options.runs / "notes"
    notes.mkdir(parents=True)
    (notes / "mine.txt").write_text("mine")
    for how in ({}, {"resume": True}, {"overwrite": True}):
        with pytest.raises(UsageError, match="not a run"):
            train(tiny, name="notes", recipe=recipe, options=replace(options, **how))
    assert [path.name for path in notes.iterdir()] == ["mine.txt"]


def test_a_finished_run_without_its_state_is_not_trained_anew(tiny: Path, recipe: Recipe, options: RunOptions) -> None:
    train(tiny, name="a", recipe=replace(recipe, epochs=1), options=options)
    before = (options.runs / "a" / "model.safetensors").read_bytes()
    (options.runs / "a" / "last" / "state.pt").unlink()
    with pytest.raises(UsageError, match="is missing"):
        train(tiny, name="a", recipe=replace(recipe, epochs=1), options=replace(options, resume=True))
    assert (options.runs / "a" / "model.safetensors").read_bytes() == before


def test_without_a_split_the_scores_are_warned_about(
    tiny: Path, recipe: Recipe, options: RunOptions, notes: pytest.LogCaptureFixture
) -> None:
    train(tiny, name="a", recipe=replace(recipe, epochs=1, split="none", task="scene"), options=options)
    assert "say nothing about unseen ones" in notes.text
    card = load_model(options.runs / "a").card
    assert card.network.n_classes == 0
    assert card.temperature == 1.0
    assert card.labels.actions == ()
    assert json.loads((options.runs / "a" / "split.json").read_text())["val"] == []


@pytest.mark.parametrize("labels", ["single", "several"])
def test_recordings_without_annotations_teach_scenes_only(
    make_dataset: Callable[..., Path], recipe: Recipe, options: RunOptions, labels: str
) -> None:
    folder = make_dataset(5, unannotated=2)
    result = train(folder, name="a", recipe=replace(recipe, labels=labels, ema=0.9, epochs=1), options=options)
    assert np.isfinite(result.figures["mAP"])
    card = load_model(options.runs / "a").card
    assert card.activation == {"single": "softmax", "several": "sigmoid"}[labels]


def test_too_little_held_out_gives_no_temperature(
    tiny: Path, recipe: Recipe, options: RunOptions, notes: pytest.LogCaptureFixture
) -> None:
    train(tiny, name="a", recipe=replace(recipe, epochs=1), options=options)
    assert "temperature not fitted: 8 held-out intervals" in notes.text
    assert load_model(options.runs / "a").card.temperature == 1.0


def test_weights_that_came_in_are_on_record(
    tiny: Path, recipe: Recipe, options: RunOptions, notes: pytest.LogCaptureFixture
) -> None:
    first = train(tiny, name="first", recipe=replace(recipe, epochs=1, task="tal"), options=options)
    held = hashlib.sha256(first.model.read_bytes()).hexdigest()
    train(tiny, name="next", recipe=replace(recipe, epochs=1, init=str(first.folder)), options=options)
    report = json.loads((options.runs / "next" / "init.json").read_text())
    assert report["kind"] == "file"
    assert report["sha256"] == held
    # The actions are the same, so their head comes along; a scene head there was not.
    assert {"trunk.features.0.0.weight", "action_head.weight"} <= set(report["loaded"])
    assert (report["skipped"], report["reshaped"]) == ([], [])
    assert "tensors loaded" in notes.text
    origin = read_toml(options.runs / "next" / "config.toml")["run"]
    assert origin["init_sha256"] == held
    assert origin["effective_lr"] == pytest.approx(0.001 * 8 / 32)  # that of trained weights, for this batch
    assert load_model(options.runs / "next").card.training["origin"] == origin
    assert json.loads((first.folder / "init.json").read_text())["kind"] == "random"


def test_the_recipe_in_use_is_told() -> None:
    plain = effective(Recipe(lr=0.02, head_lr=1.0))
    assert "sgd lr 0.02, heads x1, step schedule; momentum 0.9; weight decay 0.0001" in plain
    told = effective(
        Recipe(
            lr=0.01, head_lr=5.0, batch_size=64, optimizer="adamw", schedule="cosine", warmup=1.5, ema=0.999,
            batch_norm="partial", freeze=2, label_smoothing=0.1, patience=3, class_balance=0.5, crop=True,
        )
    )  # fmt: skip
    assert "adamw lr 0.02 (= 0.01 x 64/32), heads x5, cosine schedule" in told
    for words in (
        "warm-up of 1.5 epochs", "averaged weights (0.999)", "label smoothing 0.1", "class balance 0.5", "random crops",
        "batch norm partial", "freeze 2", "patience 3",
    ):  # fmt: skip
        assert words in told
        assert words not in plain


def test_it_stops_when_validation_gains_nothing(tiny: Path, recipe: Recipe, options: RunOptions) -> None:
    # With nothing to learn by (everything frozen but the heads, at no rate), no epoch is better than the first.
    still = replace(
        recipe, epochs=9, patience=2, lr=1e-30, freeze=5, batch_norm="frozen", dropout=0.0, weight_decay=0.0
    )
    result = train(tiny, name="a", recipe=still, options=options)
    assert len(log(options.runs / "a")) == 3
    assert result.best_epoch == 1
    # A run that has stopped has nothing left to do.
    train(tiny, name="a", recipe=still, options=replace(options, resume=True))
    assert len(log(options.runs / "a")) == 3


def test_a_training_that_diverges_says_so(tiny: Path, recipe: Recipe, options: RunOptions) -> None:
    with pytest.raises(InputInvalid, match=r"not a number|diverged"):
        train(tiny, name="a", recipe=replace(recipe, lr=1e30, clip_grad=0, epochs=4), options=options)
    assert not (options.runs / "a" / "last" / "state.pt").exists() or torch.load(
        options.runs / "a" / "last" / "state.pt", weights_only=True
    )


def test_a_lone_recording_is_cut_in_time(make_dataset, recipe: Recipe, options: RunOptions, notes) -> None:
    result = train(make_dataset(1), name="alone", recipe=recipe, options=options)
    assert "its first 2.0 s are trained on, the remaining 2.0 s are held out" in notes.text
    truth = (result.folder / "val" / "ground_truth.csv").read_text().splitlines()
    assert truth[1].startswith("r0,right,2.0,3.5")
    rows = (result.folder / "val" / "predictions.csv").read_text().splitlines()[1:]
    assert all(float(row.split(",")[2]) >= 2.0 for row in rows)
    assert load_model(result.model).card.data["train_seconds"] == 2.0
