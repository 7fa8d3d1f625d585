"""From features of somebody else to a model that localizes and is scored, and no video anywhere."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import bineego
from bineego.errors import InputInvalid, ModelError, UsageError
from bineego.features import npy
from bineego.training.temporal import member
from bineego.tsm.card_file import read_card

FPS, STRIDE, WINDOW = 30, 4, 16
SPANS = (("left", 2.0, 4.0), ("right", 6.0, 9.0))
SECONDS = 12.0


@pytest.fixture(autouse=True)
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(member, "LEAST_DRAWS", 4)
    monkeypatch.chdir(tmp_path)


def make(folder: Path, n: int = 4, *, fps: float = FPS, width: int = 12, **said: float) -> Path:
    """Features as ActionFormer reads them: a window of 16 frames every 4, without those that do not fit."""
    folder.mkdir(exist_ok=True)
    (folder / "features.json").write_text(json.dumps({"fps": fps, "stride": STRIDE, "window": WINDOW} | said))
    steps = (int(SECONDS * FPS) - WINDOW) // STRIDE + 1
    centre = (np.arange(steps) * STRIDE + WINDOW / 2) / FPS
    for number in range(n):
        values = np.random.default_rng(number).normal(0, 0.3, (steps, width)).astype(np.float32)
        for column, (_, start, end) in enumerate(SPANS):
            values[:, column] += 3 * ((centre >= start) & (centre < end))
        np.save(folder / f"v{number}.npy", values)
    return folder


def labels(n: int = 4, **entry: float) -> Path:
    rows = [{"segment": [start, end], "label": label} for label, start, end in SPANS]
    subsets = ["Validation" if number == n - 1 else "training" for number in range(n)]
    database = {f"v{k}": {"subset": subset, "annotations": rows, **entry} for k, subset in enumerate(subsets)}
    Path("labels.json").write_text(json.dumps({"database": database}))
    return Path("labels.json")


def train(features: Path, truth: Path, name: str = "run", **more: object) -> Path:
    return bineego.train(truth, features=features, name=name, epochs=12, device="cpu", **more).folder


def test_from_features_to_a_score_without_a_video() -> None:
    truth = labels(duration=SECONDS)
    run = train(make(Path("i3d")), truth)
    card = read_card(run / "model.safetensors")
    assert (card.network.kinds, card.network.widths, card.network.rate) == ((npy.GIVEN,), (12,), 7.5)
    assert "trunk" not in card.training
    found = bineego.localize("i3d", model=run, output="out")
    assert found.videos == ("v0", "v1", "v2", "v3")
    result = bineego.evaluate(truth, "out/predictions.csv", subset="val")
    assert result.mAP[0] == 1.0  # three held-out seconds each side of a span are plain to see
    again = bineego.localize("i3d/v3.npy", model=run)
    held_out = found.predictions[found.predictions["video_id"] == "v3"].reset_index(drop=True)
    np.testing.assert_allclose(again.predictions["start"], held_out["start"])


def test_another_time_step_is_another_result() -> None:
    run = train(make(Path("i3d")), labels(duration=SECONDS))
    bineego.localize("i3d", model=run, output="out")
    make(Path("i3d"), fps=15)
    slow = bineego.localize("i3d", model=run, output="out")
    assert not slow.skipped
    assert slow.predictions["end"].max() > SECONDS


def test_a_wrong_rate_is_found_before_training() -> None:
    wrong = make(Path("i3d"), fps=25)
    with pytest.raises(
        InputInvalid, match=r"87 steps, which at 6.25 a second .* by its annotations is 12.00 s"
    ) as found:
        train(wrong, labels(duration=SECONDS))
    assert "at 7.5" in str(found.value)
    assert not list(Path("runs").glob("*/[a-z]*"))
    with pytest.raises(InputInvalid, match="end after the features"):
        train(make(Path("i3d"), fps=75), labels())
    with pytest.raises(InputInvalid, match="in the first 38% of the features"):
        train(make(Path("i3d"), fps=15), labels())


def test_frames_a_second_may_stand_in_the_annotations() -> None:
    folder = make(Path("i3d"))
    (folder / "features.json").write_text(json.dumps({"feat_stride": STRIDE, "num_frames": WINDOW}))
    run = train(folder, labels(duration=SECONDS, fps=FPS))
    assert read_card(run / "model.safetensors").network.rate == 7.5
    with pytest.raises(InputInvalid, match="the frame rate of the video is not known"):
        train(folder, labels(duration=SECONDS), name="other")


def test_features_that_do_not_fit_together_are_refused() -> None:
    folder, truth = make(Path("i3d")), labels(duration=SECONDS)
    with pytest.raises(UsageError, match="no features of kind 'motion'"):
        train(folder, truth, kinds=["motion"])
    with pytest.raises(UsageError, match="are made already"):
        train(folder, truth, trunk="resnet18", head="temporal")
    np.save(folder / "v1.npy", np.zeros((87, 13), np.float32))
    with pytest.raises(InputInvalid, match=r"its features are given \(13\), and those of v0.npy are given \(12\)"):
        train(folder, truth)
    make(folder)
    bad = np.load(folder / "v2.npy")
    bad[3, 4] = np.nan
    np.save(folder / "v2.npy", bad)
    with pytest.raises(InputInvalid, match="nan in step 3, column 4"):
        train(folder, truth)


def test_a_model_of_given_features_reads_nothing_else(tmp_path: Path) -> None:
    from video.making import write_video

    run = train(make(Path("i3d")), labels(duration=SECONDS))
    write_video(tmp_path / "clip.mp4", count=10, rate=10)
    with pytest.raises(ModelError, match="cannot make them of a video"):
        bineego.localize("clip.mp4", model=run)
    with pytest.raises(InputInvalid, match="9 features of kind 'given', and the model was trained on 12"):
        bineego.localize(make(Path("other"), width=9), model=run)
    with pytest.raises(UsageError, match="is about videos"):
        bineego.localize("i3d", model=run, start=2.0)
    with pytest.raises(UsageError, match="needs a data set, these are features"):
        bineego.localize("i3d", model=run, subset="val")


def test_features_of_ours_make_a_model_of_videos(tmp_path: Path) -> None:
    """What `extract-features` writes is trained on, and the model reads videos as well as features."""
    from training.squares import SECONDS as LONG
    from training.squares import write_video

    for number in range(3):
        write_video(tmp_path / "clips" / f"v{number}.mp4", number)
    rows = [
        f"v{number},{name},{start},{end}"
        for number in range(3)
        for name, start, end in (("a", 0.5, 1.5), ("b", 2, 3.5))
    ]
    Path("labels.csv").write_text("\n".join(["video_id,label,start,end", *rows]))
    bineego.extract_features("clips", "mine", kinds=["motion", "direction"], size=128, jobs=1)
    run = train(Path("mine"), Path("labels.csv"), videos="clips", split="none")
    ways = [bineego.localize(where, model=run).predictions for where in ("clips", "mine")]
    np.testing.assert_allclose(ways[0]["start"], ways[1]["start"])
    assert ways[0]["end"].max() <= LONG
    said = json.loads(Path("mine/v1.json").read_text())
    Path("mine/v1.json").write_text(json.dumps(said | {"rate": 25.0}))
    with pytest.raises(InputInvalid, match="1 of 3 videos: 'v1' has 50 steps"):
        train(Path("mine"), Path("labels.csv"), name="other", videos="clips")
