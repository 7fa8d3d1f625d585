"""Video to score track to segments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bineego.lazy import attach

if TYPE_CHECKING:
    from bineego.inference.batch import Localized, localize
    from bineego.inference.options import LocalizeOptions, ScoreOptions
    from bineego.inference.score import score_cached, score_video

__all__ = ["LocalizeOptions", "Localized", "ScoreOptions", "localize", "score_cached", "score_video"]

_HOMES = {
    "localize": "batch",
    "Localized": "batch",
    "LocalizeOptions": "options",
    "ScoreOptions": "options",
    "score_cached": "score",
    "score_video": "score",
}

__getattr__ = attach(__name__, _HOMES)
