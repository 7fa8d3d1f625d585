"""The Python verbs take the names of the flags and of the keys of bineego.toml."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from training.squares import make_dataset, tiny  # noqa: F401 - fixtures

import bineego
import bineego.errors
from bineego import config, tracks
from bineego.datasets.options import ExtractOptions
from bineego.ensembling.options import EnsembleCall
from bineego.evaluation import EvaluateOptions
from bineego.inference.options import LocalizeCall, LocalizeOptions
from bineego.training import Recipe, RunOptions
from bineego.training.options import TrainCall, train_call

VERBS: list[tuple[Callable[..., Any], type, tuple[object, ...]]] = [
    (bineego.train, TrainCall, ("nowhere",)),
    (bineego.localize, LocalizeCall, ("nowhere.mp4",)),
    (bineego.ensemble, EnsembleCall, (["a.csv"],)),
    (bineego.evaluate, EvaluateOptions, ("t.csv", "p.csv")),
    (bineego.extract_frames, ExtractOptions, ("nowhere.mp4",)),
]
IDS = [verb.__name__ for verb, _, _ in VERBS]


@pytest.mark.parametrize(("verb", "options", "inputs"), VERBS, ids=IDS)
def test_the_signature_shows_every_option(verb: Callable[..., Any], options: type, inputs: tuple[object, ...]) -> None:
    assert set(config.options(options)) <= set(inspect.signature(verb).parameters)


@pytest.mark.parametrize(("verb", "options", "inputs"), VERBS, ids=IDS)
def test_a_wrong_name_raises_with_the_nearest(
    verb: Callable[..., Any], options: type, inputs: tuple[object, ...]
) -> None:
    name = next(iter(config.options(options)))
    for kind in (TypeError, bineego.errors.UsageError):
        with pytest.raises(kind, match=f"unknown option '{name}x' .did you mean '{name}'"):
            verb(*inputs, **{f"{name}x": 1})


def test_values_are_checked_before_work() -> None:
    for call, words in (
        (lambda: bineego.train("nowhere", frames=0), "frames: must be 1 or more, not 0"),
        (lambda: bineego.localize("nowhere.mp4", threshold=2), "threshold: must be less than 1, not 2"),
        (lambda: bineego.evaluate("t.csv", "p.csv", tiou="x"), "tiou: must be a list like"),
        (lambda: bineego.ensemble(["a.csv"], iou=3), "iou: must be 1 or less, not 3"),
        (lambda: bineego.extract_frames("nowhere.mp4", size=1), "size: must be 16 or more, not 1"),
    ):
        with pytest.raises(bineego.errors.UsageError, match=f"^{words}"):
            call()


def test_localize_takes_keywords_over_an_options_object(tmp_path: Path) -> None:
    probabilities = np.array([[0.8, 0.2], [0.6, 0.4], [0.6, 0.4], [0.8, 0.2]])
    track = tracks.ScoreTrack(
        video_id="v",
        edges=np.arange(5) * 1.0,
        logits=np.log(probabilities).astype(np.float32),
        actions=("jump",),
        t=1.0,
        scene_probs=np.zeros(0),
        scenes=(),
    )
    tracks.save(track, tmp_path / "v.scores.npz")

    def found(**given: Any) -> pd.DataFrame:
        return bineego.localize(tmp_path / "v.scores.npz", **given).predictions

    assert len(found(postprocess="paper")) == 0
    assert len(found(postprocess="paper", threshold=0.3)) == 1
    assert len(found(options=LocalizeOptions(postprocess="paper"), threshold=0.3)) == 1
    assert len(found(method="paper", threshold=0.3)) == 1  # the name of version 0.1


def test_train_takes_names_recipes_and_objects(tiny: Path, tmp_path: Path) -> None:  # noqa: F811
    few = {"init": "random", "size": 16, "epochs": 1, "batch_size": 8, "workers": 0, "jobs": 1, "device": "cpu"}
    place = {"runs": tmp_path / "runs", "cache": tmp_path / "frames"}
    done = bineego.train(tiny, name="a", trunk="mobilenet_v2", frames=2, **few, **place)
    assert done.folder == tmp_path / "runs" / "a"
    assert (done.recipe.frames, done.recipe.trunk) == (2, "mobilenet_v2")
    made = train_call({"frames": 3}, Recipe(frames=2, epochs=5), RunOptions(device="cpu"))
    assert (made.frames, made.epochs, made.device) == (3, 5, "cpu")
    made = train_call({"size": 64}, "multi-64x4d-t0.5", None)
    assert (made.trunk, made.size, made.task) == ("resnext101_64x4d", 64, "multi")


def test_the_version_stands_in_one_place() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+(\.dev\d+)?", bineego.__version__)
