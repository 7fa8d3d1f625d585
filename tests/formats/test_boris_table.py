"""Tables that BORIS exports."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from formats.tools import rows, rows_of

from bineego.errors import InputInvalid
from bineego.formats import read
from bineego.formats.options import LabelOptions

TABULAR = (
    "Observation id\tObservation date\tDescription\tObservation duration\tObservation type\tSource\tTime offset (s)\t"
    "Media duration (s)\tFPS\tSubject\tBehavior\tBehavioral category\tModifier #1\tBehavior type\tTime\t"
    "Media file name\tImage index\tImage file path\tComment"
)
AGGREGATED = (
    "Observation id,Observation date,Description,Observation type,Source,Time offset (s),Coding duration,"
    "Media duration (s),FPS (frame/s),Subject,Observation duration by subject by observation,Behavior,"
    "Behavioral category,Behavior type,Start (s),Stop (s),Duration (s),Media file name,Image index start,"
    "Image index stop,Image file path start,Image file path stop,Comment start,Comment stop"
)
OLD = "Time\tMedia file path\tTotal length\tFPS\tSubject\tBehavior\tBehavioral category\tComment\tStatus"


def tabular(
    *events: tuple[str, str, str, str, str], source: str = "player #1:v.mp4", lengths: str = "60.0", offset: str = "0.0"
) -> str:
    """Events are (subject, behaviour, modifier, type, time)."""
    head = f"obs 1\t2024-01-01 10:00:00\t\t60\tMedia file(s)\t{source}\t{offset}\t{lengths}\t25.0"
    lines = [f"{head}\t{s}\t{b}\t\t{m}\t{k}\t{t}\tv.mp4\tNA\tNA\t" for s, b, m, k, t in events]
    return "\n".join([TABULAR, *lines]) + "\n"


def aggregated(*events: tuple[str, str, str, str, str], source: str = "player #1:v.mp4", lengths: str = "60.0") -> str:
    """Events are (subject, behaviour, type, start, stop)."""
    head = f'obs 1,2024-01-01 10:00:00,,Media file,"{source}",0.0,60,"{lengths}",25.0'
    lines = [f"{head},{s},9,{b},Not defined,{k},{t},{u},NA,v.mp4,NA,NA,,,," for s, b, k, t, u in events]
    return "\n".join([AGGREGATED, *lines]) + "\n"


def test_tabular(tmp_path: Path) -> None:
    path = tmp_path / "e.tsv"
    path.write_text(
        tabular(
            ("", "walk", "", "START", "1.500"), ("", "blink", "", "POINT", "2.000"), ("", "walk", "", "STOP", "4.000")
        )
    )
    assert rows_of(path) == [("v", "walk", 1.5, 4.0), ("v", "blink", 2.0, 2.0)]


def test_aggregated(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    path.write_text(
        aggregated(("No focal subject", "walk", "STATE", "1.500", "4.000"), ("Anna", "blink", "POINT", "2.000", "NA"))
    )
    assert rows_of(path) == [("v", "walk", 1.5, 4.0), ("v", "blink", 2.0, 2.0)]


def test_workbooks(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    for name, content, separator in (
        ("t", tabular(("", "walk", "", "START", "1.5"), ("", "walk", "", "STOP", "4")), "\t"),
        ("a", aggregated(("", "walk", "STATE", "1.5", "4")), ","),
    ):
        book = openpyxl.Workbook()
        for number, line in enumerate(content.splitlines()):
            cells: list = [float(x) if x.replace(".", "", 1).isdigit() else x.strip('"') for x in line.split(separator)]
            if number:
                cells[1] = datetime.datetime(2024, 1, 1, 10, 0, 0)
            book.active.append(cells)
        book.save(tmp_path / f"{name}.xlsx")
        assert rows_of(tmp_path / f"{name}.xlsx") == [("v", "walk", 1.5, 4.0)]


def test_several_media_files_and_an_offset(tmp_path: Path) -> None:
    source, lengths = "player #1:x/a.mp4;x/b.mp4|player #2:c.mp4", "10.000;20.000|30.000"
    (tmp_path / "t.tsv").write_text(
        tabular(
            ("", "walk", "", "START", "105"),
            ("", "walk", "", "STOP", "112.5"),
            source=source,
            lengths=lengths,
            offset="100.0",
        )
    )
    assert rows_of(tmp_path / "t.tsv") == [("a", "walk", 5.0, 10.0), ("b", "walk", 0.0, 2.5)]
    (tmp_path / "a.csv").write_text(aggregated(("", "walk", "STATE", "15", "16"), source=source, lengths=lengths))
    assert rows_of(tmp_path / "a.csv") == [("b", "walk", 5.0, 6.0)]


def test_the_old_table_with_free_lines_before_its_header(tmp_path: Path) -> None:
    head = "Observation id\tmonday\n\nMedia file(s)\nPlayer #1\t/lab/v.avi\n\nTime offset (s)\t2.0\n\n"
    lines = ["3.25\t/lab/v.avi\t225.6\t25.0\t\twalk\t\t\tSTART", "5.00\t/lab/v.avi\t225.6\t25.0\t\twalk\t\t\tSTOP"]
    path = tmp_path / "old.tsv"
    path.write_text("\n".join([head + OLD, *lines]))
    assert rows_of(path) == [("v", "walk", 1.25, 3.0)]


def test_an_old_table_of_several_files_is_refused(tmp_path: Path) -> None:
    lines = ["3.25\ta.avi\t225.6\t25.0\t\twalk\t\t\tSTART", "205.00\tc.avi\t225.6\t25.0\t\twalk\t\t\tSTOP"]
    (tmp_path / "old.tsv").write_text("\n".join([OLD, *lines]))
    with pytest.raises(InputInvalid, match=r"in several media files.*\n.*\.boris"):
        rows_of(tmp_path / "old.tsv")


def test_subjects_and_modifiers(tmp_path: Path) -> None:
    path = tmp_path / "e.tsv"
    path.write_text(tabular(
        ("Anna", "walk", "", "START", "0"), ("Bernd", "walk", "fast", "START", "1"),
        ("Anna", "walk", "", "STOP", "2"), ("Bernd", "walk", "fast", "STOP", "3"),
    ))  # fmt: skip
    assert rows_of(path) == [("v", "walk", 0.0, 3.0)]
    how = LabelOptions(columns="label=behavior+modifier")
    assert rows_of(path, how=how) == [("v", "walk", 0.0, 2.0), ("v", "walk fast", 1.0, 3.0)]


@pytest.mark.parametrize(
    ("events", "problem"),
    [
        ([("", "walk", "", "START", "0")], "'walk' starts at 0 s and never stops"),
        ([("", "walk", "", "STOP", "0")], "line 2: 'walk' stops but never started"),
        ([("", "walk", "", "START", "0"), ("", "walk", "", "START", "1")], "line 3: 'walk' starts again"),
        ([("", "walk", "", "MAYBE", "0")], "line 2: 'MAYBE' is not START, STOP or POINT"),
        ([("", "walk", "", "START", "NA")], "line 2: Time is not a finite number: 'NA'"),
        ([("", "", "", "START", "1")], "line 2: Behavior is empty"),
    ],
)
def test_what_is_doubtful_is_refused_with_its_line(tmp_path: Path, events: list, problem: str) -> None:
    path = tmp_path / "e.tsv"
    path.write_text(tabular(*events))
    with pytest.raises(InputInvalid, match=problem):
        rows_of(path)


def test_scores_in_comments_are_predictions(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    path.write_text(aggregated(("", "walk", "STATE", "1", "4")).replace(",,,,\n", ",,,score 0.25,\n"))
    assert rows(read.read_predictions(path)) == [("v", "walk", 1.0, 4.0, 0.25)]
