"""Spreadsheets (.xlsx) as rows of texts."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bineego.errors import InputInvalid, UsageError

SUFFIX = ".xlsx"
MARK = b"PK\x03\x04"
"""A workbook is a zip file."""

NAME_ENDS = 100
"""Bytes within which the name of the first file in it appears."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sheet:
    """One sheet of a workbook.

    Attributes:
        rows: number and texts of each row.
        notes: what was guessed.
    """

    rows: Iterator[tuple[int, list[str]]]
    notes: tuple[str, ...] = ()


def is_workbook(content: bytes) -> bool:
    """Whether a file begins like a workbook, and not like another zip file that is around here: arrays (.npz)."""
    return content.startswith(MARK) and b".npy" not in content[:NAME_ENDS]


def read(path: Path) -> Sheet:
    """The first sheet of a workbook that holds anything, with times of the clock in seconds.

    Raises:
        UsageError: the package that reads workbooks is not installed.
        InputInvalid: the file is not a workbook, or is empty, or one of its times is ambiguous.
    """
    try:
        import openpyxl
    except ImportError:
        raise UsageError(
            "reading .xlsx needs the package openpyxl",
            where=path,
            remedy="pip install 'bineego[xlsx]', or save the sheet as CSV",
        ) from None
    try:
        book = openpyxl.load_workbook(path, data_only=True)
    except Exception as error:  # damaged zip files fail in many ways
        raise InputInvalid(
            f"not a workbook that can be read ({error})", where=path, remedy="save the sheet as CSV"
        ) from error
    sheets = [sheet for sheet in book.worksheets if any(any(cell is not None for cell in row) for row in sheet.values)]
    if not sheets:
        raise InputInvalid("empty file: not even a header", where=path)
    others = ", ".join(repr(sheet.title) for sheet in sheets[1:])
    notes = (f"sheet {sheets[0].title!r} is read, not {others}",) if others else ()
    return Sheet(rows=_rows(sheets[0], path), notes=notes)


def _rows(sheet: Any, path: Path) -> Iterator[tuple[int, list[str]]]:
    for number, row in enumerate(sheet.iter_rows(), start=1):
        yield number, [_text(cell, f"{path}, line {number}") for cell in row]


def _text(cell: Any, where: str) -> str:
    value = cell.value
    if isinstance(value, datetime.timedelta):
        return repr(value.total_seconds())
    if isinstance(value, datetime.datetime | datetime.date):
        raise InputInvalid(f"{value} is a date, not a time in a video", where=where, remedy="format the cells as text")
    if isinstance(value, datetime.time):
        if "s" not in cell.number_format.casefold():
            raise InputInvalid(
                f"{value:%H:%M} is in hours and minutes; minutes and seconds could be meant",
                where=where,
                remedy="format the cells as mm:ss, or as text, or write seconds",
            )
        seconds = 3600 * value.hour + 60 * value.minute + value.second + value.microsecond / 1e6
        return repr(seconds)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return "" if value is None else str(value)
