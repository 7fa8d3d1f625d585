"""The values of an option: what type they have, and how whatever a flag, a file or a Python caller says becomes one."""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from enum import EnumType
from typing import Annotated, Any, get_args, get_origin

from bineego.errors import nearest
from bineego.words import printable

MUST_BE = {
    "int": "a whole number", "float": "a number", "bool": "true or false", "string": "text", "path": "a path",
    "greater_than_equal": "{ge:g} or more", "greater_than": "more than {gt:g}", "less_than_equal": "{le:g} or less",
    "less_than": "less than {lt:g}", "enum": "one of {expected}", "finite": "a finite number",
}  # fmt: skip
"""Words for pydantic's kinds of errors, by the first part of their names."""


def plain(kind: Any) -> Any:
    """A type without range, None and further forms: int, Path, an Enum, a tuple ..."""
    while get_origin(kind) in (Annotated, typing.Union, types.UnionType):
        kind = get_args(kind)[0]
    return kind


def item(kind: Any) -> Any:
    """The type of each value, where there may be several; else the type."""
    return get_args(plain(kind))[0] if is_several(kind) else plain(kind)


def is_several(kind: Any) -> bool:
    """Whether there may be several values."""
    return get_origin(plain(kind)) is tuple


def choices(kind: Any) -> list[str]:
    """The words that a value may be; empty where it is no choice."""
    return [str(word.value) for word in item(kind)] if isinstance(item(kind), EnumType) else []


def convert(kind: Any, value: Any, parse: Callable[[Any], Any] | None = None) -> Any:
    """A value as the type; text with commas is several values.

    Args:
        parse: makes it from other forms; a ValueError says what it must be.

    Raises:
        ValueError: it cannot be; the message says what it must be.
    """
    from pydantic import ValidationError  # a tenth of a second, which `--help` does not need

    if value is not None and parse is not None:
        value = _parsed(parse, value)
    elif value is not None and is_several(kind):
        value = several(value)
    elif isinstance(value, str) and get_origin(plain(kind)) is Mapping:
        value = {name: each for name, _, each in (part.partition("=") for part in several(value))}
    if isinstance(value, bool) and plain(kind) in (int, float):
        raise ValueError(f"must be a number, not {value}")
    try:
        return _adapter(kind).validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        words = next((words for start, words in MUST_BE.items() if first["type"].startswith(start)), first["msg"])
        is_range = first["type"].startswith(("greater", "less"))
        said = words.format(**first.get("ctx", {})).replace("'", "")
        shown = str(first["input"]) if is_range else repr(first["input"])
        hint = nearest(str(first["input"]), choices(kind))
        raise ValueError(f"must be {said}, not {printable(shown)}{hint}") from None


def several(value: Any) -> tuple[Any, ...]:
    """The values of text with commas, of anything that holds several, or of one alone."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return tuple(value) if isinstance(value, Iterable) and not isinstance(value, Mapping) else (value,)


def _parsed(parse: Callable[[Any], Any], value: Any) -> Any:
    try:
        return parse(value)
    except OSError as error:  # a path too long to be looked for
        raise ValueError(f"cannot be used ({error.strerror}): {printable(str(value))}") from None


@functools.cache
def _adapter(kind: Any) -> Any:
    from pydantic import ConfigDict, TypeAdapter

    return TypeAdapter(kind, config=ConfigDict(allow_inf_nan=False))
