"""Damaged videos: told with each video, in the JSON, and refused with `strict`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bineego.errors import BatchFailed, InputInvalid
from bineego.formats.activitynet import read_predictions
from bineego.inference import localize
from bineego.inference.options import LocalizeOptions
from bineego.tsm.config import Precision
from bineego.tsm.model_file import Model
from bineego.video.scan import scan

MakeVideo = Callable[..., Path]
FP32 = LocalizeOptions(precision=Precision.FP32)


@pytest.fixture(scope="module")
def folder(make_video: MakeVideo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A good video, and one whose frame at 1 s is gone."""
    folder = tmp_path_factory.mktemp("videos")
    make_video(folder / "good.mp4", seconds=2)
    bad = make_video(folder / "bad.mp4", seconds=2)
    content = bytearray(bad.read_bytes())
    for _, _, position, size in scan(bad).marks[16:24].tolist():
        content[position : position + size] = b"\xff" * size
    bad.write_bytes(content)
    return folder


def test_damage_is_told_and_kept(folder: Path, model: Model, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "bineego")
    found = localize(folder, model=model, output=tmp_path, options=FP32, format=["csv", "json"])
    assert list(found.damage) == ["bad"]
    assert found.damage["bad"][0]["frames_lost"] >= 1
    assert found.damage["bad"][0]["seconds"][0] == pytest.approx(1, abs=0.1)
    said = [record.getMessage() for record in caplog.records]
    assert any(text.startswith("bad: ") and "lost; damaged near 1.0" in text for text in said)
    assert any(text.startswith("damaged: 1 video (bad)") for text in said)
    assert not any("damaged" in text for text in said if text.startswith("good: "))
    content = json.loads((tmp_path / "predictions.json").read_text())
    assert content["external_data"] == {"damage": {"bad": found.damage["bad"]}}
    assert len(read_predictions(tmp_path / "predictions.json")) == len(found.predictions)
    again = localize(folder, model=model, output=tmp_path, options=FP32, format=["csv", "json"])
    assert again.skipped == ("bad", "good")
    assert again.damage == found.damage


def test_strict_leaves_out_a_damaged_video(folder: Path, model: Model, tmp_path: Path) -> None:
    with pytest.raises(BatchFailed, match="1 of 2 inputs failed") as failed:
        localize(folder, model=model, output=tmp_path, options=FP32, strict=True)
    assert failed.value.exit_code == 5
    assert (tmp_path / "good.csv").exists()
    assert not (tmp_path / "bad.csv").exists()


def test_strict_refuses_the_only_one(folder: Path, model: Model, tmp_path: Path) -> None:
    localize(folder / "bad.mp4", model=model, output=tmp_path, options=FP32)  # what is done is not strict's
    with pytest.raises(InputInvalid, match=r"damaged: .* near 1\.0") as failed:
        localize(folder / "bad.mp4", model=model, output=tmp_path, options=FP32, strict=True)
    assert failed.value.exit_code == 4
    localize(folder / "good.mp4", model=model, output=tmp_path / "good", options=FP32, strict=True)
