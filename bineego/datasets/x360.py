"""A folder laid out like 360+x.

    panoramic/<uuid>.mp4   third_person/<uuid>.mp4   monocular/<uuid>/<clip>.mp4   binocular/<uuid>/<clip>.mp4
    TAL_annotations/<uuid>.json   index.json

Panoramic and third-person videos share the annotated timeline of their recording. Egocentric clips have their own,
unannotated one: ids `<uuid>_<clip>`, scene label only. Any part may be missing.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd

from bineego.datasets import index
from bineego.datasets.recording import Dataset, Recording, Subset, View
from bineego.datasets.videos import by_id, find_videos
from bineego.errors import InputInvalid
from bineego.formats.annotations import Annotations, merge
from bineego.formats.media import NO_MEDIA
from bineego.formats.options import LabelOptions
from bineego.formats.read import read_each
from bineego.words import listed

ANNOTATIONS = "TAL_annotations"

log = logging.getLogger(__name__)


def is_folder(path: Path) -> bool:
    """Whether a path is a folder in this layout: it has at least one of its parts."""
    return path.is_dir() and any((path / part).exists() for part in (*View, ANNOTATIONS, index.NAME))


def open_folder(folder: Path, view: View, how: LabelOptions, files: Mapping[str, Path] | None = None) -> Dataset:
    """All recordings that the index, an annotation or a video of this view names, by id.

    What does not fit together is warned of with counts and names, and never dropped: recordings without a video of
    this view have empty `videos`, those without an annotation `segments` None.

    Args:
        files: by video id, files to use in place of the videos of the view; None = the videos themselves.

    Raises:
        InputMissing, InputInvalid: an index or annotation file that cannot be read or is wrong.
    """
    entries = _read_index(folder)
    tables = {video: part.segments for video, part in _read_annotations(folder, how).items()}
    videos = view_videos(folder, view) if files is None else {video: {video: path} for video, path in files.items()}
    ids = sorted({*entries.ids, *tables, *videos})
    recordings = []
    for uuid in ids:
        subset = entries.subsets.get(uuid)
        recordings.append(
            Recording(
                recording_id=uuid,
                videos=videos.get(uuid, {}),
                view=view,
                segments=tables.get(uuid) if view.has_timeline else None,
                scene=entries.scenes.get(uuid),
                subset=None if subset is None else Subset(subset),
                attributes=entries.attributes.get(uuid, {}),
            )
        )
    _report(folder, view, entries, tables, videos)
    return Dataset(
        name=folder.resolve().name,
        recordings=recordings,
        actions=tuple(sorted({label for table in tables.values() for label in table["label"]})),
        scenes=tuple(sorted(set(entries.scenes.values()))),
    )


def read_ground_truth(folder: Path, how: LabelOptions) -> Annotations:
    """Segments, scenes and subsets; those of egocentric clips (by their own ids) too."""
    entries = _read_index(folder)
    parts = _read_annotations(folder, how)
    scenes, subsets = dict(entries.scenes), dict(entries.subsets)
    for view in (view for view in View if not view.has_timeline):
        for uuid, clips in view_videos(folder, view).items():
            scenes |= {clip: entries.scenes[uuid] for clip in clips if uuid in entries.scenes}
            subsets |= {clip: entries.subsets[uuid] for clip in clips if uuid in entries.subsets}
    return replace(merge(list(parts.values())), scenes=scenes, subsets=subsets)


def view_videos(folder: Path, view: View) -> dict[str, dict[str, Path]]:
    """Recording id -> video id -> file, for one view; empty if the folder lacks it.

    Raises:
        UsageError: two files with one id.
    """
    place = folder / view
    if not place.is_dir():
        return {}
    if view.has_timeline:
        return {video: {video: path} for video, path in find_videos(place).items()}
    clips = {
        part.name: {f"{part.name}_{clip}": path for clip, path in find_videos(part).items()}
        for part in sorted(place.iterdir())
        if part.is_dir() and not part.name.startswith(".")
    }
    by_id(pair for found in clips.values() for pair in found.items())  # "a_b/c" and "a/b_c" would be one id
    return {uuid: found for uuid, found in clips.items() if found}


def _read_index(folder: Path) -> index.Index:
    path = folder / index.NAME
    if path.exists():
        return index.read(path)
    log.info("%s: no %s, so no scene labels and no subsets", folder, index.NAME)
    return index.Index()


def _read_annotations(folder: Path, how: LabelOptions) -> dict[str, Annotations]:
    """Annotations by recording id, which is the stem of the file in either variant."""
    place = folder / ANNOTATIONS
    if not place.is_dir():
        return {}
    files = sorted(path for path in place.iterdir() if path.suffix.casefold() == ".json" and path.name[0] != ".")
    parts = read_each(files, how, NO_MEDIA, where=place)
    return {path.stem: _of_recording(found, path) for path, found in zip(files, parts, strict=True)}


def _of_recording(found: Annotations, path: Path) -> Annotations:
    """The part of an annotation file that is about the recording it is named by.

    A VIA project names its video itself. If it holds one, the file's place in the layout decides whose it is (projects
    are often made on a copy with another name); if it holds several, the one of the recording is taken.
    """
    uuid = path.stem
    if found.videos == (uuid,):
        return found
    if len(found.videos) > 1:
        if uuid not in found.videos:
            raise InputInvalid(f"its {listed(found.videos, 'video')} do not include {uuid!r}", where=path)
        log.warning("%s: only the segments of %r are used, not those of %s", path, uuid,
                    listed((video for video in found.videos if video != uuid), "other video"))  # fmt: skip
        table = found.segments[found.segments["video_id"] == uuid].reset_index(drop=True)
    else:
        table = found.segments.assign(video_id=uuid)
    return Annotations(segments=table, videos=(uuid,))


def _report(
    folder: Path, view: View, entries: index.Index, tables: dict[str, pd.DataFrame], videos: dict[str, dict[str, Path]]
) -> None:
    """Say what does not fit together."""
    known = {*entries.ids, *tables}
    without_video = sorted(known - set(videos))
    if without_video:
        what = "no videos at all" if not videos else listed(without_video, "recording") + " without a file"
        log.warning("%s: %s in the %s view", folder, what, view)
    if view.has_timeline and tables:
        unannotated = sorted(set(videos) - set(tables))
        if unannotated:
            log.warning(
                "%s: %s without an annotation file; no actions can be learnt or scored there",
                folder, listed(unannotated, "video"),
            )  # fmt: skip
    if entries.ids:
        unlisted = sorted({*videos, *tables} - set(entries.ids))
        if unlisted:
            log.warning("%s: %s not in %s", folder, listed(unlisted, "recording"), index.NAME)
