"""Values as JSON and TOML hold them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any


def plain(value: Any, *, nulls: bool = True) -> Any:
    """`value` as text, numbers, lists and dictionaries with text keys, in place of enums, paths, tuples and arrays.

    Args:
        nulls: whether keys whose value is None stay; TOML has no null.
    """
    match value:
        case Enum():
            return value.value
        case Path():
            return str(value)
        case Mapping():
            return {str(key): plain(item, nulls=nulls) for key, item in value.items() if nulls or item is not None}
        case tuple() | list():
            return [plain(item, nulls=nulls) for item in value]
        case _:
            # Arrays and numbers of NumPy, which is not imported for their sake.
            return value.tolist() if hasattr(value, "tolist") else value
