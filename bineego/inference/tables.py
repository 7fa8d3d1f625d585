"""The tables that `localize` writes when its videos are done: which files, of which videos, in which formats."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bineego.datasets.media import MediaFiles
from bineego.errors import BineegoError, UsageError
from bineego.formats.annotations import Annotations
from bineego.formats.kinds import FileFormat
from bineego.formats.media import Media
from bineego.formats.write import WRITERS

JOINT = "predictions"


@dataclass(frozen=True, kw_only=True)
class Target:
    """A file of some videos in one format; `name` is relative to the folder of results."""

    name: str
    format: FileFormat
    videos: tuple[str, ...]


def targets(
    formats: Collection[FileFormat], *, all_done: Sequence[str], own: Sequence[str], joint: bool
) -> list[Target]:
    """What is to be written.

    Args:
        formats: as asked for; the CSV of each video is there already.
        all_done: ids of all videos that are done in the folder.
        own: ids of those among them that this call is about.
        joint: whether there are tables of all videos; else each has its own.
    """
    found = []
    for form in (form for form in FileFormat if form in formats):
        how = WRITERS[form]
        if joint and not how.one_video:
            found.append(Target(name=f"{JOINT}{how.ending}", format=form, videos=tuple(all_done)))
        elif form is not FileFormat.CSV:
            videos = all_done if joint else own
            found += [Target(name=f"{video}{how.ending}", format=form, videos=(video,)) for video in videos]
    return found


def check_formats(formats: Collection[FileFormat], *, scenes: bool, bare: Iterable[str]) -> None:
    """Refuse, before any work, formats that could not be written after it.

    Args:
        formats: as asked for.
        scenes: whether scenes are told.
        bare: ids of inputs whose video is not on this machine: score tracks, features, and files at addresses.

    Raises:
        UsageError: one of them cannot be.
    """
    counting = [form for form in formats if WRITERS[form].counts_frames]
    video = next(iter(bare), None)
    if counting and video is not None:
        raise UsageError(
            f"{counting[0]} counts frames, and the video of {video!r} is not on this machine",
            where="--format",
            remedy=f"bineego convert predictions.csv OUT --format {counting[0]} --videos FOLDER",
        )
    if FileFormat.CHALLENGE_SCENES in formats and not scenes:
        raise UsageError("challenge-scenes needs a model that predicts scenes", where="--format", remedy="leave it out")


def write(
    target: Target,
    path: Path,
    table: pd.DataFrame,
    scenes: Mapping[str, str],
    files: Mapping[str, Path],
    damage: Mapping[str, Sequence[Mapping[str, Any]]],
) -> None:
    """Write one of `targets` to `path`.

    Args:
        table: scored segments of all videos.
        scenes: scene by video.
        files: the video file of each video, where there is one.
        damage: see `Annotations.damage`.
    """
    chosen = set(target.videos)
    found = Annotations(
        segments=table[table["video_id"].isin(chosen)].reset_index(drop=True),
        videos=target.videos,
        scenes={video: scene for video, scene in scenes.items() if video in chosen},
        damage={video: each for video, each in damage.items() if video in chosen},
    )
    how = WRITERS[target.format]
    assert how.write is not None
    known = MediaFiles(files) if how.shows_videos else MediaFiles({})
    how.write(found, path, {video: _measured(known, video) for video in target.videos})


def write_one(
    table: pd.DataFrame,
    path: Path,
    form: FileFormat,
    video: str,
    file: Path | None,
    damage: Sequence[Mapping[str, Any]],
) -> None:
    """Write the segments of one video to a file that was named."""
    write(
        Target(name=path.name, format=form, videos=(video,)),
        path,
        table,
        {},
        {} if file is None else {video: file},
        {video: damage} if damage else {},
    )


def _measured(files: MediaFiles, video: str) -> Media | None:
    """A file that is no longer a video (moved, or a score track) counts as missing."""
    try:
        return files.get(video)
    except BineegoError:
        return None
