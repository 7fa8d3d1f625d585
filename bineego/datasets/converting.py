"""Labels and predictions from any format to any other."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from bineego import digests
from bineego.datasets.media import MediaFiles
from bineego.datasets.videos import find_videos
from bineego.errors import BineegoError, InputMissing, UsageError
from bineego.files import missing
from bineego.formats.format import Videos
from bineego.formats.media import Media
from bineego.formats.options import AS_WRITTEN, LabelOptions
from bineego.formats.read import read_any
from bineego.formats.write import files_of, format_of, write
from bineego.records import check_free, note
from bineego.words import listed, many

log = logging.getLogger(__name__)


def convert(
    source: Path | str,
    target: Path | str,
    *,
    format: str | None = None,
    videos: Path | str | None = None,
    overwrite: bool = False,
    how: LabelOptions = AS_WRITTEN,
) -> Path:
    """Read labels or predictions in one format, and write them in another.

    Args:
        source: the file, or a folder of files of labels; its format is told by its content.
        target: the file; for formats of which a file holds a single video (eaf, srt, vtt, vtrace, 360x) also a folder.
        format: of `target`; None = what its ending stands for.
        videos: folder of the videos: tools that show or count frames need them. None = beside `source`.
        overwrite: whether a file that is not as bineego wrote it may be replaced.
        how: how tables of other tools are read.

    Returns:
        `target`.

    Raises:
        InputMissing: `source` or the folder of videos is not there.
        InputInvalid: `source` is in no known format or wrong, or the format of `target` cannot hold it.
        UsageError: `format` is unknown, or `target` does not fit it.
    """
    source, target = Path(source), Path(target)
    if not source.exists():
        raise missing(source)
    chosen = format_of(target, format)
    if not chosen.one_video:
        check_free(target, overwrite=overwrite, inputs=[source], flag="OUT")
    files = MediaFiles(_videos(source, videos))
    found = read_any(source, how, files)
    for path in files_of(found, target, chosen):
        check_free(path, overwrite=overwrite, inputs=[source], flag="OUT")
    paths = write(found, target, chosen, _media(files, found.videos))
    for path in paths:
        note(path, digests.of_file(path))
    scored = "scored " if "score" in found.segments else ""
    log.info(
        "%s: %s%s of %s%s", target, scored, many(len(found.segments), "segment"), many(len(found.videos), "video"),
        f" in {many(len(paths), 'file')}" if len(paths) > 1 else "",
    )  # fmt: skip
    return target


def _videos(source: Path, videos: Path | str | None) -> dict[str, Path]:
    """The video files by id; none if no folder was named and those beside the file are not clear."""
    if videos is None:
        try:
            return find_videos(source if source.is_dir() else source.parent)
        except (InputMissing, UsageError):
            return {}
    if not Path(videos).is_dir():
        raise missing(Path(videos), "no such folder of videos")
    return find_videos(Path(videos))


def _media(files: MediaFiles, ids: Iterable[str]) -> Videos:
    """What is known of each video; a file that cannot be read is as good as none, and said."""
    found: dict[str, Media | None] = {}
    bad: list[str] = []
    for video in ids:
        try:
            found[video] = files.get(video)
        except BineegoError:
            found[video] = None
            bad.append(video)
    if bad:
        log.warning("%s cannot be read as a video", listed(bad, "file"))
    return found
