"""Video files in folders, and their ids."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from bineego.errors import InputMissing, UsageError
from bineego.video.folder import videos_in


def video_id(path: Path) -> str:
    """The id of a video: its file name without the extension."""
    return Path(path).stem


def find_videos(folder: Path) -> dict[str, Path]:
    """Videos directly in a folder by id, in the order of their names; links are followed.

    Raises:
        InputMissing: the folder is not there or cannot be read.
        UsageError: two files with one id ("a.mp4" and "a.avi").
    """
    try:
        files = videos_in(folder)
    except OSError as error:
        raise InputMissing(f"cannot be read ({error.strerror})", where=folder) from error
    return by_id((video_id(path), path) for path in files)


def by_id(videos: Iterable[tuple[str, Path]]) -> dict[str, Path]:
    """A mapping from (id, file) pairs; the same file may come twice.

    Raises:
        UsageError: two files have one id.
    """
    found: dict[str, Path] = {}
    for name, path in videos:
        other = found.setdefault(name, path)
        if other != path and other.resolve() != path.resolve():
            raise UsageError(
                f"two videos with the id {name!r}: {other} and {path}",
                remedy="an id is the file name without extension: rename one, or give them in two calls",
            )
    return found
