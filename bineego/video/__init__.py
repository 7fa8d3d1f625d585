"""Untrusted pixels: probing, reading and caching of video files."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bineego.video.extract import extract_frames

__all__ = ["extract_frames"]


def __getattr__(name: str) -> Any:
    if name != "extract_frames":
        raise AttributeError(f"module 'bineego.video' has no attribute {name!r}")
    return importlib.import_module("bineego.video.extract").extract_frames
