"""Tables as people and spreadsheets write them: any separator, encoding and quoting, as columns of texts.

What a table says is not changed here; only what is no part of it goes: blanks around unquoted fields, rows and nameless
columns in which every cell is empty. A row of another length, a broken quote and a doubled column are refused with
the line. What was guessed about the file stands in `Table.notes`.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bineego.errors import InputInvalid
from bineego.files import read_bytes
from bineego.formats import text as texts
from bineego.formats import xlsx
from bineego.types import Bools, Floats, Ints

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

Column = NDArray[np.object_]

Numeric = Callable[[str], bool]
"""Tells from its name whether a column surely holds plain numbers."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Coded:
    """A column (N,) of texts, each distinct one kept once.

    Attributes:
        codes: (N,), into `names`.
        names: the distinct texts.
    """

    codes: Ints
    names: Sequence[str]

    @classmethod
    def of(cls, texts: Sequence[str] | Column) -> Coded:
        """A column from its texts (N,)."""
        array = texts if isinstance(texts, np.ndarray) else np.empty(len(texts), object)
        if array is not texts:
            array[:] = texts
        codes, names = pd.factorize(array)
        return cls(codes=codes.astype(np.int64, copy=False), names=names.tolist())

    def __len__(self) -> int:
        return len(self.codes)

    def texts(self, change: Callable[[str], str] = str) -> Column:
        """All texts (N,), with a change made to each."""
        names = np.empty(len(self.names), object)
        names[:] = [change(name) for name in self.names]
        texts: Column = names[self.codes]
        return texts

    def blank(self) -> Bools:
        """Which cells (N,) hold nothing but blanks."""
        return np.array([not name.strip() for name in self.names], bool)[self.codes]

    def rows(self, rows: Ints) -> Coded:
        """Some rows of it."""
        return Coded(codes=self.codes[rows], names=self.names)


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """A table of K columns and N rows.

    Attributes:
        path: the file.
        header: the first row (K,), without blanks around its names.
        columns: K columns (N,), as they stand in the file: use `texts`, or `numbers` for those read as numbers at once.
        lines: gives the line (from 1) of every row (N,); the header's is `header_line`.
        header_line: line of the header.
        guard: character around quoted blanks; empty if there are none.
        notes: what was guessed about the file.
    """

    path: Path
    header: tuple[str, ...]
    columns: tuple[Coded | Floats, ...]
    lines: Callable[[], Sequence[int]]
    header_line: int = 1
    guard: str = ""
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else 0

    def texts(self, column: int) -> Column:
        """The texts (N,) of a column, without blanks around those that are not quoted."""
        cells = self.columns[column]
        if isinstance(cells, Coded):
            return cells.texts(self._bare)
        return Coded.of([repr(number) for number in cells.tolist()]).texts()

    def numbers(self, column: int) -> Floats | None:
        """The finite numbers (N,) of a column, if it was read as such."""
        cells = self.columns[column]
        return None if isinstance(cells, Coded) else cells

    def line(self, row: int) -> int:
        """Line of a row in the file."""
        return self.lines()[row]

    def where(self, row: int, column: int | None = None) -> str:
        """Place of a row or a cell, for messages."""
        place = f"{self.path}, line {self.line(row)}"
        return place if column is None or not self.header else f"{place}, column {self.header[column]!r}"

    def without_header(self) -> Table:
        """The same table if its first row is data."""
        columns = tuple(
            Coded.of([name, *self.texts(i).tolist()]) for i, name in enumerate(self.header)
        )  # quoted blanks have no guard any more
        lines, header_line = self.lines, self.header_line
        return replace(self, header=(), columns=columns, lines=lambda: [header_line, *lines()], guard="")

    def _bare(self, text: str) -> str:
        text = text.strip()
        if self.guard:
            text = text.removeprefix(self.guard).removesuffix(self.guard)
        return text


def read(path: Path, numeric: Numeric = lambda _name: False) -> Table:
    """Read a table from a text file or a spreadsheet (.xlsx).

    Args:
        path: the file.
        numeric: columns to read as numbers at once, where all cells of all of them are plain ones.

    Raises:
        InputMissing: it cannot be read.
        InputInvalid: it is no table, or a row has another length than the header.
    """
    path = Path(path)
    content = read_bytes(path)
    if xlsx.is_workbook(content):
        sheet = xlsx.read(path)
        return _of_rows(sheet.rows, path, notes=sheet.notes)
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


def quoted(text: str) -> str:
    """A cell as it is written: in quotes if a reader might otherwise take something off it or part it."""
    if text == text.strip() and not any(sign in text for sign in ',"\r\n\t'):
        return text
    return '"' + text.replace('"', '""') + '"'


def csv_line(cells: Sequence[str]) -> str:
    """A row of a CSV file, with its end. (Python's own writer leaves a carriage return without quotes.)"""
    return ",".join(map(quoted, cells)) + "\n"


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
        """The table as pandas reads it; None where pandas might be lenient in silence: `careful` decides then."""
        if '"' in self.text and self._odd_quotes():
            return None
        names, first = self._first_rows()
        if not self._is_even(len(names)):
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
        return _without_empty(
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
        return _of_rows(replace(self, text=text)._rows(), self.path, notes=self.notes, guard=guard)

    def _odd_quotes(self) -> bool:
        """Whether a quote stands within a cell, or a blank beside one: all others begin or end a cell."""
        parts = f"\n{self.text}\n".split('"')
        outside, inside = parts[::2], parts[1::2]
        if len(outside) == len(inside) or not all(outside):  # one that does not end; a doubled one
            return True
        before, after = {part[-1] for part in outside[:-1]}, {part[0] for part in outside[1:]}
        if not before <= {self.separator, "\n"} or not after <= {self.separator, "\n", "\r"}:
            return True
        return any(part[:1].isspace() or part[-1:].isspace() for part in inside)

    def _is_even(self, width: int) -> bool:
        """Whether all lines have so many cells; pandas would fill up or cut off others in silence."""
        bare = '"'.join(self.text.split('"')[::2])  # nothing between quotes counts
        return {line.count(self.separator) for line in bare.split("\n") if line.strip()} <= {width - 1}

    def _first_rows(self) -> tuple[list[str], list[str]]:
        rows = (row for _, row in self._rows() if not _is_blank(row))
        return next(rows), next(rows, [])

    def _parse(self, types: Mapping[int, type], width: int) -> pd.DataFrame | None:
        """All rows after the header; None if pandas cannot."""
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


def _of_rows(rows: Iterator[tuple[int, list[str]]], path: Path, *, notes: tuple[str, ...], guard: str = "") -> Table:
    """A table from its rows with their lines; empty ones are no part of it."""
    lines: list[int] = []
    kept: list[list[str]] = []
    width = 0
    for line, row in rows:
        if not any(cell and not cell.isspace() for cell in row):
            continue
        if not kept:
            named = [i for i, cell in enumerate(row) if cell.strip()]
            width = len(row)
            needed = named[-1] + 1
        elif len(row) != width:
            row = _of_width(row, width, needed, f"{path}, line {line}")
        lines.append(line)
        kept.append(row)
    if not kept:
        raise InputInvalid("empty file: not even a header", where=path)
    columns = tuple(Coded.of(values[1:]) for values in zip(*kept, strict=True))
    table = Table(
        path=path,
        header=tuple(name.strip().strip(guard or None) for name in kept[0]),
        columns=columns,
        lines=lambda: lines[1:],
        header_line=lines[0],
        guard=guard,
        notes=notes,
    )
    return _without_empty(table)


def _of_width(row: list[str], width: int, needed: int, where: str) -> list[str]:
    """A row as long as the header: empty cells at its end do not count, on either side."""
    filled = len(row)
    while filled > width and not row[filled - 1].strip():
        filled -= 1
    if filled > width or len(row) < needed:
        raise InputInvalid(f"{filled} fields, the header has {width} ({row[0]!r})", where=where)
    return (row + [""] * width)[:width]


def _without_empty(table: Table) -> Table:
    """A table without the rows and the nameless columns in which every cell is empty."""
    empty = [cells.blank() if isinstance(cells, Coded) else np.zeros(len(table), bool) for cells in table.columns]
    named = [i for i, name in enumerate(table.header) if name or not empty[i].all()]
    columns, lines = table.columns, table.lines
    blank = np.logical_and.reduce(empty) if empty else np.zeros(0, bool)
    if blank.any():
        kept = np.flatnonzero(~blank)
        columns = tuple(cells.rows(kept) if isinstance(cells, Coded) else cells[kept] for cells in columns)
        every = table.lines

        def lines() -> Sequence[int]:
            numbers = every()
            return [numbers[row] for row in kept.tolist()]

    return replace(
        table,
        header=tuple(table.header[i] for i in named),
        columns=tuple(columns[i] for i in named),
        lines=lines,
    )
