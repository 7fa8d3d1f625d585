"""One score has one name: the figure on the card is what `evaluate` and, but for JPEG, `localize` come to."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bineego.evaluation import evaluate
from bineego.formats.csv import read_predictions
from bineego.inference import ClipScorer, LocalizeOptions, localize
from bineego.postprocess import calibration
from bineego.postprocess import fit as decoder_fit
from bineego.training import Recipe, RunOptions, RunResult, train
from bineego.tsm import load_model
from bineego.tsm.inference_network import compile_for_inference
from bineego.video.cache import FrameCache

PROBABILITY = 0.1
"""What JPEG may change in the probability of a class, at most; 0.03 as measured, after a temperature of 0.3."""

SECONDS = 0.1
"""What that may move a boundary by; t is 0.5 s."""


@pytest.fixture
def run(
    make_dataset: Callable[..., Path],
    recipe: Recipe,
    options: RunOptions,
    monkeypatch: pytest.MonkeyPatch,
    notes: pytest.LogCaptureFixture,
) -> tuple[Path, RunResult]:
    """A data set, and a run on it that learns something and at whose end everything is fitted."""
    for module in (calibration, decoder_fit):
        monkeypatch.setattr(module, "MIN_INTERVALS", 8)
    data = make_dataset(8)
    quick = replace(
        recipe, trunk="resnet18", size=32, epochs=6, lr=0.02, base_batch=8, jitter=False, flip=False, dropout=0.0
    )
    return data, train(data, name="a", recipe=quick, options=options)


def test_the_figure_is_the_same_wherever_it_stands(
    run: tuple[Path, RunResult], notes: pytest.LogCaptureFixture, options: RunOptions, tmp_path: Path
) -> None:
    data, result = run
    model = load_model(result.folder)
    card, figure = model.card, result.figures["mAP"]
    assert figure > 0
    assert card.temperature != 1.0
    assert card.metrics["mAP"] == figure
    found = evaluate(result.folder / "val" / "ground_truth.csv", result.folder / "val" / "predictions.csv")
    assert found.final == pytest.approx(figure, abs=1e-9)
    assert list(found.mAP) == pytest.approx([card.metrics[f"mAP@{tiou:g}"] for tiou in found.tiou], abs=1e-9)
    assert json.loads((result.folder / "val" / "figures.json").read_text())["mAP"] == figure
    assert f"mAP {figure:.4f}" in notes.get_records("setup")[-1].getMessage()
    with (result.folder / "log.csv").open() as file:
        row = list(csv.DictReader(file))[result.best_epoch - 1]
    assert {"mAP", "final"}.isdisjoint(row)
    assert 0 <= float(row["mAP_unfitted"]) <= 1

    # Fresh decoding differs by what JPEG does to the frames of the cache, and by nothing else.
    network = compile_for_inference(model)
    scorer, cache = ClipScorer(network, model.card), FrameCache(options.cache, model.card.frames)
    held = json.loads((result.folder / "split.json").read_text())["val"]
    videos = [next(data.rglob(f"{name}.mp4")) for name in held]
    for video in videos:
        live, cached = (
            scorer.score(source, video.stem).probabilities() for source in (video, cache.open(video.stem, video))
        )
        assert live.shape == cached.shape
        assert np.abs(live - cached).max() < PROBABILITY
    localize(videos, model=model, output=tmp_path, options=LocalizeOptions())
    fresh, kept = (
        read_predictions(path).sort_values(["video_id", "start"], ignore_index=True)
        for path in (tmp_path / "predictions.csv", result.folder / "val" / "predictions.csv")
    )
    assert fresh[["video_id", "label"]].equals(kept[["video_id", "label"]])
    for column, bound in (("start", SECONDS), ("end", SECONDS), ("score", PROBABILITY)):
        assert np.abs(fresh[column] - kept[column]).max() < bound, column
    score = evaluate(result.folder / "val" / "ground_truth.csv", tmp_path / "predictions.csv")
    assert score.mAP[0] == pytest.approx(found.mAP[0], abs=0.01)
