from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from bineego.errors import InputInvalid, InputMissing
from bineego.formats import read

ROW = {"segment": [1, 2], "label": "x", "score": 0.5}
CONTENTS = {
    "table.csv": "video_id,label,start,end\na,x,1,2\n",
    "an.json": json.dumps({"database": {"a": {"subset": "val", "annotations": [ROW]}}}),
    "a.json": json.dumps({"metadata": {"1": {"duration": [1, 2], "action": {"1": "x"}}}}),
    "via.json": json.dumps(
        {"file": {"1": {"fname": "a.mp4"}}, "metadata": {"1": {"vid": "1", "z": [1, 2], "xy": [], "av": {"1": "x"}}}}
    ),
}


@pytest.mark.parametrize("name", CONTENTS)
@pytest.mark.parametrize("prefix", ["", "\ufeff", " \n"])
def test_the_format_is_told_by_content(tmp_path: Path, name: str, prefix: str) -> None:
    if name.endswith(".csv") and prefix.isspace():
        pytest.skip("a CSV file begins with its header")
    path = tmp_path / Path(name).with_suffix(".dat").name if name != "a.json" else tmp_path / name
    path.write_text(prefix + CONTENTS[name], encoding="utf-8")
    assert read.read_annotations(path).segments.iloc[0].tolist() == ["a", "x", 1.0, 2.0]


def test_a_folder_is_all_its_files(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "one.csv").write_text(CONTENTS["table.csv"])
    (tmp_path / "two.json").write_text(CONTENTS["an.json"])
    (tmp_path / ".hidden.json").write_text("{")
    (tmp_path / "readme.txt").write_text("no annotations")
    found = read.read_annotations(tmp_path)
    assert found.videos == ("a",)
    assert len(found.segments) == 2
    assert found.subsets == {"a": "val"}
    assert "in more than one file" in caplog.text


def test_files_of_a_folder_that_disagree_are_refused(tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text("video_id,label,start,end,subset\na,x,1,2,train\n")
    (tmp_path / "two.csv").write_text("video_id,label,start,end,subset\na,x,1,2,val\n")
    with pytest.raises(InputInvalid, match="subset of video 'a': 'train' and 'val'"):
        read.read_annotations(tmp_path)


def test_predictions_from_either_format(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("video_id,label,start,end,score\na,x,1,2,0.5\n")
    (tmp_path / "p.json").write_text(json.dumps({"results": {"a": [ROW]}}))
    assert read.read_predictions(tmp_path / "p.csv").equals(read.read_predictions(tmp_path / "p.json"))


def test_annotations_are_no_predictions_and_the_other_way_round(tmp_path: Path) -> None:
    path = tmp_path / "f.json"
    path.write_text(CONTENTS["an.json"])
    with pytest.raises(InputInvalid, match="annotations, not predictions"):
        read.read_predictions(path)
    path.write_text(json.dumps({"results": {"a": [ROW]}}))
    with pytest.raises(InputInvalid, match="predictions, not annotations"):
        read.read_annotations(path)


@pytest.mark.parametrize("text", ["[1, 2]", '{"a": 1}', "{"])
def test_other_json_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "f.json"
    path.write_text(text)
    for reader in (read.read_annotations, read.read_predictions):
        with pytest.raises(InputInvalid, match=r"f\.json"):
            reader(path)


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputMissing):
        read.read_annotations(tmp_path / "none.csv")
    with pytest.raises(InputMissing, match="no file of labels"):
        read.read_annotations(tmp_path)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    """It would be read once to see its format, and be empty for the reader of that format."""
    os.mkfifo(tmp_path / "pipe")
    for reader in (read.read_annotations, read.read_predictions):
        with pytest.raises(InputMissing, match=r"pipe: not a regular file.*\n.*write it to a file first"):
            reader(tmp_path / "pipe")


def test_labels_without_a_header_are_labels(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("a.mp4,walk,1.5,2.5\nb.mp4,run,3,4\n")
    table = read.read_any(path).segments
    assert table.columns.tolist() == ["video_id", "label", "start", "end"]
    assert table["label"].tolist() == ["walk", "run"]
