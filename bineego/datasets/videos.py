"""Video files in folders, and their ids."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from pathlib import Path

from bineego.errors import UsageError
from bineego.files import read_error
from bineego.video.folder import is_video, videos_in
from bineego.words import many

MAX_DEPTH = 4
"""Folders below one another that are searched for videos."""

log = logging.getLogger(__name__)


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
        raise read_error(error, folder) from error
    return by_id((video_id(path), path) for path in files)


def find_nested_videos(folder: Path) -> list[tuple[str, Path]]:
    """(id, file) of the videos in the folders below a folder (`MAX_DEPTH` of them, hidden ones left out), by path."""
    found: list[tuple[str, Path]] = []
    for place, folders, files in os.walk(folder):
        path = Path(place)
        deep = len(path.relative_to(folder).parts) >= MAX_DEPTH
        folders[:] = [] if deep else sorted(name for name in folders if not name.startswith("."))
        if path != Path(folder):
            found += [(video_id(path / name), path / name) for name in sorted(files) if is_video(path / name)]
    return found


def videos_under(folder: Path) -> dict[str, Path]:
    """The videos directly in a folder, or if there are none those in the folders below it, by id.

    Raises:
        InputMissing: the folder is not there or cannot be read.
        UsageError: two files with one id.
    """
    found = find_videos(folder)
    if not found:
        found = by_id(find_nested_videos(folder))
        if found:
            log.info("%s: %s found in its subfolders", folder, many(len(found), "video"))
    return found


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
                remedy="ids are file names without the extension: rename one of the files, or use two calls",
            )
    return found
