"""Texts as seconds: plain numbers with a point or a comma, and times of the clock such as 1:02.5 and 00:01:02,500."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bineego.errors import InputInvalid
from bineego.formats.table import Column
from bineego.types import Floats

NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d+)?(?:\s*s)?", re.IGNORECASE)
CLOCK = re.compile(r"(?:(\d+):)?(\d{1,3}):(\d{1,2}(?:[.,]\d+)?)")
FRAMES_CLOCK = re.compile(r"\d+:\d{1,2}:\d{1,2}[:;]\d{1,3}")
THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+\.\d+")
THREE_DIGITS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")

Where = Callable[[int], str]
"""Place of a row, for messages."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Numbers:
    """A column as numbers.

    Attributes:
        values: (N,); nan where the cell is empty.
        clock: whether they were times of the clock, and so are seconds.
        notes: how they were read, if not as plain numbers.
    """

    values: Floats
    clock: bool = False
    notes: tuple[str, ...] = ()


def parse(texts: Column, where: Where, *, blank: bool = False, comma: bool = False) -> Numbers:
    """A column (N,) as numbers.

    Args:
        texts: without blanks around them.
        where: tells the place of a row.
        blank: whether cells may be empty (nan).
        comma: whether a comma is surely decimal (commas do not separate columns), however many digits follow.

    Raises:
        InputInvalid: a cell is not a finite number, or is ambiguous; with the place of the first such row.
    """
    fast = _plainly(texts, blank)
    return Numbers(values=fast) if fast is not None else _carefully(texts, where, blank, comma)


def is_time(text: str) -> bool:
    """Whether a text is a number or a time of the clock."""
    return NUMBER.fullmatch(text) is not None or CLOCK.fullmatch(text) is not None


def all_times(texts: Column) -> bool:
    """Whether all cells (N,) are numbers or times of the clock."""
    return all(is_time(text) for text in texts.tolist())


def rough(texts: Column) -> Floats:
    """Numbers (N,) that order cells of `all_times` as their meaning does."""
    return np.array([_clock_seconds(text) if ":" in text else _decimal(text) for text in texts.tolist()], np.float64)


def _plainly(texts: Column, blank: bool) -> Floats | None:
    """Finite numbers as programs write them; None if a cell is anything else."""
    cells = texts.tolist()
    try:
        if blank and "" in cells:
            values = np.array([float(cell) if cell else np.nan for cell in cells], np.float64)
            finite = np.isfinite(values) | np.array([not cell for cell in cells], bool)
        else:
            values = np.fromiter(map(float, cells), np.float64, len(cells))
            finite = np.isfinite(values)
    except ValueError:
        return None
    return values if finite.all() and "_" not in "".join(cells) else None


def _carefully(texts: Column, where: Where, blank: bool, comma: bool) -> Numbers:
    cells = texts.tolist()
    for row, cell in enumerate(cells):
        if cell or not blank:
            _refuse_unreadable(cell, row, where)
    clocks = [bool(CLOCK.fullmatch(cell)) for cell in cells]
    if any(clocks):
        _refuse_mixed(cells, clocks, where)
        values = [_clock_seconds(cell) if cell else np.nan for cell in cells]
        example = next(cell for cell, clock in zip(cells, clocks, strict=True) if clock)
        parts = "hours:minutes:seconds" if example.count(":") == 2 else "minutes:seconds"
        return Numbers(
            values=np.array(values, np.float64), clock=True, notes=(f"times like {example} read as {parts}",)
        )
    notes: tuple[str, ...] = ()
    thousands = any(THOUSANDS.fullmatch(cell) for cell in cells)
    if thousands:
        notes = ("commas read as thousands separators",)
        cells = [cell.replace(",", "") for cell in cells]
    elif any("," in cell for cell in cells):
        _refuse_ambiguous_commas(cells, where, comma)
        notes = ("decimal commas",)
    values = [_decimal(cell) if cell else np.nan for cell in cells]
    infinite = next((row for row, value in enumerate(values) if np.isinf(value)), None)
    if infinite is not None:
        raise InputInvalid(f"{cells[infinite]!r} is not a finite number", where=where(infinite))
    return Numbers(values=np.array(values, np.float64), notes=notes)


def _refuse_unreadable(cell: str, row: int, where: Where) -> None:
    if FRAMES_CLOCK.fullmatch(cell):
        raise InputInvalid(
            f"{cell!r} counts frames within the second, and the frame rate is not known",
            where=where(row),
            remedy="export the times in seconds or as hh:mm:ss.fff",
        )
    clock = CLOCK.fullmatch(cell)
    if clock and (float(clock[3].replace(",", ".")) >= 60 or (clock[1] is not None and int(clock[2]) >= 60)):
        raise InputInvalid(f"{cell!r} is not a time: minutes and seconds go up to 59", where=where(row))
    if not clock and not (NUMBER.fullmatch(cell) or THOUSANDS.fullmatch(cell)):
        raise InputInvalid(f"{cell!r} is not a finite number", where=where(row))


def _refuse_mixed(cells: list[str], clocks: list[bool], where: Where) -> None:
    """A number among times of the clock may be minutes or seconds; only 0 is the same in all."""
    for row, (cell, clock) in enumerate(zip(cells, clocks, strict=True)):
        if cell and not clock and _decimal(cell) != 0:
            example = next(cell for cell, clock in zip(cells, clocks, strict=True) if clock)
            raise InputInvalid(
                f"{cell!r} among times like {example!r} could be minutes or seconds",
                where=where(row),
                remedy="write all times in the same format",
            )


def _refuse_ambiguous_commas(cells: list[str], where: Where, comma: bool) -> None:
    point = next((row for row, cell in enumerate(cells) if "." in cell), None)
    with_comma = next(row for row, cell in enumerate(cells) if "," in cell)
    if point is not None:
        raise InputInvalid(
            f"{cells[with_comma]!r} has a decimal comma and {cells[point]!r} a decimal point",
            where=where(max(point, with_comma)),
            remedy="write all numbers in the same format",
        )
    if not comma and all(THREE_DIGITS.fullmatch(cell) for cell in cells if "," in cell):
        cell = cells[with_comma]
        raise InputInvalid(
            f"{cell!r} could be {cell.replace(',', '')} or {cell.replace(',', '.')}",
            where=where(with_comma),
            remedy="write decimal points and no thousands separators",
        )


def _decimal(cell: str) -> float:
    return float(cell.rstrip("sS \t").replace(",", "."))


def _clock_seconds(cell: str) -> float:
    match = CLOCK.fullmatch(cell)
    if match is None:
        return _decimal(cell)
    hours, minutes, seconds = match[1] or "0", match[2], match[3].replace(",", ".")
    # Whole and decimal part meet as text, so that 1:02.3 is the float64 62.3.
    whole, point, rest = seconds.partition(".")
    return float(f"{3600 * int(hours) + 60 * int(minutes) + int(whole)}{point}{rest}")
