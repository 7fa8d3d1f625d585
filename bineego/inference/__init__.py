"""Video to score track to segments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bineego.lazy import attach

if TYPE_CHECKING:
    from bineego.inference.batch import localize
    from bineego.inference.localized import Localized
    from bineego.inference.options import LocalizeOptions, ScoreOptions
    from bineego.inference.score import ClipScorer, Scorer

__all__ = ["ClipScorer", "LocalizeOptions", "Localized", "ScoreOptions", "Scorer", "localize"]

_HOMES = {
    "localize": "batch",
    "Localized": "localized",
    "LocalizeOptions": "options",
    "ScoreOptions": "options",
    "ClipScorer": "score",
    "Scorer": "score",
}

__getattr__ = attach(__name__, _HOMES)
