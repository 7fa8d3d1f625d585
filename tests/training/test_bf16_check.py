"""The check of bf16 at the end of a training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bineego.inference import LocalizeOptions, localize
from bineego.tracks import Activation, ScoreTrack
from bineego.training import Recipe, RunOptions, bf16_check, train
from bineego.training.bf16_check import compare
from bineego.training.validation import Validation
from bineego.tsm import load_model
from bineego.tsm import precision as precision_module
from bineego.tsm.config import Precision


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor with arithmetic for bf16."""
    monkeypatch.setattr(precision_module, "bf16_is_fast", lambda device: True)


def track(logits: list[list[float]], **changes: object) -> ScoreTrack:
    """Cells of 0.5 s, the last one shorter."""
    edges = np.append(np.arange(len(logits)) * 0.5, len(logits) * 0.5 - 0.2)
    values: dict[str, object] = {
        "video_id": "v", "edges": edges, "logits": np.array(logits, np.float32), "actions": ("a", "b"), "t": 0.5,
        "scene_probs": np.zeros(0),
    }  # fmt: skip
    return ScoreTrack(**(values | changes))  # type: ignore[arg-type]


def result(tracks: list[ScoreTrack], score: float | None = 0.5) -> Validation:
    return Validation(tracks=tracks, predictions=None, scenes={}, score=score)  # type: ignore[arg-type]


def test_agreement_is_that_of_whole_intervals() -> None:
    one = track([[0, 1, 2], [0, 1, 2], [3, 1, 2], [0, 1, 2]])
    other = track([[0, 1, 2], [0, 2, 1], [9, 1, 2], [2, 1, 0]])  # the last one is no whole interval
    check = compare(result([one, one]), result([one, other], 0.4))
    assert check is not None
    assert (check.agreement, check.fp32, check.bf16) == (5 / 6, 0.5, 0.4)


def test_independent_classes_agree_when_all_of_them_do() -> None:
    one = track([[-1, 2, 3], [-1, 2, 3], [-1, 2, 3]], activation=Activation.SIGMOID)
    other = track([[-2, 1, 9], [-1, -1, 3], [-1, 2, 3]], activation=Activation.SIGMOID)
    check = compare(result([one]), result([other]))
    assert check is not None
    assert check.agreement == 0.5


def test_scenes_alone_are_compared_by_video() -> None:
    kitchen, campus = (
        track([[0.0]], actions=(), scenes=("kitchen", "campus"), scene_probs=np.array(p))
        for p in ([0.9, 0.1], [0.2, 0.8])
    )
    check = compare(result([kitchen, campus]), result([kitchen, kitchen]))
    assert check is not None
    assert check.agreement == 0.5


def test_nothing_to_compare() -> None:
    short = track([[0, 1, 2]])
    assert compare(result([short]), result([short])) is None
    assert compare(result([track([[0, 1, 2]] * 3)], None), result([track([[0, 1, 2]] * 3)], None)) is None
    assert compare(result([]), result([])) is None


def test_a_run_on_a_fast_device_is_checked(
    tiny: Path, recipe: Recipe, options: RunOptions, fast: None, notes: pytest.LogCaptureFixture
) -> None:
    once = replace(recipe, epochs=1)
    run = train(tiny, name="a", recipe=once, options=options)
    model = load_model(run.folder)
    check = model.card.bf16
    assert check is not None
    assert f"bf16: {check}" in notes.text
    expected = check.bf16 if check.passed else check.fp32
    assert run.figures["mAP"] == pytest.approx(expected, abs=1e-12)
    # What is written is in the format that `localize` takes by itself.
    found = localize(tiny, model=model, options=LocalizeOptions(), subset=None)
    held = (run.folder / "val" / "predictions.csv").read_text().splitlines()[1:]
    videos = {line.split(",")[0] for line in held}
    assert int(found.predictions["video_id"].isin(videos).sum()) == len(held)


def test_no_check_without_held_out_recordings_or_where_bf16_is_slow(
    tiny: Path, recipe: Recipe, options: RunOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = replace(recipe, epochs=1)
    monkeypatch.setattr(precision_module, "bf16_is_fast", lambda device: False)
    assert load_model(train(tiny, name="slow", recipe=once, options=options).folder).card.bf16 is None
    monkeypatch.setattr(precision_module, "bf16_is_fast", lambda device: True)
    seen = train(tiny, name="seen", recipe=replace(once, split="none"), options=options)
    assert load_model(seen.folder).card.bf16 is None


@pytest.mark.parametrize("precision", [Precision.FP32, Precision.BF16])
def test_a_forced_format_keeps_its_own_figures(
    tiny: Path, recipe: Recipe, options: RunOptions, fast: None, precision: Precision, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[Precision | None] = []

    def validate(*arguments: object) -> Validation:
        judged.append(arguments[4])  # type: ignore[arg-type]
        return result([track([[0, 1, 2]] * 3)], 0.1 * len(judged))

    monkeypatch.setattr(bf16_check, "validate", validate)
    held = type("Held", (), {"recipe": replace(recipe, precision=precision)})()
    found, check = bf16_check.validate_both(None, None, held, None, held_out=True)  # type: ignore[arg-type]
    assert judged == [Precision.FP32, Precision.BF16]
    assert check is not None
    assert found is not None
    assert found.score == (0.1 if precision is Precision.FP32 else 0.2)
