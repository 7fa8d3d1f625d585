"""Training: a data set in, a run folder with a model out. `recipe` and `options` are free of torch and pandas."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bineego.training.options import RunOptions
    from bineego.training.recipe import Recipe
    from bineego.training.run import RunResult, train

__all__ = ["Recipe", "RunOptions", "RunResult", "train"]

_HOMES = {"Recipe": "recipe", "RunOptions": "options", "RunResult": "run", "train": "run"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
