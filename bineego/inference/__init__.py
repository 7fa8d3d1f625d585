"""Video to score track to segments."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

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


def __getattr__(name: str) -> Any:
    # Lazy: the command line reads the options, and must not load torch for it.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
