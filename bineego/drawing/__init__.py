"""Predictions drawn over their video."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bineego.lazy import attach

if TYPE_CHECKING:
    from bineego.drawing.write import overlay

__all__ = ["overlay"]

_HOMES = {"overlay": "write"}

__getattr__ = attach(__name__, _HOMES)
