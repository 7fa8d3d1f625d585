"""Video files in folders, and their ids."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from bineego.errors import UsageError
from bineego.files import read_errors
from bineego.remote.address import Source
from bineego.video.folder import is_video, videos_in
from bineego.words import many

MAX_DEPTH = 4
"""Folders below one another that are searched for videos."""

S = TypeVar("S", bound=Source)

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
    with read_errors(folder):
        files = videos_in(folder)
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


def by_id(videos: Iterable[tuple[str, S]]) -> dict[str, S]:
    """A mapping from (id, file) pairs, on this machine or at addresses; the same file may come twice.

    Raises:
        UsageError: two files have one id.
    """
    found: dict[str, S] = {}
    for name, source in videos:
        other = found.setdefault(name, source)
        if other != source and resolved(other) != resolved(source):
            raise UsageError(
                f"two videos with the id {name!r}: {other} and {source}",
                remedy="ids are file names without the extension: rename one of the files, or use two calls",
            )
    return found


def resolved(source: Source) -> Source:
    """The same for every way to name a file."""
    return source.resolve() if isinstance(source, Path) else source
