"""An annotation file (or a folder of them) with the folder its videos are in."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from bineego.datasets.media import MediaFiles, media_beside
from bineego.datasets.recording import Dataset, Recording, Subset, View
from bineego.datasets.videos import by_id, find_nested_videos, find_videos
from bineego.errors import InputMissing
from bineego.formats import names
from bineego.formats.annotations import Annotations
from bineego.formats.options import LabelOptions
from bineego.formats.read import read_annotations
from bineego.words import listed

log = logging.getLogger(__name__)


def default_videos(path: Path) -> Path:
    """Where the videos of an annotation file are looked for: beside it."""
    return path if path.is_dir() else path.parent


def open_annotated(
    path: Path, videos: Path | None, view: View, how: LabelOptions, instead: Mapping[str, Path] | None = None
) -> Dataset:
    """One recording for each video that is annotated or lies in the folder.

    Annotated videos without a file have empty `videos`, files without an annotation `segments` None; both are warned
    of with counts and names.

    Args:
        path: annotation file, or a folder of them.
        videos: folder of the videos; None = beside the file.
        view: the camera they were filmed with; it decides nothing but what models are told.
        how: how tables of other tools are read.
        instead: by video id, files to use in place of the videos; None = the videos themselves.

    Raises:
        InputMissing, InputInvalid: a file that cannot be read or is wrong.
        UsageError: two videos with one id.
    """
    place = default_videos(path) if videos is None else videos
    if not place.is_dir():
        raise InputMissing("no such folder of videos", where=place)
    if instead is None:
        files = find_videos(place)
        nested = {} if files else by_id(find_nested_videos(place))
        found = read_annotations(path, how, MediaFiles(files or nested))
        files |= nested or _nested_of(found, files, place)
    else:
        files = dict(instead)
        found = read_annotations(path, how, media_beside(place))
    matched = names.match(found.known, files)
    names.say(matched, path)
    found = found.renamed(matched)
    tables = dict(tuple(found.segments.groupby("video_id", sort=False)))
    nothing = found.segments.iloc[:0]
    annotated = set(found.videos)
    recordings = []
    for video in sorted({*found.videos, *found.scenes, *found.unlabelled, *files}):
        table = tables.get(video, nothing).reset_index(drop=True) if video in annotated else None
        subset = found.subsets.get(video)
        recordings.append(
            Recording(
                recording_id=video,
                videos={video: files[video]} if video in files else {},
                view=view,
                segments=table,
                scene=found.scenes.get(video),
                subset=None if subset is None else Subset(subset),
                length=found.lengths.get(video),
                frame_rate=found.frame_rates.get(video),
            )
        )
    _report(path, place if instead is None else _place(files), found, files, told=videos is not None)
    return Dataset(
        name=path.resolve().stem,
        recordings=recordings,
        actions=tuple(sorted(set(found.segments["label"]))),
        scenes=tuple(sorted(set(found.scenes.values()))),
    )


def _nested_of(found: Annotations, files: Mapping[str, Path], place: Path) -> dict[str, Path]:
    """Files in the folders below `place` of annotated videos that are not in it."""
    missing = [video for video in found.videos if video not in files]
    missing = [video for video in missing if video not in names.match(missing, files)]
    if not missing:
        return {}
    nested = find_nested_videos(place)
    ids = [video for video, _ in nested]
    wanted = {*missing, *names.match(missing, ids).values()}
    return by_id((video, path) for video, path in nested if video in wanted)


def _place(files: Mapping[str, Path]) -> Path:
    """The folder of some files."""
    return next((file.parent for file in files.values()), Path())


def _report(path: Path, place: Path, found: Annotations, files: Mapping[str, Path], *, told: bool) -> None:
    missing = [video for video in found.videos if video not in files]
    if missing:
        cause = names.explain(missing, files)
        hint = f"; {cause}" if cause else ""
        if not files and not told:
            hint += "; name the folder of the videos with --videos"
        log.warning("%s: %s without a file in %s%s", path, listed(missing, "annotated video"), place, hint)
    unannotated = [video for video in files if video not in set(found.videos)]
    if unannotated:
        log.warning(
            "%s: %s in %s not annotated; no actions can be learnt or scored there",
            path, listed(unannotated, "video"), place,
        )  # fmt: skip
