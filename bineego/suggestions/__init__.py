"""Which stretches of video to label next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bineego.lazy import attach

if TYPE_CHECKING:
    from bineego.suggestions.verb import suggest

__all__ = ["suggest"]

_HOMES = {"suggest": "verb"}

__getattr__ = attach(__name__, _HOMES)
