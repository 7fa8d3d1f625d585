"""Tables as columns of texts, whatever file they come from; and how a cell and a row of a CSV file are written.

Only what is no part of a table is left out: rows and nameless columns in which every cell is empty, and blanks around
cells that are not quoted. A row of another length than the header is refused with its line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bineego.errors import InputInvalid
from bineego.types import Bools, Floats, Ints

Column = NDArray[np.object_]


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
        columns: K columns (N,), as in the file: use `texts`, or `numbers` for those read as numbers at once.
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


def of_rows(rows: Iterator[tuple[int, list[str]]], path: Path, *, notes: tuple[str, ...], guard: str = "") -> Table:
    """A table from its rows with their lines; empty ones are dropped."""
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
    return without_empty(table)


def _of_width(row: list[str], width: int, needed: int, where: str) -> list[str]:
    """A row as long as the header: empty cells at its end do not count, on either side."""
    filled = len(row)
    while filled > width and not row[filled - 1].strip():
        filled -= 1
    if filled > width or len(row) < needed:
        raise InputInvalid(f"{filled} fields, the header has {width} ({row[0]!r})", where=where)
    return (row + [""] * width)[:width]


def without_empty(table: Table) -> Table:
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


def quoted(text: str) -> str:
    """A cell as it is written: in quotes if a reader might otherwise take something off it or part it."""
    if text == text.strip() and not any(sign in text for sign in ',"\r\n\t'):
        return text
    return '"' + text.replace('"', '""') + '"'


def csv_line(cells: Sequence[str]) -> str:
    """A row of a CSV file, with its end. (Python's own writer leaves a carriage return without quotes.)"""
    return ",".join(map(quoted, cells)) + "\n"
