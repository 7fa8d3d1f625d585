"""Several models' answers made one: segments fused as the paper does it or by averaging, or score tracks fused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bineego.lazy import attach

if TYPE_CHECKING:
    from bineego.ensembling.fusing import ensemble
    from bineego.ensembling.options import EnsembleOptions, Method
    from bineego.postprocess.options import Missing, Pooling

__all__ = ["EnsembleOptions", "Method", "Missing", "Pooling", "ensemble"]

_HOMES = {
    "ensemble": "fusing",
    "EnsembleOptions": "options",
    "Method": "options",
    "Missing": "options",
    "Pooling": "options",
}

__getattr__ = attach(__name__, _HOMES)
