"""SRT and WebVTT."""

from __future__ import annotations

from pathlib import Path

import pytest
from formats.tools import found, rows, rows_of

from bineego.errors import InputInvalid
from bineego.formats import read, subtitles

SRT = """1
00:00:01,280 --> 00:00:06,600
waving <i>two</i>
hands

2
01:00:09.560 --> 01:00:13.280 X1:10 X2:20
bending
"""

VTT = """WEBVTT - labels of monday

NOTE these are
labels

STYLE
::cue { color: red }

intro
00:01.280 --> 00:06.600 align:start
waving &amp; <b>more</b>

1:00:09.560 --> 1:00:13.280
bending

NOTE end
"""


def test_srt(tmp_path: Path) -> None:
    path = tmp_path / "monday.srt"
    path.write_bytes(SRT.replace("\n", "\r\n").encode("utf-8-sig"))
    assert rows_of(path) == [("monday", "waving two hands", 1.28, 6.6), ("monday", "bending", 3609.56, 3613.28)]


def test_vtt(tmp_path: Path) -> None:
    path = tmp_path / "monday.vtt"
    path.write_text(VTT)
    assert rows_of(path) == [("monday", "waving & more", 1.28, 6.6), ("monday", "bending", 3609.56, 3613.28)]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("1\n00:00:01,280 --> 00:00:06,600\n\n2\n00:00:07,000 --> 00:00:08,000\nx\n", "line 2: a cue without a text"),
        ("1\n00:00:01,28 --> 00:00:06,600\nx\n", r"line 2: cannot read the times '00:00:01,28 --> 00:00:06,600'"),
        ("1\n00:00:01,280 --> 00:00:06,600\nx\n\nNOTE lost\n", "line 5: expected a cue, found 'NOTE lost'"),
    ],
)
def test_what_is_doubtful_is_refused_with_its_line(tmp_path: Path, content: str, problem: str) -> None:
    (tmp_path / "a.srt").write_text(content)
    with pytest.raises(InputInvalid, match=problem):
        rows_of(tmp_path / "a.srt")


@pytest.mark.parametrize("ending", ["srt", "vtt"])
def test_predictions_go_there_and_back(tmp_path: Path, ending: str) -> None:
    given = found(("a", "walk (2)", 0.125, 2.0, 0.25), ("a", "b & c", 1.0, 3723.5, 1.0), ("a", "x", 5.0, 6.0, 1e-9))
    path = tmp_path / f"a.{ending}"
    subtitles._write(given, path, {}, web=ending == "vtt")
    assert rows(read.read_predictions(path)) == rows(given.segments)
    assert rows_of(path) == [row[:4] for row in rows(given.segments)]


def test_a_number_in_a_label_is_no_score(tmp_path: Path) -> None:
    subtitles._write(found(("a", "walk (2)", 0.0, 2.0)), tmp_path / "a.srt", {}, web=False)
    assert rows_of(tmp_path / "a.srt") == [("a", "walk (2)", 0.0, 2.0)]
    with pytest.raises(InputInvalid, match="no score"):
        read.read_predictions(tmp_path / "a.srt")
