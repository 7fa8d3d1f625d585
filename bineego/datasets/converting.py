"""Labels and predictions from any format to any other."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bineego.config import build, takes
from bineego.datasets.media import MediaFiles, media_beside
from bineego.datasets.open import read_anything
from bineego.datasets.options import ConvertOptions
from bineego.datasets.videos import find_videos
from bineego.errors import BineegoError
from bineego.files import missing
from bineego.formats.format import Videos
from bineego.formats.media import Media
from bineego.formats.options import LabelOptions
from bineego.formats.write import files_of, format_of, write
from bineego.records import check_free, recording
from bineego.words import listed, many

log = logging.getLogger(__name__)


@takes(ConvertOptions)
def convert(source: Path | str, target: Path | str, *, options: ConvertOptions | None = None, **given: Any) -> Path:
    """Read labels or predictions in one format, and write them in another.

    Args:
        source: the file, a folder of files of labels, or a 360+x folder; its format is told by its content.
        target: the file; for formats of which a file holds a single video (eaf, srt, vtt, vtrace, 360x) also a folder.
        options: many options at once; keywords win.
        given: see `ConvertOptions`.

    Returns:
        `target`.

    Raises:
        InputMissing: `source` or the folder of videos is not there.
        InputInvalid: `source` is in no known format or wrong, or the format of `target` cannot hold it.
        UsageError: a wrong option, `target` does not fit the format, or would replace a file of somebody else.
    """
    call = build(ConvertOptions, options, given)
    source, target = Path(source), Path(target)
    if not source.exists():
        raise missing(source)
    chosen = format_of(target, call.format)
    if not chosen.one_video:
        check_free(target, overwrite=call.overwrite, inputs=[source], flag="OUT")
    files = _files(source, call.videos)
    found = read_anything(source, build(LabelOptions, call), files)
    for path in files_of(found, target, chosen):
        check_free(path, overwrite=call.overwrite, inputs=[source], flag="OUT")
    with recording():
        paths = write(found, target, chosen, _media(files, found.videos))
    scored = "scored " if "score" in found.segments else ""
    log.info(
        "%s: %s%s of %s%s", target, scored, many(len(found.segments), "segment"), many(len(found.videos), "video"),
        f" in {many(len(paths), 'file')}" if len(paths) > 1 else "",
    )  # fmt: skip
    return target


def _files(source: Path, videos: Path | None) -> MediaFiles:
    """The videos of a folder that was named, or those beside the file."""
    if videos is None:
        return media_beside(source)
    if not videos.is_dir():
        raise missing(videos, "no such folder of videos")
    return MediaFiles(find_videos(videos))


def _media(files: MediaFiles, ids: Iterable[str]) -> Videos:
    """What is known of each video; a file that cannot be read counts as missing, with a warning."""
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
