"""The network: a temporal shift module on an image trunk, with an action head and a scene head.

`config`, `card` and `card_file` are free of torch; the rest loads on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bineego.tsm.model_file import load_model

__all__ = ["load_model"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'bineego.tsm' has no attribute {name!r}")
    return getattr(importlib.import_module("bineego.tsm.model_file"), name)
