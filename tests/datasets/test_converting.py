"""Labels from any format to any other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from video.making import write_video

from bineego.datasets.converting import convert
from bineego.errors import InputInvalid, InputMissing, UsageError
from bineego.formats import read
from tests.datasets.conftest import MakeFolder

LABELS = "video_id,label,start,end\na,walk,0.2,1\na,run,1,1.6\nb,,,\n"


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    (tmp_path / "labels.csv").write_text(LABELS)
    return tmp_path / "labels.csv"


def test_the_videos_beside_the_file_are_used(tmp_path: Path, labels: Path) -> None:
    write_video(tmp_path / "a.mp4", count=50, rate=25)
    target = convert(labels, tmp_path / "out.boris")
    assert target == tmp_path / "out.boris"
    assert '"a.mp4": 2.0' in target.read_text()
    assert read.read_annotations(target).videos == ("a", "b")


def test_the_folder_of_the_videos_can_be_named(tmp_path: Path, labels: Path) -> None:
    (tmp_path / "vid").mkdir()
    for name in "ab":
        write_video(tmp_path / "vid" / f"{name}.mp4", count=50, rate=25)
    with pytest.raises(InputInvalid, match="frame rate of 'a' is unknown"):
        convert(labels, tmp_path / "ls.json", format="labelstudio")
    convert(labels, tmp_path / "ls.json", format="labelstudio", videos=tmp_path / "vid")
    convert(tmp_path / "ls.json", tmp_path / "back.csv", videos=tmp_path / "vid")
    assert (tmp_path / "back.csv").read_text() == LABELS.replace("1\n", "1.0\n").replace(",1,", ",1.0,")
    with pytest.raises(InputMissing, match="no such folder of videos"):
        convert(labels, tmp_path / "x.csv", videos=tmp_path / "none")


def test_nothing_of_others_is_replaced(tmp_path: Path, labels: Path) -> None:
    target = tmp_path / "out.json"
    convert(labels, target)
    convert(labels, target)  # its own
    target.write_text(target.read_text() + " ")
    with pytest.raises(UsageError, match="has changed since bineego wrote it"):
        convert(labels, target)
    convert(labels, target, overwrite=True)
    with pytest.raises(UsageError, match="is one of the inputs"):
        convert(labels, labels)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.srt").write_text("mine")
    with pytest.raises(UsageError, match=r"a\.srt: exists"):
        convert(labels, tmp_path / "out", format="srt")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.srt"]


def test_what_cannot_be_asked_for(tmp_path: Path, labels: Path) -> None:
    with pytest.raises(InputMissing):
        convert(tmp_path / "none.csv", tmp_path / "x.csv")
    with pytest.raises(UsageError, match="not that of any format"):
        convert(labels, tmp_path / "x.doc")
    with pytest.raises(UsageError, match=r"format: must be one of csv, json,.*not 'epic-csv'"):
        convert(labels, tmp_path / "x.csv", format="epic-csv")


def test_a_broken_video_is_as_good_as_none(tmp_path: Path, labels: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "a.mp4").write_bytes(b"no video")
    convert(labels, tmp_path / "out.boris")
    assert "1 file (a) cannot be read as a video" in caplog.text


def test_how_a_table_is_read_can_be_said(tmp_path: Path) -> None:
    (tmp_path / "odd.csv").write_text("Clip;From;Till;What\na.mp4;500;1500;walk\n")
    convert(
        tmp_path / "odd.csv", tmp_path / "out.csv", columns="video=Clip,start=From,end=Till,label=What", time_unit="ms"
    )
    assert read.read_annotations(tmp_path / "out.csv").segments.iloc[0].tolist() == ["a.mp4", "walk", 0.5, 1.5]


def test_notes_are_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    project = {
        "behaviors_conf": {"0": {"type": "State event", "code": "walk"}},
        "observations": {"o": {"file": {"1": ["a.mp4"]}, "events": [[0, "Anna", "walk"], [1, "Anna", "walk"]]}},
    }
    (tmp_path / "p.boris").write_text(json.dumps(project))
    convert(tmp_path / "p.boris", tmp_path / "out.csv")
    assert caplog.text.count("subjects are not part of the labels") == 1


def test_a_folder_of_360x_is_read_with_its_subsets(x360: MakeFolder, tmp_path: Path) -> None:
    folder = x360(annotated={"a": [("walk", 0.5, 1.5)]}, index=[{"uuid": "a", "subset": "val"}])
    for source in (folder, folder / "index.json"):
        target = convert(source, tmp_path / f"from-{source.name}.csv")
        assert target.read_text() == "video_id,label,start,end,subset\na,walk,0.5,1.5,val\n"
