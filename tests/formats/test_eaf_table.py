"""ELAN's tab-delimited export without a header."""

from __future__ import annotations

from pathlib import Path

import pytest
from formats.tools import rows_of

from bineego.errors import InputInvalid
from bineego.formats.options import LabelOptions

FULL = (
    "action\t\t00:00:01.280\t1.28\t00:00:06.600\t6.6\t00:00:05.320\t5.32\twaving, both\n"
    "action\t\t00:00:09.560\t9.56\t01:00:13.280\t3613.28\t01:00:03.720\t3603.72\tbending\n"
)


def test_all_formats_of_times(tmp_path: Path) -> None:
    (tmp_path / "monday.txt").write_text(FULL)
    assert rows_of(tmp_path / "monday.txt") == [
        ("monday", "waving, both", 1.28, 6.6),
        ("monday", "bending", 9.56, 3613.28),
    ]


def test_the_video_of_a_comment_line(tmp_path: Path) -> None:
    head = '"#file:///C:/lab/my%20clip.mp4 -- offset: 500"\n'
    (tmp_path / "x.txt").write_text(head + "t\t00:00:01.000\t00:00:02.500\tx\n")
    assert rows_of(tmp_path / "x.txt") == [("my clip", "x", 1.5, 3.0)]


def test_the_file_of_each_line(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text(
        "t\t00:00:01.000\t00:00:02.500\tx\t/lab/a.eaf\nt\t00:00:01.000\t00:00:02.500\ty\tb.eaf\n"
    )
    assert rows_of(tmp_path / "x.txt") == [("a", "x", 1.0, 2.5), ("b", "y", 1.0, 2.5)]


def test_tiers(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "x.txt").write_text(
        FULL + "Comment\t\t00:00:01.000\t1.0\t00:00:02.000\t2.0\t00:00:01.000\t1.0\twindy\n"
    )
    assert len(rows_of(tmp_path / "x.txt")) == 2
    assert "ignored: 1 tier ('Comment')" in caplog.text
    assert rows_of(tmp_path / "x.txt", how=LabelOptions(columns="label=Comment")) == [("x", "windy", 1.0, 2.0)]


@pytest.mark.parametrize(
    "line", ["action\t\t00:00:01.280\t1.28\tbending", "action\t00:00:01.000\t00:00:02.000\t00:00:09.000\tx"]
)
def test_a_line_that_is_none_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "x.txt").write_text(FULL + line + "\n")
    with pytest.raises(InputInvalid, match="line 3: not a line of ELAN's export"):
        rows_of(tmp_path / "x.txt")
