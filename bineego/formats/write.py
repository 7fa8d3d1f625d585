"""Segments into files of any format, told by its name or by the ending of the file."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

from bineego import segments
from bineego.errors import InputInvalid, UsageError, nearest
from bineego.files import may_be_name
from bineego.formats import xlsx
from bineego.formats.annotations import Annotations
from bineego.formats.format import Format, Videos
from bineego.formats.kinds import FileFormat
from bineego.formats.read import FORMATS
from bineego.words import listed

WRITERS: dict[FileFormat, Format] = {
    name: next(each for each in FORMATS if each.name == name and each.write is not None) for name in FileFormat
}
"""The formats that are written, by the name that `--format` takes."""

ENDINGS = {
    suffix: name
    for name in reversed(FileFormat)
    for suffix in WRITERS[name].suffixes
    if suffix != xlsx.SUFFIX  # is read only
}
"""The formats that the ending of a file stands for: of several, the first."""

NAMES = ", ".join(FileFormat)

log = logging.getLogger(__name__)


def format_of(path: Path, name: str | None = None) -> Format:
    """The format to write a file in.

    Args:
        path: the file or folder.
        name: one of `WRITERS`; None = by the extension of `path`.

    Raises:
        UsageError: there is none.
    """
    if name is not None:
        if name not in list(FileFormat):
            raise UsageError(
                f"cannot write {name!r}{nearest(name, map(str, FileFormat))}",
                where="--format",
                remedy=f"one of {NAMES}",
            )
        return WRITERS[FileFormat(name)]
    if path.suffix.casefold() in ENDINGS:
        return WRITERS[FileFormat(ENDINGS[path.suffix.casefold()])]
    raise UsageError("its extension is not that of any format", where=path, remedy=f"choose one: --format {NAMES}")


def write_segments(table: pd.DataFrame, path: Path, name: str | None, videos: Videos) -> list[Path]:
    """Write segments, scored or not, in any format.

    Args:
        table: the segments table.
        path: the file; or a folder, for formats of which a file holds a single video.
        name: see `format_of`.
        videos: all videos that the segments may be of, with their files where known; one without rows gets an empty
            entry (or file) where the format can say so.

    Returns:
        the files written.

    Raises:
        UsageError: no such format, or `path` does not fit it.
        InputInvalid: the format cannot hold these segments.
    """
    ids = dict.fromkeys((*videos, *table["video_id"].tolist()))
    return write(Annotations(segments=table, videos=tuple(ids)), path, format_of(path, name), videos)


def write(found: Annotations, path: Path, how: Format, videos: Videos) -> list[Path]:
    """`write_segments` of annotations, with what they say of their videos."""
    assert how.write is not None
    _check_texts(found, path)
    if segments.SCORE in found.segments and how.predictions is None and len(found.segments):
        log.warning("%s: %s has no place for scores; they are left out", path, how.title)
    written = files_of(found, path, how)
    parts = [found] if path in written else list(_by_video(found, written.values()))
    for file, part in zip(written, parts, strict=True):
        video = written[file]
        if video is not None and file.stem != video and (how.unnamed or videos.get(video) is None):
            log.warning(
                "%s: read back, its segments belong to %r, not %r: files of this format have no other id",
                file,
                file.stem,
                video,
            )
        how.write(part, file, videos)
    return list(written)


def _check_texts(found: Annotations, path: Path) -> None:
    """Refuse what no reader takes: an empty label, and half of a surrogate pair, which is not a character."""
    for label in found.segments["label"].unique():
        if not label.strip():
            raise InputInvalid("a label is empty", where=path, remedy="give the segment its label, or leave it out")
    for text in (*found.known, *found.segments["video_id"].unique(), *found.segments["label"].unique()):
        try:
            text.encode()
        except UnicodeEncodeError:
            raise InputInvalid(f"not UTF-8 text: {text!a}", where=path) from None


def files_of(found: Annotations, path: Path, how: Format) -> dict[Path, str | None]:
    """The files that `write` makes, each with its video; None for one of all videos.

    Raises:
        UsageError: `path` does not fit the format.
        InputInvalid: a video id cannot be the name of a file.
    """
    ids = list(dict.fromkeys((*found.videos, *found.segments["video_id"].tolist())))
    if not how.one_video:
        if path.is_dir():
            raise UsageError("is a folder", where=path, remedy=f"name a file: {path / ('labels' + how.suffixes[0])}")
        return {path: None}
    if path.suffix.casefold() in how.suffixes and not path.is_dir():
        if len(ids) > 1:
            raise UsageError(
                f"a file of the format {how.name!r} holds a single video, but there are {listed(ids, 'video')}",
                where=path,
                remedy=f"name a folder: {path.with_suffix('')}",
            )
        return {path: ids[0] if ids else None}
    for video in ids:
        if not may_be_name(f"{video}{how.suffixes[0]}"):
            raise InputInvalid(f"the video id {video!r} cannot be the name of a file", where=path)
    return {path / f"{video}{how.suffixes[0]}": video for video in ids}


def _by_video(found: Annotations, videos: Iterable[str | None]) -> Iterator[Annotations]:
    tables = dict(tuple(found.segments.groupby("video_id", sort=False)))
    nothing = segments.empty(scored=segments.SCORE in found.segments)
    for video in filter(None, videos):
        yield Annotations(segments=tables.get(video, nothing).reset_index(drop=True), videos=(video,))
