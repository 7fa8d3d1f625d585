"""Which files of a folder are taken for videos."""

from __future__ import annotations

from pathlib import Path

EXTENSIONS = frozenset({
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".m2v", ".ts", ".mts", ".m2ts", ".3gp", ".flv",
    ".wmv", ".ogv", ".vob", ".mxf", ".asf", ".divx",
})  # fmt: skip
"""Of files that are taken for videos when a folder is searched. A file named by itself may have any."""


def is_video(path: Path) -> bool:
    """Whether a file found in a folder is taken for a video: by its extension (any case), hidden files never."""
    return path.suffix.casefold() in EXTENSIONS and not path.name.startswith(".") and path.is_file()
