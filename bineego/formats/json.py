"""JSON files, parsed strictly and fast.

orjson parses half a million rows in a second, but keeps the last of two equal keys in silence. A `Document` keeps the
bytes, so that a format can compare how often a key occurs in the file with how often it was found in the parsed value,
and only if the two differ parse again with Python's own (slow) reader, which sees every pair.
"""

from __future__ import annotations

import contextlib
import gc
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from bineego.errors import InputInvalid
from bineego.files import read_bytes, write_bytes


@dataclass(frozen=True, kw_only=True, eq=False)
class Document:
    """A parsed JSON file.

    Attributes:
        path: the file, for messages.
        content: its bytes.
        value: what they mean.
    """

    path: Path
    content: bytes
    value: Any

    def refuse_double_keys(self, found: Mapping[str, int] | None = None) -> None:
        """Refuse a file in which an object names one key twice.

        Args:
            found: how often each key was found in `value`. With it the slow check runs only if the bytes tell another
                number (a repeated key, or a text that looks like one).

        Raises:
            InputInvalid: a key occurs twice; the message names it.
        """
        if found is not None and all(self.content.count(f'"{key}"'.encode()) == n for key, n in found.items()):
            return
        _parse_slowly(self.content, self.path)


def read(path: Path) -> Document:
    """Parse a JSON file.

    Raises:
        InputMissing: it cannot be read.
        InputInvalid: it is not JSON; the message has line and column. NaN and Infinity are let through here (as floats)
            and refused by the formats, which can name the row.
    """
    content = read_bytes(path).removeprefix(b"\xef\xbb\xbf")
    with no_garbage_collection():
        try:
            value = orjson.loads(content)
        except orjson.JSONDecodeError:
            value = _parse_slowly(content, path)
    return Document(path=Path(path), content=content, value=value)


def parse(content: str) -> object:
    """The value of a JSON text inside another file.

    Raises:
        ValueError: it is not JSON.
    """
    value: object = orjson.loads(content)
    return value


def write(value: object, path: Path) -> None:
    """Write a JSON file for tools and people, whole or not at all; numbers are the shortest texts that read back."""
    write_bytes(path, orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n")


@contextlib.contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Parsing makes millions of objects and no cycles: the collector would only walk them again and again.

    Best around the whole time that a parsed file lives: what is freed before the end is never walked at all.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def number(value: object) -> float | None:
    """A finite number, or a text that is one ("18.6"), as float64; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and "_" in value:
        return None
    try:
        result = float(value)
    except (ValueError, OverflowError):
        return None
    return result if math.isfinite(result) else None


def pair(value: object) -> tuple[float, float] | None:
    """A list of exactly two numbers; None for anything else."""
    if not isinstance(value, list) or len(value) != 2:
        return None
    first, second = number(value[0]), number(value[1])
    return None if first is None or second is None else (first, second)


def times(row: object, *fields: str, where: str) -> tuple[float, float]:
    """Start and end of a row, from the field that holds both or from one of each.

    Raises:
        InputInvalid: they are not two finite numbers.
    """
    values = [row.get(name) for name in fields] if isinstance(row, dict) else []
    found = pair(values[0] if len(values) == 1 else values)
    if found is None:
        names = f"{' and '.join(map(repr, fields))} {'is' if len(fields) == 1 else 'are'}"
        raise InputInvalid(f"{names} not two finite numbers: {short(row)}", where=where)
    return found


def score(row: Mapping[str, Any], where: str, *, needed: bool = False) -> float | None:
    """The score of a row; None if it has none.

    Raises:
        InputInvalid: it is not a finite number, or it is `needed` and there is none.
    """
    value = row.get("score")
    found = number(value)
    if found is None and (needed or value is not None):
        raise InputInvalid(f"'score' is not a finite number: {short(value)}", where=where)
    return found


def short(value: object, limit: int = 60) -> str:
    """A value as shown in a message."""
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _parse_slowly(content: bytes, path: Path) -> Any:
    try:
        value = json.loads(content.decode("utf-8"), object_pairs_hook=lambda pairs: _once(pairs, path))
        # "\\ud800" alone is not a character: it could be read here but never written again.
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError as error:
        raise InputInvalid(f"not UTF-8 text ({error.reason} at byte {error.start})", where=path) from error
    except json.JSONDecodeError as error:
        where = f"{path}, line {error.lineno}, column {error.colno}"
        raise InputInvalid(f"not valid JSON: {error.msg}", where=where) from error
    except RecursionError as error:
        raise InputInvalid("not valid JSON: nested too deep", where=path) from error
    except UnicodeEncodeError as error:
        raise InputInvalid("a text holds half of a surrogate pair", where=path) from error
    except ValueError as error:  # an integer of more digits than Python converts
        raise InputInvalid(f"not valid JSON: {error}", where=path) from error
    return value


def _once(pairs: list[tuple[str, Any]], path: Path) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise InputInvalid(
            f"duplicate key {twice!r} in one object", where=path, remedy="join the two entries under one key"
        )
    return result
