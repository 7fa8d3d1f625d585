"""Tables as people write them: all mean what the plain one means, or are refused with the line."""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bineego.errors import BineegoError, InputInvalid, UsageError
from bineego.formats import csv, table_file
from bineego.formats.columns import is_slip
from bineego.formats.media import Media
from bineego.formats.options import AS_WRITTEN, LabelOptions, TimeUnit

ROWS = [("a", "walk", 1.28, 6.6), ("a", "run", 9.56, 13.28), ("b", "walk", 0.0, 65.5)]
HEADER = "video_id,label,start,end\n"
PLAIN = HEADER + "a,walk,1.28,6.6\na,run,9.56,13.28\nb,walk,0,65.5\n"


def write(folder: Path, content: str | bytes, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def rows(path: Path, how: LabelOptions = AS_WRITTEN) -> list[tuple[object, ...]]:
    return [tuple(row) for row in csv.read_annotations(path, how).segments.itertuples(index=False)]


SAME = {
    "plain": PLAIN,
    "semicolons": PLAIN.replace(",", ";"),
    "tabs": PLAIN.replace(",", "\t"),
    "bars": PLAIN.replace(",", "|"),
    "decimal commas": PLAIN.replace(",", ";").replace(".", ","),
    "quoted decimal commas": HEADER + 'a,walk,"1,28","6,6"\na,run,"9,56","13,28"\nb,walk,0,"65,5"\n',
    "byte order mark": "\ufeff" + PLAIN,
    "windows line ends": PLAIN.replace("\n", "\r\n"),
    "old line ends": PLAIN.replace("\n", "\r"),
    "no last line end": PLAIN[:-1],
    "blank lines": PLAIN.replace("\n", "\n\n"),
    "sep line": "sep=;\n" + PLAIN.replace(",", ";"),
    "quoted": '"video_id","label","start","end"\n'
    '"a","walk","1.28","6.6"\n"a","run","9.56","13.28"\n"b","walk","0","65.5"\n',
    "empty rows": PLAIN + ",,,\n,,,\n",
    "empty columns": PLAIN.replace("\n", ",,\n"),
    "trailing separators": HEADER + "a,walk,1.28,6.6,\na,run,9.56,13.28,\nb,walk,0,65.5,\n",
    "blanks": "video_id , label, start , end\n a , walk , 1.28,6.6 \na,run\t,9.56,13.28\nb,walk,0,65.5\n",
    "other names": "File;Behavior;Start (s);Stop (s)\n" + PLAIN.split("\n", 1)[1].replace(",", ";"),
    "onset and offset": "videoname,Activity,onset,offset\n" + PLAIN.split("\n", 1)[1],
    "V-TRACE's times": "video,class,timestamp_start,endTimestamp\n" + PLAIN.split("\n", 1)[1],
    "another order": "end,start,label,video-id\n6.6,1.28,walk,a\n13.28,9.56,run,a\n65.5,0,walk,b\n",
    "extra columns": "video_id,label,start,end,annotator,score\n"
    "a,walk,1.28,6.6,AB,1\na,run,9.56,13.28,AB,1\nb,walk,0,65.5,,\n",
    "duration": "video,label,start,duration\na,walk,1.28,5.32\na,run,9.56,3.72\nb,walk,0,65.5\n",
    "duration and end": "video,label,end,duration\na,walk,6.6,5.32\na,run,13.28,3.72\nb,walk,65.5,65.5\n",
    "clock": HEADER + "a,walk,00:01.28,00:06.60\na,run,0:09.56,0:13.28\nb,walk,00:00,1:05.5\n",
    "clock with hours": HEADER + "a,walk,00:00:01.28,00:00:06.600\na,run,0:0:09.56,0:00:13.28\nb,walk,0,00:01:05.500\n",
    "clock with commas": "video;label;start;end\na;walk;00:01,28;00:06,60\na;run;0:09,56;0:13,28\nb;walk;0;1:05,5\n",
    "milliseconds by name": "video,label,start_ms,end_ms\na,walk,1280,6600\na,run,9560,13280\nb,walk,0,65500\n",
    "seconds beside frames": "video,label,start_frame,end_frame,start_s,end_s\na,walk,32,165,1.28,6.6\n"
    "a,run,239,332,9.56,13.28\nb,walk,0,1637,0,65.5\n",
    "an index without a name": ",video_id,label,start,end\n0,a,walk,1.28,6.6\n1,a,run,9.56,13.28\n2,b,walk,0,65.5\n",
    "no header": PLAIN.split("\n", 1)[1],
    "no header, decimal commas": PLAIN.split("\n", 1)[1].replace(",", ";").replace(".", ","),
    "no header, another order": "walk,a.mp4,1.28,6.6\nrun,a.mp4,9.56,13.28\nwalk,b.mp4,0,65.5\n",
    "no header, a label in several videos": "a,walk,1.28,6.6\na,run,9.56,13.28\nb,walk,0,65.5\n",
    "seconds with a sign": HEADER + "a,walk,1.28s,6.6 s\na,run,9.56s,13.28s\nb,walk,0s,65.5s\n",
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
def test_all_of_these_mean_the_same(tmp_path: Path, name: str, encoding: str) -> None:
    found = rows(write(tmp_path, SAME[name].encode(encoding)))
    assert [(str(video).removesuffix(".mp4"), *rest) for video, *rest in found] == ROWS


def test_what_was_guessed_is_said_in_one_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    rows(write(tmp_path, "Video;Action;Start;End;Annotator;Comment\na;walk;00:01,28;00:06,60;AB;\n"))
    (record,) = caplog.records
    text = record.getMessage()
    for part in ("semicolons", "'Action' as label", "minutes:seconds", "columns ignored: 'Annotator', 'Comment'"):
        assert part in text


def test_a_plain_table_needs_no_words(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    rows(write(tmp_path, PLAIN))
    assert not caplog.records


def test_a_windows_code_page_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert rows(write(tmp_path, (HEADER + "a,Türe öffnen,1,2\n").encode("cp1252"))) == [("a", "Türe öffnen", 1.0, 2.0)]
    assert "Windows-1252" in caplog.text


REFUSED = {
    "a mistyped optional column": (HEADER[:-1] + ",subsett\na,x,1,2,val\n", r"line 1: unknown.*'subsett'.*'subset'"),
    "a mistyped score": (HEADER[:-1] + ",scor\na,x,1,2,1\n", r"unknown column 'scor'.*'score'"),
    "a mistyped needed column": ("video_id,lable,start,end\na,x,1,2\n", r"unknown column 'lable'.*'label'"),
    "two columns for one role": ("video,action,behavior,start,end\na,x,y,1,2\n", r"'action' and 'behavior'.*\n.*--col"),
    "a doubled column": ("video,label,start,start,end\na,x,1,1,2\n", "duplicate column 'start'"),
    "a missing column": ("video,start,end\na,1,2\n", "line 1: missing column 'label'"),
    "a short row": (PLAIN + "b,walk,7\n", r"line 5: 3 fields"),
    "a long row": (PLAIN + "b,walk,7,8,9\n", r"line 5: 5 fields"),
    "a long and a short row": (HEADER + "b,walk,7,8,9\nb,walk,7\n", r"line 2: 5 fields"),
    "a short and a long row": (HEADER + "b,walk,7\nb,walk,7,8,9\n", r"line 2: 3 fields"),
    "a long row among right ones": (PLAIN + "b,walk,7,8,9\nb,walk,7\n", r"line 5: 5 fields"),
    "all rows longer": (HEADER + "b,walk,7,8,9\n", r"line 2: 5 fields"),
    "no header, labels first": ("walk,a,1,2\nrun,a,3,4\nwalk,b,1,2\n", "no header"),
    "a short row after a blank line": (PLAIN + "\nb,walk,7\n", r"line 6: 3 fields"),
    "a short row that a quoted comma makes up for": (HEADER + '"a,b",walk,7,8\nb,walk,7\n', r"line 3: 3 fields"),
    "nan": (PLAIN + "b,walk,7,nan\n", r"line 5.*'nan' is not a finite number"),
    "infinity": (PLAIN + "b,walk,7,inf\n", r"line 5.*'inf' is not"),
    "too large": (PLAIN + "b,walk,7,1e999\n", r"line 5.*'1e999' is not"),
    "truth values": (HEADER + "b,walk,True,True\n", r"line 2.*'True' is not"),
    "one cell after quoted lines": (HEADER + '"a\nb",walk,7,8\nb,walk,7,x\n', r"line 4.*'x' is not"),
    "point and comma": (PLAIN.replace(",", ";") + 'b;walk;7,5;8\n', r"decimal comma and '1.28' a decimal point"),
    "thousands or decimals": (HEADER + 'a,x,"1,280","6,600"\n', r"line 2.*'1,280' could be 1280 or 1.280"),
    "clock and plain": (HEADER + "a,x,0:01,0:05\nb,x,1.30,2\n", r"line 3.*'1.30' among times like '0:01'"),
    "a clock with frames": (HEADER + "a,x,00:00:01:12,00:00:02:00\n", r"line 2.*frames within the second"),
    "sixty seconds": (HEADER + "a,x,0:01,0:61\n", r"line 2.*'0:61' is not a time"),
    "an open quote": (HEADER + 'a,"x,1,2\nb,x,1,2\n', r"line 2: not valid CSV"),
    "no header and three texts": ("a,x,y,1,2\n", "no header, and it is not clear what the columns hold"),
    "no header and durations": ("a,x,9,3\na,y,19,3\n", "no header"),
    "empty": ("", "empty file"),
    "only blanks": ("\n \n", "empty file"),
    "only a separator": ("sep=;\n", "empty file"),
    "only empty cells": (",,,\n,,,\n", "empty file"),
    "an empty cell": ('""', "empty file"),
    "frames by name": ("video,label,start_frame,end_frame\na,x,1,2\n", r"frame rate of video 'a'.*\n.*--videos"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_may_mean_two_things_is_refused_with_its_place(tmp_path: Path, name: str) -> None:
    content, message = REFUSED[name]
    with pytest.raises(InputInvalid, match=message):
        rows(write(tmp_path, content))


def test_blanks_around_a_quoted_cell_stay(tmp_path: Path) -> None:
    path = write(tmp_path, 'video_id,label,start,end\n" a ", "x, y" ,1,2\n a , b ,1,2\n')
    assert table_file.read(path).texts(0).tolist() == [" a ", "a"]
    assert table_file.read(path).texts(1).tolist() == ["x, y", "b"]


def test_ids_that_look_like_numbers_stay_texts(tmp_path: Path) -> None:
    text = "video_id,label,start,end\n0012,NA,1,2\n12,007,1,2\nnull,7,1,2\n1e5,1.0,1,2\n"
    assert [row[:2] for row in rows(write(tmp_path, text))] == [
        ("0012", "NA"), ("12", "007"), ("null", "7"), ("1e5", "1.0"),
    ]  # fmt: skip


def test_columns_can_be_named_and_joined(tmp_path: Path) -> None:
    path = write(tmp_path, "File;verb;noun;von;bis;label\na;take;plate;1;2;9\n")
    how = LabelOptions(columns="video=file, label=verb+noun, start=von, end=bis")
    assert rows(path, how) == [("a", "take plate", 1.0, 2.0)]
    with pytest.raises(InputInvalid, match=r"no column 'vn'.*--columns.*\n.*File,verb"):
        rows(path, LabelOptions(columns="video=file,label=vn"))


@pytest.mark.parametrize("columns", ["label", "label=", "lable=x", "start=a+b", "label=a,label=b", "label=a+"])
def test_columns_of_another_form_are_refused(columns: str) -> None:
    with pytest.raises(UsageError):
        LabelOptions(columns=columns)


def test_units_can_be_told(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + "a,x,1280,6600\n")
    assert rows(path, LabelOptions(time_unit=TimeUnit.MILLISECONDS)) == [("a", "x", 1.28, 6.6)]
    media = {"a": Media(path=Path("a.mp4"), length=300, rate=25, steady=True)}
    found = csv.read_annotations(path, LabelOptions(time_unit=TimeUnit.FRAMES), media).segments
    assert found.iloc[0].tolist() == ["a", "x", 51.2, 264.0]
    rate = write(tmp_path, "video,label,start,end,fps\na.mp4,x,30,60,30\n", "r.csv")
    assert rows(rate, LabelOptions(time_unit=TimeUnit.FRAMES)) == [("a.mp4", "x", 1.0, 2.0)]
    clock = write(tmp_path, HEADER + "a,x,0:01,0:02\n", "c.csv")
    with pytest.raises(UsageError, match="--time-unit"):
        rows(clock, LabelOptions(time_unit=TimeUnit.MILLISECONDS))


def test_workbooks_are_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    import datetime

    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (["Video", "Action", "Start", "End"], ["a", "walk", 1.28, 6.6], [None] * 4, ["a", "run", 9.56, 13.28]):
        sheet.append(row)
    sheet.append(["b", "walk", 0, 65.5])
    book.save(tmp_path / "t.xlsx")
    assert rows(tmp_path / "t.xlsx") == ROWS
    sheet.append(["b", "walk", datetime.time(0, 6), datetime.time(0, 7)])
    sheet["C6"].number_format = "h:mm"
    book.save(tmp_path / "t.xlsx")
    with pytest.raises(InputInvalid, match=r"line 6.*hours and minutes"):
        rows(tmp_path / "t.xlsx")
    (tmp_path / "broken.xlsx").write_bytes((tmp_path / "t.xlsx").read_bytes()[:500])
    with pytest.raises(InputInvalid, match="not a workbook"):
        rows(tmp_path / "broken.xlsx")


def test_a_workbook_without_the_package_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(UsageError, match=r"openpyxl.*\n.*bineego\[xlsx\]"):
        rows(write(tmp_path, b"PK\x03\x04", "t.xlsx"))


@given(st.text(st.characters(exclude_characters="\0"), max_size=60))
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    try:
        content = text.encode()
    except UnicodeEncodeError:
        return
    path = write(tmp_path_factory.mktemp("any"), content)
    for reader in (csv.read_annotations, csv.read_predictions):
        with contextlib.suppress(BineegoError):
            reader(path)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = write(tmp_path_factory.mktemp("any"), HEADER.encode() + content)
    with contextlib.suppress(BineegoError):
        csv.read_annotations(path)


@pytest.mark.parametrize("name", ["subsett", "subse", "sibset", "ubset", "sbuset"])
def test_slips(name: str) -> None:
    assert is_slip(name, "subset")


@pytest.mark.parametrize("name", ["subset", "sub", "subsetss", "busset2"])
def test_no_slips(name: str) -> None:
    assert not is_slip(name, "subset")


def test_real_tables_all_say_the_same(shared: Path) -> None:
    from bineego.formats.names import match
    from bineego.formats.read import read_annotations

    folder = shared / "data/labels-as-written"
    wanted = csv.read_annotations(folder / "labels.csv").segments
    files = [path for path in sorted(folder.iterdir()) if path.name != "truth.csv"]
    assert len(files) == 7
    for path in files:
        found = read_annotations(path).segments
        matched = match(found["video_id"], wanted["video_id"])
        found["video_id"] = [matched.get(video, video) for video in found["video_id"]]
        assert found.equals(wanted), path.name


cells = st.text(st.sampled_from('ab01." ,\n'), max_size=4)
quoted = cells.map(lambda cell: '"' + cell.replace('"', '""') + '"')
lines = st.lists(st.one_of(cells, quoted), min_size=1, max_size=4).map(",".join)


@settings(max_examples=200, deadline=None)
@given(st.lists(lines, min_size=1, max_size=5), st.sampled_from(["\n", "\r\n"]))
def test_the_fast_way_reads_what_the_careful_one_does(rows_: list[str], end: str) -> None:
    text = end.join(["video,start,label", *rows_]) + end
    opened = table_file._Text(text=text, separator=",", path=Path("t.csv"), first_line=1, notes=())
    try:
        fast = opened.fast(lambda name: name == "start")
    except InputInvalid:
        return  # a quote that does not end
    if fast is None:
        return
    careful = opened.careful()
    assert fast.header == careful.header
    assert list(fast.lines()) == list(careful.lines())
    for column, name in enumerate(fast.header):
        mine, theirs = fast.texts(column).tolist(), careful.texts(column).tolist()
        assert mine == theirs if name != "start" or fast.numbers(column) is None else list(map(float, theirs))
