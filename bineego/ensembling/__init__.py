"""Several models' answers made one: segments fused as the paper does it or by averaging, or score tracks fused."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bineego.ensembling.fusing import ensemble
    from bineego.ensembling.options import EnsembleOptions, Method, Missing, Pooling

__all__ = ["EnsembleOptions", "Method", "Missing", "Pooling", "ensemble"]

_HOMES = {
    "ensemble": "fusing",
    "EnsembleOptions": "options",
    "Method": "options",
    "Missing": "options",
    "Pooling": "options",
}


def __getattr__(name: str) -> Any:
    # Lazy: the command line reads the options, and must not load pandas for it.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
