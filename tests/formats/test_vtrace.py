"""V-TRACE's CSV."""

from __future__ import annotations

from pathlib import Path

import pytest
from formats.tools import found, rows, rows_of

from bineego.errors import InputInvalid
from bineego.formats import read, vtrace

META = "# trace-meta: behaviors=groom:g,rear:r\n"


def test_a_file_is_about_the_video_that_it_is_named_by(tmp_path: Path) -> None:
    path = tmp_path / "session 1.csv"
    path.write_text(META + "labelId,timestamp,endTimestamp\ngroom,12.430,18.970\nrear,42.100,45.650\n")
    assert rows_of(path) == [("session 1", "groom", 12.43, 18.97), ("session 1", "rear", 42.1, 45.65)]


def test_predictions(tmp_path: Path) -> None:
    path = tmp_path / "a.pred.csv"
    path.write_text(META + "labelId,timestamp,endTimestamp,score\ngroom,1,2,0.5\n")
    assert rows(read.read_predictions(path)) == [("a", "groom", 1.0, 2.0, 0.5)]


def test_no_rows_are_all_background(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("labelId,timestamp,endTimestamp\n")
    assert read.read_annotations(tmp_path / "a.csv").videos == ("a",)


def test_equal_labels_of_two_animals_are_one(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("labelId,timestamp,endTimestamp,animal\ngroom,1,3,A\ngroom,2,4,B\nrear,2,3,B\n")
    assert rows_of(tmp_path / "a.csv") == [("a", "groom", 1.0, 4.0), ("a", "rear", 2.0, 3.0)]


@pytest.mark.parametrize(
    ("line", "problem"),
    [("groom,1", "2 fields, the header has 3"), (",1,2", "empty labelId"), ("groom,1,x", "not two finite numbers")],
)
def test_what_is_wrong_is_refused_with_its_line(tmp_path: Path, line: str, problem: str) -> None:
    (tmp_path / "a.csv").write_text(f"{META}labelId,timestamp,endTimestamp\n{line}\n")
    with pytest.raises(InputInvalid, match=f"line 3: .*{problem}"):
        rows_of(tmp_path / "a.csv")


def test_there_and_back(tmp_path: Path) -> None:
    given = found(("a", 'walk, "fast"', 0.1, 2.0, 0.3), ("a", "run", 5.0, 6.0, 1e-9))
    vtrace._write(given, tmp_path / "a.csv", {})
    assert rows(read.read_predictions(tmp_path / "a.csv")) == rows(given.segments)
