"""THUMOS14's text files and table."""

from __future__ import annotations

from pathlib import Path

import pytest
from formats.tools import rows_of

from bineego.errors import InputInvalid
from bineego.formats import read
from bineego.formats.thumos import CLASSES, class_of

HEADER = "video-name,t-init,t-end,f-init,f-end,video-duration,frame-rate,video-frames,label-idx\n"


@pytest.mark.parametrize(
    ("name", "label"),
    [("HighJump_test.txt", "HighJump"), ("HighJump_val.txt", "HighJump"), ("thumos_txt_HighJump_test.txt", "HighJump"),
     ("BodyContract_test.txt", "BodyContract"), ("Ambiguous_val.txt", "Ambiguous"), ("high jump.txt", "high jump")],
)  # fmt: skip
def test_the_class_is_in_the_name(name: str, label: str) -> None:
    assert class_of(Path(name)) == label


def test_a_text_file(tmp_path: Path) -> None:
    path = tmp_path / "HighJump_test.txt"
    path.write_text("video_test_0000896  18.6 24.8\r\n\nvideo_test_0000897\t1e1 11\n")
    assert rows_of(path) == [
        ("video_test_0000896", "HighJump", 18.6, 24.8),
        ("video_test_0000897", "HighJump", 10.0, 11.0),
    ]


def test_the_table(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"{HEADER}v,0.0,1.4,0,42,215.1,30.0,6455,-1\nv,95.7,97.2,2871,2916,215.1,30.0,6455,11\n")
    assert rows_of(path) == [("v", "Ambiguous", 0.0, 1.4), ("v", "HighJump", 95.7, 97.2)]
    path.write_text(f"{HEADER}v,0.0,1.4,0,42,215.1,30.0,6455,20\n")
    with pytest.raises(InputInvalid, match="line 2: label-idx '20' is not from -1 to 19"):
        rows_of(path)


def test_a_line_that_is_none_is_refused_far_down_too(tmp_path: Path) -> None:
    path = tmp_path / "x_test.txt"
    path.write_text("v 1 2\n" * 30 + "v 1\n")
    with pytest.raises(InputInvalid, match="line 31: expected a video"):
        rows_of(path)


def test_numbers_and_names_agree(shared: Path) -> None:
    numbered = read.read_annotations(shared / "data/annotations/thumos14_test_groundtruth.csv").segments
    named = read.read_annotations(shared / "data/annotations/thumos_gt.json").segments
    assert len(numbered) == 3457
    assert set(numbered["label"]) == {*CLASSES, "Ambiguous"}
    truth = set(named.itertuples(index=False, name=None))
    places = {row[:1] + row[2:] for row in truth}
    known = [row for row in numbered.itertuples(index=False, name=None) if row[:1] + row[2:] in places]
    assert len(known) == 3311
    assert set(known) <= truth
