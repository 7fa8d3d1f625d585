"""Events that BORIS exports as a table: tabular (a row for each start and stop) and aggregated (a row for each event).

    Observation id, ..., Source, Time offset (s), ..., Subject, Behavior, ..., Behavior type, Time, Media file name, ...
    Observation id, ..., Source, ..., Subject, ..., Behavior, ..., Behavior type, Start (s), Stop (s), ...

Older versions of the tabular export have free lines before the header, and call the columns `Status` and `Media file
path`. Times run through all media files of an observation, as in a project. Source: exports of BORIS 7, 8 and 10.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bineego.errors import InputInvalid
from bineego.files import read_bytes
from bineego.formats import json, text, tool_csv, xlsx
from bineego.formats.annotations import Annotations
from bineego.formats.boris_events import Behaviours, Event, never_stops
from bineego.formats.boris_project import SCORE_COMMENT
from bineego.formats.format import Format, LabelFile
from bineego.formats.options import LabelOptions

SEPARATORS = ("\t", ",", ";")
BEHAVIOR, SUBJECT, START, STOP, TIME = "behavior", "subject", "start (s)", "stop (s)", "time"
STATUS = ("behavior type", "status")
"""START, STOP or POINT of an event; STATE or POINT in the aggregated table, which does not need it."""

FILE = ("media file name", "media file path", "media file")
NO_SUBJECT = ("no focal subject", "")
HEADER_WITHIN = 100
"""Lines that may come before the header of an older export."""

NOT_FOUND = ("", "NA", "Not found")
PLAYER_FILES = re.compile(r"player #(\d+):\s*", re.IGNORECASE)

Row = Mapping[str, str]
"""A row of the table by its column names in small letters."""


@dataclass(frozen=True, kw_only=True)
class _Export:
    """Rows with their lines, and what free lines before the header say."""

    rows: Sequence[tuple[int, Row]]
    head: Mapping[str, str]


def _header_line(lines: Sequence[str]) -> tuple[int, str] | None:
    """Number of the line with the column names, and what separates them; None = no such table."""
    for number, line in enumerate(lines[:HEADER_WITHIN]):
        for separator in SEPARATORS:
            names = _names(line, separator)
            tabular = TIME in names and any(status in names for status in STATUS)
            if BEHAVIOR in names and ((START in names and STOP in names) or tabular):
                return number, separator
    return None


def _names(line: str, separator: str) -> list[str]:
    try:
        return [name.strip().casefold() for name in next(csv.reader([line], delimiter=separator), [])]
    except csv.Error:
        return []


def _is_export(source: LabelFile) -> bool:
    """BORIS names its columns with capitals; with subjects they are surely its."""
    if xlsx.is_workbook(source.head):
        lines = _workbook_lines(source.path, most=HEADER_WITHIN)
    elif source.is_json or "Behavior" not in source.text:
        return False
    else:
        lines = source.text.splitlines()
    found = _header_line(lines)
    return found is not None and SUBJECT in _names(lines[found[0]], found[1])


def _parse(path: Path) -> _Export:
    content = read_bytes(path)
    is_workbook = xlsx.is_workbook(content)
    lines = _workbook_lines(path) if is_workbook else text.decode(content, where=path)[0].splitlines()
    found = _header_line(lines)
    if found is None:
        raise InputInvalid("no header with 'Behavior' and 'Time', or 'Start (s)' and 'Stop (s)'", where=path)
    first, separator = found
    header = _names(lines[first], separator)
    rows: list[tuple[int, Row]] = []
    for line, fields in tool_csv.rows(lines[first + 1 :], path, separator=separator, before=first + 1):
        if len(fields) > len(header):
            raise InputInvalid(f"{len(fields)} fields, the header has {len(header)}", where=f"{path}, line {line}")
        fields += [""] * (len(header) - len(fields))
        rows.append((line, dict(zip(header, (field.strip() for field in fields), strict=True))))
    pairs = [_names_kept(line, separator) for line in lines[:first]]
    return _Export(rows=rows, head={pair[0].casefold(): pair[1] for pair in pairs if len(pair) > 1})


def _workbook_lines(path: Path, most: int | None = None) -> list[str]:
    """The first `most` rows of a workbook's first sheet, cells separated by tabs; none if it cannot be read here.

    Not `xlsx.read`, which refuses the dates that BORIS writes beside the times.
    """
    try:
        import openpyxl

        sheet = openpyxl.load_workbook(path, read_only=True, data_only=True).worksheets[0]
        rows = sheet.iter_rows(max_row=most, values_only=True)
        return ["\t".join("" if cell is None else " ".join(str(cell).split()) for cell in row) for row in rows]
    except Exception:  # damaged zip files fail in many ways; the reader of tables says what is wrong
        return []


def _names_kept(line: str, separator: str) -> list[str]:
    return [name.strip() for name in next(csv.reader([line], delimiter=separator), [])]


def _read(source: LabelFile, how: LabelOptions) -> Behaviours:
    path = source.path
    export = _parse(path)
    found = Behaviours(path=path, how=how, media=source.media)
    by_observation: dict[str, list[tuple[int, Row]]] = {}
    for line, row in export.rows:
        name = row.get("observation id") or export.head.get("observation id") or path.stem
        by_observation.setdefault(name, []).append((line, row))
    for name, rows in by_observation.items():
        where = f"{path}, observation {name!r}"
        events = _aggregated(rows, path) if START in rows[0][1] else _tabular(rows, path)
        found.add(name, _observation(rows, export.head, where), list(events), where)
    return found


def _observation(rows: Sequence[tuple[int, Row]], head: Mapping[str, str], where: str) -> dict[str, Any]:
    """The media files of an observation in the form of a project."""
    first = rows[0][1]
    source = first.get("source") or first.get("media file") or ""
    files = _player_files(source) if PLAYER_FILES.search(source) else {}
    if not files:  # older exports name the file of each event only
        named = (next((row[name] for name in FILE if name in row), "") for _, row in rows)
        files = {"1": list(dict.fromkeys(name for name in named if name not in NOT_FOUND))}
        if len(files["1"]) > 1:
            raise InputInvalid(
                "the events are in several media files, and this export does not say whether there are more",
                where=where,
                remedy="use the project (.boris) instead",
            )
    durations = (first.get("media duration (s)") or "").split("|")[0].split(";")
    lengths = dict(zip(files.get("1", ()), map(json.number, durations), strict=False))
    return {
        "file": files,
        "time offset": first.get("time offset (s)") or head.get("time offset (s)") or 0.0,
        "media_info": {"length": {path: length for path, length in lengths.items() if length is not None}},
    }


def _player_files(source: str) -> dict[str, list[str]]:
    """Files by player, from `player #1:a.mp4;b.mp4|player #2:c.mp4`."""
    parts = PLAYER_FILES.split(source)
    return {
        player: [file for file in files.rstrip("| ").split(";") if file]
        for player, files in zip(parts[1::2], parts[2::2], strict=True)
    }


def _aggregated(rows: Sequence[tuple[int, Row]], path: Path) -> Iterator[Event]:
    for line, row in rows:
        where = f"{path}, line {line}"
        start = _time(row[START], "Start (s)", where)
        point = row.get(STATUS[0], "").upper() == "POINT"
        end = start if point and not row[STOP].strip("NA") else _time(row[STOP], "Stop (s)", where)
        yield _event(row, start, end, point, where)


def _tabular(rows: Sequence[tuple[int, Row]], path: Path) -> Iterator[Event]:
    began: dict[tuple[str, str, str], Event] = {}
    for line, row in rows:
        where = f"{path}, line {line}"
        status = next(row[name] for name in STATUS if name in row).upper()
        time = _time(row[TIME], "Time", where)
        event = _event(row, time, time, status == "POINT", where)
        key = (event.subject, event.code, event.modifier)
        if status == "POINT":
            yield event
        elif status == "START" and key not in began:
            began[key] = event
        elif status == "STOP" and key in began:
            yield replace(began.pop(key), end=time)
        else:
            problem = "starts again before it stops" if status == "START" else "stops but never started"
            known = status in ("START", "STOP")
            raise InputInvalid(
                f"{event.code!r} {problem}" if known else f"{status!r} is not START, STOP or POINT", where=where
            )
    if began:
        raise never_stops(next(iter(began.values())), str(path))


def _event(row: Row, start: float, end: float, point: bool, where: str) -> Event:
    if not row[BEHAVIOR]:
        raise InputInvalid("Behavior is empty", where=where)
    subject = row.get(SUBJECT, "")
    modifiers = [value for name, value in row.items() if name.startswith("modifier") and value]
    score = SCORE_COMMENT.fullmatch(row.get("comment start") or row.get("comment") or "")
    return Event(
        subject="" if subject.casefold() in NO_SUBJECT else subject,
        code=row[BEHAVIOR],
        modifier="|".join(modifiers),
        start=start,
        end=end,
        point=point,
        score=json.number(score[1]) if score else None,
    )


def _time(value: str, column: str, where: str) -> float:
    time = json.number(value.replace(",", "."))
    if time is None:
        raise InputInvalid(
            f"{column} is not a finite number: {value!r}", where=where, remedy="export with times in seconds"
        )
    return time


def _annotations(source: LabelFile, how: LabelOptions) -> Annotations:
    return _read(source, how).annotations()


def _predictions(source: LabelFile, how: LabelOptions) -> Annotations:
    return _read(source, how).predictions()


FORMAT = Format(
    name="boris-table",
    title="events that BORIS exported as a table",
    suffixes=(".tsv", ".csv", ".xlsx", ".txt"),
    recognises=_is_export,
    annotations=_annotations,
    predictions=_predictions,
)
