"""Frozen dataclasses filled from a TOML file and from the command line: flag over file over default.

Each option lives once, as a field of the dataclass beside the thing it configures. Unknown keys fail with the nearest
known one; values are checked and converted by pydantic against the field types.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

from bineego.errors import InputInvalid, InputMissing, UsageError, nearest
from bineego.files import write_bytes

CONFIG_NAME = "bineego.toml"
"""Looked for in the current folder by every command; one table per command: `[train]`, `[localize]` ..."""

COMMANDS = ("ensemble", "evaluate", "extract-frames", "localize", "train")
"""The tables that it may hold."""

T = TypeVar("T")


def build(cls: type[T], *sources: Mapping[str, Any], where: object = None) -> T:
    """An instance of dataclass `cls`; later sources win, `None` values are taken as "not given".

    Raises:
        InputInvalid: an unknown key, or a value of the wrong type or range.
    """
    from pydantic import TypeAdapter, ValidationError  # a tenth of a second, which `--help` does not need

    known = [field.name for field in dataclasses.fields(cls)]  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for source in sources:
        for key, value in source.items():
            name = key.replace("-", "_")
            if name not in known:
                raise InputInvalid(f"unknown key {key!r}{nearest(name, known)}", where=where)
            if value is not None:
                values[name] = value
    try:
        return TypeAdapter(cls).validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or cls.__name__
        raise InputInvalid(f"{name}: {first['msg']} (given: {first['input']!r})", where=where) from error
    except ValueError as error:
        raise InputInvalid(str(error), where=where) from error


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file as a dictionary.

    Raises:
        InputMissing: it is not there.
        InputInvalid: it is not TOML; the message has line and column.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise InputMissing(f"cannot be read ({error.strerror})", where=path) from error
    except UnicodeDecodeError as error:
        raise InputInvalid(f"not UTF-8 text ({error.reason} at byte {error.start})", where=path) from error
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputInvalid(f"not valid TOML: {error}", where=path) from error


def command_table(command: str, commands: tuple[str, ...], path: Path | None = None) -> dict[str, Any]:
    """The table of one command in `path`, or in `./bineego.toml` if that exists; empty without a file.

    Raises:
        InputInvalid: a table that is no command's, or a table that is not one.
    """
    path = path or Path(CONFIG_NAME)
    if not path.exists():
        return {}
    content = read_toml(path)
    for name, table in content.items():
        if name not in commands:
            raise InputInvalid(f"unknown table [{name}]{nearest(name, commands)}", where=path)
        if not isinstance(table, dict):
            raise InputInvalid(f"{name} must be a table: [{name}]", where=path)
    return dict(content.get(command, {}))


def for_command(cls: type[T], command: str, flags: Mapping[str, Any], *, renamed: Mapping[str, str] | None = None) -> T:
    """The options of one command: its table in `./bineego.toml`, under the flags that were given (not None).

    Args:
        cls: their dataclass.
        command: one of `COMMANDS`.
        flags: values from the command line by field name.
        renamed: keys of the table that are called otherwise than their field.

    Raises:
        InputInvalid: the file is wrong.
        UsageError: a flag is.
    """
    table = command_table(command, COMMANDS)
    named = {(renamed or {}).get(key, key): value for key, value in table.items()}
    build(cls, named, where=CONFIG_NAME)
    try:
        return build(cls, named, flags)
    except InputInvalid as error:
        raise UsageError(error.message) from error


def to_toml(config: object) -> dict[str, Any]:
    """A dataclass as a TOML table; fields that are None are left out (TOML has no null)."""
    return {name: _plain(value) for name, value in dataclasses.asdict(config).items() if value is not None}  # type: ignore[call-overload]


def write_toml(tables: Mapping[str, Any], path: Path) -> None:
    """Write tables to a TOML file, whole or not at all."""
    import tomli_w

    write_bytes(path, tomli_w.dumps(_plain(dict(tables))).encode())


def _plain(value: Any) -> Any:
    match value:
        case Enum():
            return value.value
        case Path():
            return str(value)
        case tuple() | list():
            return [_plain(item) for item in value]
        case dict():
            return {str(key): _plain(item) for key, item in value.items() if item is not None}
        case _:
            return value
