from __future__ import annotations

import logging
from pathlib import Path

import pytest

from bineego.ensembling import ensemble
from bineego.ensembling.fit import fit

HEADER = "video_id,label,start,end,score\n"


def write(folder: Path, name: str, *rows: str) -> Path:
    path = folder / name
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows))
    return path


def test_videos_of_several_models_are_matched(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    a = write(tmp_path, "a.csv", "v1,x,0,5,0.8", "v2,x,0,5,0.8")
    b = write(tmp_path, "b.csv", "P01/v1.mp4,x,0,5,0.6", "v2.mp4,x,0,5,0.6")
    found = ensemble([a, b])
    assert found["video_id"].tolist() == ["v1", "v2"]
    assert found["score"].tolist() == pytest.approx([0.7, 0.7])
    assert "2 video ids matched" in caplog.text


def test_models_of_other_videos_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    ensemble([write(tmp_path, "a.csv", "v1,x,0,5,0.8"), write(tmp_path, "b.csv", "w_v1,x,0,5,0.6")])
    assert "none of its videos is in the inputs before it: 'w_v1' and 'v1' differ by 'w_'" in caplog.text


@pytest.mark.parametrize(("other", "told"), [("80", True), ("-1.5", True), ("0.01", False), ("1.0", False)])
def test_scores_on_other_scales_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, other: str, told: bool
) -> None:
    ensemble([write(tmp_path, "a.csv", "v1,x,0,5,0.8"), write(tmp_path, "b.csv", f"v1,x,0,5,{other}")])
    assert ("different scales" in caplog.text) == told


def test_a_fit_knows_the_videos_of_the_ground_truth(tmp_path: Path) -> None:
    truth = tmp_path / "t.csv"
    truth.write_text("video_id,label,start,end\nv1,x,0,5\nv2,x,0,5\nv3,x,1,2\n")
    rows = ("v1.mp4,x,0,5,0.8", "v2.mp4,x,0,5,0.7", "v3.mp4,x,1,2,0.9")
    found = fit([write(tmp_path, "a.csv", *rows), write(tmp_path, "b.csv", *rows[:2])], truth)
    assert found is not None
