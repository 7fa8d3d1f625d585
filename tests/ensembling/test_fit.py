"""Choosing how to fuse by validation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bineego import ensembling, segments
from bineego.ensembling import EnsembleOptions, Method, Missing
from bineego.ensembling import fit as fitting
from bineego.ensembling.choices import choices, weight_sets
from bineego.ensembling.options import read_settings
from bineego.errors import InputInvalid, UsageError
from bineego.evaluation import evaluate


def scene(n_videos: int, seed: int, errors: list[float], false: list[int]) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """Ground truth, and models with boundary errors and false positives of the given size and number."""
    draw = np.random.default_rng(seed)
    start = np.sort(draw.uniform(0, 200, (n_videos, 5)))
    length = draw.uniform(3, 12, (n_videos, 5))
    videos, labels = np.repeat([f"v{i}" for i in range(n_videos)], 5), np.tile(list("aabbc"), n_videos)
    truth = segments.make(videos, labels, start.ravel(), (start + length).ravel())
    models = []
    for error, n_false in zip(errors, false, strict=True):
        low = start.ravel() + draw.normal(0, error, start.size)
        high = (start + length).ravel() + draw.normal(0, error, start.size)
        right = segments.make(videos, labels, low, np.maximum(high, low + 0.1), draw.uniform(0.4, 1, start.size))
        where = draw.uniform(0, 200, n_false)
        wrong = segments.make(
            draw.choice(videos, n_false),
            draw.choice(list("abc"), n_false),
            where,
            where + 5,
            draw.uniform(0.3, 1, n_false),
        )
        models.append(segments.concat([right, wrong], scored=True))
    return truth, models


def test_weight_sets_are_small_different_and_start_equal() -> None:
    for n in (2, 3, 5):
        sets = weight_sets(n)
        assert sets[0] == (1.0,) * n
        assert len(set(sets)) == len(sets) <= 1 + 4 * n
        assert all(len(weights) == n and max(weights) == 1.0 for weights in sets)


def test_what_is_given_is_not_searched() -> None:
    given = EnsembleOptions(method=Method.AVERAGE, iou=0.42, missing=Missing.PRESENT, bridge=1.0)
    ways = choices(3, given, with_tracks=True)
    assert {way.options for way in ways} == {given}
    every = choices(3, EnsembleOptions(), with_tracks=False)
    assert {way.options.method for way in every} == {Method.PAPER, Method.AVERAGE}
    first = every[0].options
    assert (first.method, first.iou, first.missing) == (Method.PAPER, 0.5, Missing.ZERO)
    assert len(set(every)) == len(every)


def test_fit_finds_what_helps_and_says_how_much() -> None:
    truth, models = scene(12, 1, [0.4, 0.5, 3.0], [10, 10, 120])
    seen: list[float] = []
    found = fitting.fit(models, truth, on_progress=lambda done, total: seen.append(done / total))
    assert seen[-1] == 1.0
    assert seen == sorted(seen)
    assert found.over_equal.gain > 0.02
    assert found.over_equal.low <= found.over_equal.gain <= found.over_equal.high
    assert found.settings.weights[2] < max(found.settings.weights[:2])
    assert found.settings.method is Method.AVERAGE
    assert found.n_folds == found.n_videos == 12
    single = max(evaluate(truth, model).final for model in models)
    assert found.over_single.score == pytest.approx(single)
    equal = evaluate(truth, ensembling.ensemble(models)).final
    assert found.over_equal.score == pytest.approx(equal)
    assert found == fitting.fit(models, truth)
    assert "12 videos" in found.text()


def test_nothing_to_gain_keeps_the_default() -> None:
    truth, models = scene(6, 2, [0.0], [0])
    found = fitting.fit([models[0], models[0]], truth)
    assert found.kept_default
    assert found.settings.weights == (1.0, 1.0)
    assert found.over_equal.gain == 0.0
    assert "kept" in found.text()


def test_many_videos_are_left_out_in_groups() -> None:
    truth, models = scene(30, 3, [0.5, 0.6], [5, 5])
    given = EnsembleOptions(method=Method.PAPER, iou=0.5)
    assert fitting.fit(models, truth, options=given).n_folds == 10


def test_the_file_says_it_all_again(tmp_path: Path) -> None:
    truth, models = scene(6, 4, [0.4, 0.5], [5, 20])
    found = fitting.fit(models, truth)
    path = tmp_path / "weights.toml"
    fitting.write(found, path)
    assert read_settings(path) == found.settings
    chosen = found.settings
    again = ensembling.ensemble(models, weights=path)
    expected = ensembling.ensemble(
        models, weights=chosen.weights, method=chosen.method, iou=chosen.iou, missing=chosen.missing
    )
    assert again.equals(expected)
    other = Method.PAPER if chosen.method is Method.AVERAGE else Method.AVERAGE
    # Another method does not inherit the threshold of the fitted one.
    changed = ensembling.ensemble(models, weights=path, method=other)
    assert changed.equals(ensembling.ensemble(models, weights=chosen.weights, method=other))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[ensemble]\nweights = [1.0]\n",
        '[ensemble]\ninputs = ["a"]\nweights = [1.0, 1.0]\nmethod = "paper"\nmissing = "zero"\n',
        '[ensemble]\ninputs = ["a"]\nweights = [-1.0]\nmethod = "paper"\nmissing = "zero"\n',
        '[ensemble]\ninputs = ["a"]\nweights = [1.0]\nmethod = "magic"\nmissing = "zero"\n',
        '[ensemble]\ninputs = ["a"]\nweights = [1.0]\nmethod = "paper"\nmissing = "zero"\niou = 3\n',
    ],
)
def test_wrong_files_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "weights.toml"
    path.write_text(text)
    with pytest.raises(InputInvalid) as error:
        read_settings(path)
    assert "weights.toml" in str(error.value)


def test_what_cannot_be_fitted_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    truth, models = scene(3, 5, [0.5, 0.5], [0, 0])
    with pytest.raises(UsageError):
        fitting.fit(models[:1], truth)
    with pytest.raises(UsageError):
        fitting.fit(models, truth[truth["video_id"] == "v0"])
    with pytest.raises(InputInvalid):
        fitting.fit([models[0], models[1].assign(video_id="elsewhere")], truth)
    caplog.clear()
    odd = segments.concat([models[1], segments.make(["x", "v0"], ["a", "q"], [0, 0], [1, 1], [1, 1])], scored=True)
    found = fitting.fit([models[0], odd], truth)
    assert found == fitting.fit(models, truth)
    assert caplog.text.count("not in the ground truth") == 2
