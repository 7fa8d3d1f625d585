"""Table files as people and spreadsheets write them: any separator, encoding and quoting.

What a table says is not changed here. A broken quote and a row of another length are refused with the line.
`Table.notes` says what was guessed about the file.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bineego.errors import InputInvalid
from bineego.files import read_bytes
from bineego.formats import text as texts
from bineego.formats import xlsx
from bineego.formats.table import Coded, Table, of_rows, without_empty
from bineego.types import Floats

SEPARATORS = ",;\t|"
SEPARATOR_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "upright bars"}

SAMPLE = 1 << 16
"""Characters that `csv.Sniffer` looks at."""

SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\r?\n', re.IGNORECASE)
"""A first line by which spreadsheets are told the separator."""

GUARDS = "\ue000\ue001\ue002\ue003"
"""Characters of no meaning: one that a file does not hold keeps the blanks at the ends of its quoted fields."""

EXACT: dict[str, Any] = (
    {} if tuple(map(int, pd.__version__.split(".")[:2])) >= (3, 1) else {"float_precision": "round_trip"}
)
"""Makes pandas read a number to the nearest float64, as Python does; from 3.1 on it does so anyway."""

Numeric = Callable[[str], bool]
"""Tells from its name whether a column surely holds plain numbers."""


def read(path: Path, numeric: Numeric = lambda _name: False) -> Table:
    """Read a table from a text file or a spreadsheet (.xlsx).

    Args:
        path: the file.
        numeric: columns to read as numbers at once, where all cells of all of them are plain ones.

    Raises:
        InputMissing: it cannot be read.
        InputInvalid: it is not a table, or a row is not as long as the header.
    """
    path = Path(path)
    content = read_bytes(path)
    if xlsx.is_workbook(content):
        sheet = xlsx.read(path)
        return of_rows(sheet.rows, path, notes=sheet.notes)
    text, encoding = texts.decode(content, where=path)
    notes = () if encoding == "utf-8" else (f"read as {encoding.replace('cp', 'Windows-')} text",)
    if "\r" in text and "\n" not in text:  # as old programs end their lines
        text = text.replace("\r", "\n")
    if not text.strip():
        raise InputInvalid("empty file: not even a header", where=path)
    told = SEPARATOR_LINE.match(text)
    body = text[told.end() :] if told else text
    separator = told[1] if told else choose_separator(body, path)
    if separator != ",":
        notes = (*notes, f"columns separated by {SEPARATOR_NAMES.get(separator, repr(separator))}")
    opened = _Text(text=body, separator=separator, path=path, first_line=2 if told else 1, notes=notes)
    return opened.fast(numeric) or opened.careful()


def choose_separator(text: str, path: Path) -> str:
    """The separator of a table: the one that makes most columns of its first line, if that is clear, or Python's guess.

    Raises:
        InputInvalid: it stays unclear.
    """
    sample = _whole_lines(text.lstrip("\r\n"))
    lines = [line for line in sample.splitlines() if line.strip()]
    first = lines[0]
    counts = {separator: _fields(first, separator) for separator in SEPARATORS}
    several = [separator for separator, count in counts.items() if count > 1]
    if len(several) == 1:
        return several[0]
    if not several:
        return ","  # a single column
    # A comma may be decimal, the others are never part of a number.
    even = [
        separator for separator in several
        if separator != "," and {_fields(line, separator) for line in lines} == {counts[separator]}
    ]  # fmt: skip
    if len(even) == 1 and counts[even[0]] > 2:
        return even[0]
    try:
        return csv.Sniffer().sniff(sample, delimiters="".join(several)).delimiter
    except csv.Error:
        names = " or ".join(SEPARATOR_NAMES[separator] for separator in several)
        raise InputInvalid(
            f"columns could be separated by {names}", where=path, remedy="add a first line such as sep=;"
        ) from None


def _fields(line: str, separator: str) -> int:
    try:
        return len(next(csv.reader([line], delimiter=separator, skipinitialspace=True)))
    except csv.Error:
        return 0


def _whole_lines(text: str) -> str:
    return text if len(text) <= SAMPLE else text[: text.rfind("\n", 0, SAMPLE) + 1] or text[:SAMPLE]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Text:
    """The text of a table, and what separates its columns."""

    text: str
    separator: str
    path: Path
    first_line: int
    notes: tuple[str, ...]

    def fast(self, numeric: Numeric) -> Table | None:
        """The table as pandas reads it; None where pandas might be silently lenient: then `careful` decides."""
        if '"' in self.text and self._odd_quotes():
            return None
        names, first = self._first_rows()
        if not names or not self._is_even(len(names)):
            return None
        numbers = [
            i for i, (name, cell) in enumerate(zip(names, first, strict=False)) if numeric(name) and _is_number(cell)
        ]
        frame = self._parse(dict.fromkeys(numbers, np.float64), len(names)) if numbers else None
        if frame is None or not np.isfinite(frame[numbers].to_numpy()).all():
            frame = self._parse({}, len(names))
        if frame is None:
            return None
        columns = [_column(frame[k]) for k in frame]
        line = next(line for line, row in self._rows() if not _is_blank(row))
        return without_empty(
            Table(
                path=self.path, header=tuple(name.strip() for name in names), columns=tuple(columns),
                lines=lambda: [line for line, row in self._rows() if not _is_blank(row)][1:],
                header_line=line, notes=self.notes,
            )
        )  # fmt: skip

    def careful(self) -> Table:
        """The table by Python's reader: slower, but it tells the line of everything that is wrong."""
        guard, text = "", self.text
        if re.search(r'"\s|\s"', text):
            guard = next(mark for mark in GUARDS if mark not in text)
            text = _guarded(text, self.separator, guard)
        return of_rows(replace(self, text=text)._rows(), self.path, notes=self.notes, guard=guard)

    def _odd_quotes(self) -> bool:
        """Whether there is a quote within a cell, or a blank beside one: all others begin or end a cell."""
        parts = f"\n{self.text}\n".split('"')
        outside, inside = parts[::2], parts[1::2]
        if len(outside) == len(inside) or not all(outside):  # one that does not end; a doubled one
            return True
        before, after = {part[-1] for part in outside[:-1]}, {part[0] for part in outside[1:]}
        if not before <= {self.separator, "\n"} or not after <= {self.separator, "\n", "\r"}:
            return True
        return any(part[:1].isspace() or part[-1:].isspace() for part in inside)

    def _is_even(self, width: int) -> bool:
        """Whether all lines have this many cells; pandas would silently pad or cut others."""
        bare = '"'.join(self.text.split('"')[::2])  # nothing between quotes counts
        return {line.count(self.separator) for line in bare.split("\n") if line.strip()} <= {width - 1}

    def _first_rows(self) -> tuple[list[str], list[str]]:
        rows = (row for _, row in self._rows() if not _is_blank(row))
        return next(rows, []), next(rows, [])

    def _parse(self, types: Mapping[int, type], width: int) -> pd.DataFrame | None:
        """All rows after the header; None if pandas cannot."""
        if "\0" in self.text:  # older releases end a text there
            return None
        wanted: Any = {i: types.get(i, object) for i in range(width)}  # "category" would take 007 for 7
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", pd.errors.ParserWarning)  # a row that is cut off
                frame: pd.DataFrame = pd.read_csv(
                    io.StringIO(self.text), sep=self.separator, header=0, names=list(range(width)), index_col=False,
                    dtype=wanted, na_filter=False, quoting=csv.QUOTE_MINIMAL, engine="c", low_memory=False,
                    **EXACT,
                )  # fmt: skip
        except (ValueError, pd.errors.ParserError, pd.errors.EmptyDataError, pd.errors.ParserWarning):
            return None
        return frame

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """All rows with their lines.

        Raises:
            InputInvalid: a quote that does not end, or more after it.
        """
        stream = io.StringIO(self.text, newline="")
        reader = csv.reader(stream, delimiter=self.separator, strict=True, skipinitialspace=True)
        while True:
            line = reader.line_num + self.first_line
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise InputInvalid(f"not valid CSV ({error})", where=f"{self.path}, line {line}") from error
            yield line, row


def _is_blank(row: list[str]) -> bool:
    """Whether a line holds nothing: such lines are passed over."""
    return len(row) < 2 and not "".join(row).strip()


def _is_number(cell: str) -> bool:
    """Whether pandas takes a cell for a number only if it is one (a column of "True" would be ones)."""
    return cell.strip()[:1] in "+-.0123456789" and cell.strip() != ""


def _column(cells: pd.Series) -> Coded | Floats:
    return cells.to_numpy() if cells.dtype == np.float64 else Coded.of(cells.to_numpy())


def _guarded(text: str, separator: str, guard: str) -> str:
    """The text with `guard` before and after blanks at the ends of quoted fields, and no blanks around the quotes."""
    edge = re.escape(separator)
    quoted = re.compile(rf'(?<![^{edge}\r\n])[ \t]*"((?:[^"]|"")*)"[ \t]*(?=[{edge}\r\n]|\Z)')

    def kept(match: re.Match[str]) -> str:
        inside = match[1]
        before = guard if inside[:1].isspace() else ""
        after = guard if inside[-1:].isspace() else ""
        return f'"{before}{inside}{after}"'

    return quoted.sub(kept, text)
