"""Training: a data set in, a run folder with a model out. `recipe` and `options` are free of torch and pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bineego.lazy import attach

if TYPE_CHECKING:
    from bineego.training.options import RunOptions
    from bineego.training.recipe import Recipe
    from bineego.training.result import RunResult
    from bineego.training.run import train

__all__ = ["Recipe", "RunOptions", "RunResult", "train"]

_HOMES = {"Recipe": "recipe", "RunOptions": "options", "RunResult": "result", "train": "run"}

__getattr__ = attach(__name__, _HOMES)
