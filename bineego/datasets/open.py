"""Opening a DATASET, whatever form it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd

from bineego.datasets import annotated, x360
from bineego.datasets.index import NAME as INDEX_NAME
from bineego.datasets.media import media_beside
from bineego.datasets.recording import Dataset, View
from bineego.datasets.videos import videos_under
from bineego.errors import BineegoError, UsageError
from bineego.files import missing
from bineego.formats.annotations import Annotations
from bineego.formats.media import NO_MEDIA, Medias
from bineego.formats.options import AS_WRITTEN, LabelOptions
from bineego.formats.read import SUFFIXES, annotation_files, read_annotations, read_any


def open_dataset(
    path: Path | str,
    *,
    videos: Path | str | None = None,
    view: View = View.PANORAMIC,
    how: LabelOptions = AS_WRITTEN,
    files: Mapping[str, Path] | None = None,
) -> Dataset:
    """Open a data set for one view.

    Args:
        path: a folder in the 360+x layout, or an annotation file (CSV, ActivityNet JSON, VIA 3 project, 360+x JSON), or
            a folder of annotation files.
        videos: folder of the videos, for annotation files; None = beside the file.
        view: which camera's videos.
        how: how tables of other tools are read.
        files: by video id, files to use in place of the videos (such as features), which then need not exist; None =
            the videos.

    Raises:
        InputMissing: nothing is there, or a file cannot be read.
        InputInvalid: a file's content is wrong.
        UsageError: `videos` given for a 360+x folder, a folder that is not a data set, two videos with one id.
    """
    path = Path(path)
    _check_exists(path)
    if x360.is_folder(path):
        if videos is not None:
            raise UsageError("--videos does not apply: a folder in the 360+x layout contains its videos", where=path)
        return x360.open_folder(path, view, how, files)
    _check_annotations(path)
    return annotated.open_annotated(path, None if videos is None else Path(videos), view, how, files)


def with_files(dataset: Dataset, files: Mapping[str, Path]) -> Dataset:
    """A data set with other files in place of its videos; a recording without one has none."""
    return dataset.with_recordings(
        [
            replace(r, videos={video: files[video] for video in r.videos or (r.recording_id,) if video in files})
            for r in dataset.recordings
        ]
    )


def videos_at_hand(
    path: Path | str, *, videos: Path | str | None = None, view: View = View.PANORAMIC
) -> dict[str, Path]:
    """The video files of a data set that exist, by id; silent if there are none."""
    path = Path(path)
    try:
        if x360.is_folder(path):
            return {video: file for files in x360.view_videos(path, view).values() for video, file in files.items()}
        return videos_under(annotated.default_videos(path) if videos is None else Path(videos))
    except BineegoError:
        return {}


def read_ground_truth(path: Path | str, how: LabelOptions = AS_WRITTEN) -> Annotations:
    """The labels of a data set in any form; its videos need not be there.

    Scenes and subsets of a 360+x folder come from its index.json, and name egocentric clips too.

    Raises:
        InputMissing: nothing is there, or a file cannot be read.
        InputInvalid: a file's content is wrong.
    """
    path = Path(path)
    _check_exists(path)
    if x360.is_folder(path):
        return x360.read_ground_truth(path, how)
    if path.name == INDEX_NAME and x360.is_folder(path.parent):
        return x360.read_ground_truth(path.parent, how)
    _check_annotations(path)
    return read_annotations(path, how, media_beside(path))


def read_anything(path: Path, how: LabelOptions = AS_WRITTEN, media: Medias = NO_MEDIA) -> Annotations:
    """Labels or predictions in any form: a file, a folder of files of labels, or a 360+x folder (or its index.json).

    Raises:
        InputMissing: it is not there, or cannot be read.
        InputInvalid: it is in no known format, or a row is wrong.
    """
    if x360.is_folder(path) or (path.name == INDEX_NAME and x360.is_folder(path.parent)):
        return read_ground_truth(path, how)
    return read_any(path, how, media)


def read_segments(path: Path | str) -> pd.DataFrame:
    """The segments table of labels or predictions in any form: video_id, label, start, end (s), and maybe score.

    Args:
        path: a file in any format that is known, a folder of such files, or a 360+x folder.

    Raises:
        InputMissing: it is not there, or cannot be read.
        InputInvalid: it is in no known format, or a row is wrong.
    """
    return read_anything(Path(path)).segments


def is_dataset(path: Path) -> bool:
    """Whether a path would be opened as a data set (and not as a video or a folder of videos)."""
    if path.is_dir():
        return x360.is_folder(path) or bool(annotation_files(path))
    return path.suffix.casefold() in SUFFIXES


def _check_exists(path: Path) -> None:
    if not path.exists():
        raise missing(path)


def _check_annotations(path: Path) -> None:
    if path.is_dir() and not annotation_files(path):
        raise UsageError(
            "not a data set: neither in the 360+x layout nor a folder of label files (.csv, .json, ...)",
            where=path,
            remedy="name an annotation file, and the folder of its videos with --videos",
        )
