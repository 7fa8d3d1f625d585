"""CSV as a tool writes it: commas, a header of fixed names, rows of one length. What differs is refused with its line.

Tables that people make are read by `table`, which is lenient.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

from bineego.errors import InputInvalid
from bineego.files import read_bytes
from bineego.formats import text

Row = tuple[int, list[str]]
"""Line (from 1) and cells as they stand in the file."""


def read(path: Path, *, comment: str = "") -> tuple[tuple[str, ...], Iterator[Row]]:
    """The header, without blanks around its names, and the rows that are not empty.

    Args:
        comment: how lines begin that are none; empty = there are no such lines.

    Raises:
        InputMissing: it cannot be read.
        InputInvalid: it is empty; or, on the way, a row of another length, or a broken quote.
    """
    lines = io.StringIO(text.decode(read_bytes(path), where=path)[0], newline="")  # breaks in quoted cells stay
    found = rows(("\n" if comment and line.startswith(comment) else line for line in lines), path)
    first = next(found, None)
    if first is None:
        raise InputInvalid("empty file: not even a header", where=path)
    header = tuple(name.strip() for name in first[1])
    return header, _even(found, len(header), path)


def rows(lines: Iterable[str], path: Path, *, separator: str = ",", before: int = 0) -> Iterator[Row]:
    """The rows that are not empty.

    Args:
        lines: of the file, with their ends if cells may hold some.
        before: lines of it that come before these.

    Raises:
        InputInvalid: a broken quote.
    """
    reader = csv.reader(lines, delimiter=separator, strict=True)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield before + reader.line_num, row
    except csv.Error as error:
        raise InputInvalid(f"not valid CSV ({error})", where=f"{path}, line {before + reader.line_num}") from error


def _even(rows: Iterator[Row], width: int, path: Path) -> Iterator[Row]:
    for line, row in rows:
        if len(row) != width:
            raise InputInvalid(f"{len(row)} fields, the header has {width}", where=f"{path}, line {line}")
        yield line, row
