"""Untrusted pixels: probing, reading and caching of video files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bineego.lazy import attach

if TYPE_CHECKING:
    from bineego.video.extract import extract_frames

__all__ = ["extract_frames"]

__getattr__ = attach(__name__, {"extract_frames": "extract"})
