"""TOML files: read with errors that say where, written whole or not at all."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bineego.errors import InputInvalid, nearest
from bineego.files import read_errors, write_bytes
from bineego.plain import plain


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file as a dictionary.

    Raises:
        InputMissing: it is not there.
        InputInvalid: it is not TOML; the message has line and column.
    """
    try:
        with read_errors(path):
            text = Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputInvalid(f"not UTF-8 text ({error.reason} at byte {error.start})", where=path) from error
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise InputInvalid("not valid TOML: nested too deep", where=path) from error
    except tomllib.TOMLDecodeError as error:
        raise InputInvalid(f"not valid TOML: {error}", where=path) from error


def read_tables(path: Path, known: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The tables of a file by name; none without the file.

    Raises:
        InputInvalid: it is not TOML, or it holds something else than the known tables.
    """
    content = read_toml(path) if path.exists() else {}
    for name, table in content.items():
        if name not in known:
            raise InputInvalid(f"unknown table [{name}]{nearest(name, known)}", where=path)
        if not isinstance(table, dict):
            raise InputInvalid(f"{name} must be a table: [{name}]", where=path)
    return content


def write_toml(tables: Mapping[str, Any], path: Path) -> None:
    """Write tables to a TOML file, whole or not at all."""
    import tomli_w

    write_bytes(path, tomli_w.dumps(plain(dict(tables), nulls=False)).encode())


def to_toml(config: object) -> dict[str, Any]:
    """A dataclass as a TOML table; fields that are None are left out (TOML has no null)."""
    return {name: plain(value, nulls=False) for name, value in dataclasses.asdict(config).items() if value is not None}  # type: ignore[call-overload]
