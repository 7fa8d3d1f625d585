"""Inputs of `localize` and `extract-frames`: videos, folders of videos, data sets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bineego.datasets import x360
from bineego.datasets.open import is_dataset, open_dataset
from bineego.datasets.recording import Dataset, Subset, View
from bineego.datasets.videos import by_id, find_videos, video_id, videos_under
from bineego.errors import UsageError
from bineego.files import missing


def resolve_videos(
    inputs: Sequence[Path | str],
    *,
    view: View = View.PANORAMIC,
    subset: Subset | None = None,
    videos: Path | str | None = None,
) -> dict[str, Path]:
    """The videos at these paths: file by id, in the order given.

    Args:
        inputs: video files (of any extension), folders of videos, data sets.
        view: which videos of a 360+x folder.
        subset: only this subset of data sets.
        videos: folder of the videos of an annotation file.

    Raises:
        InputMissing: an input is not there.
        UsageError: two inputs with one id, no video found, or a subset asked of what has none.
        InputInvalid: a data set whose files are wrong.
    """
    if not inputs:
        raise UsageError("no input", remedy="name videos, a folder of videos or a data set")
    paths = [Path(path) for path in inputs]
    for path in paths:
        if not path.exists():
            raise missing(path)
    pairs: list[tuple[str, Path]] = []
    for path in paths:
        pairs += _resolve(path, view, subset, videos)
    return by_id(pairs)


def resolve_views(
    path: Path, views: Sequence[View], *, subset: Subset | None = None, videos: Path | str | None = None
) -> dict[str, tuple[Path | None, ...]]:
    """The videos of several views of a 360+x folder: for every recording that has any, by id, its file in each view.

    Args:
        path: the folder.
        views: which views; None where a recording lacks one.
        subset: only this subset.
        videos: does not apply, and is refused.

    Raises:
        UsageError: any other input, which has one view only; no video in any of these views; or an empty subset.
        InputInvalid: a data set whose files are wrong.
    """
    if not x360.is_folder(path):
        raise UsageError(
            "several views can be fused only for a folder in the 360+x layout; this input has one view",
            where=path,
            remedy="name one view",
        )
    found = [_of_subset(open_dataset(path, videos=videos, view=view), subset, path).videos for view in views]
    if not any(found):
        raise UsageError(f"no video of the {' or the '.join(views)} view in it", where=path)
    return {video: tuple(files.get(video) for files in found) for video in sorted(set().union(*found))}


def _resolve(path: Path, view: View, subset: Subset | None, videos: Path | str | None) -> list[tuple[str, Path]]:
    """Ids and files of one input."""
    if path.is_dir() and not x360.is_folder(path) and videos is None and subset is None:
        # A folder of videos stays one if somebody keeps their labels in it.
        found = find_videos(path) if is_dataset(path) else videos_under(path)
        if found:
            return list(found.items())
    if not is_dataset(path):
        if path.is_dir() and not videos_under(path):
            raise UsageError("no video in this folder", where=path)
        if subset is not None:
            what = "a folder of videos" if path.is_dir() else "a video"
            raise UsageError(f"--subset {subset} needs a data set; this is {what}", where=path)
        if videos is not None and not path.is_dir():
            raise UsageError("--videos needs an annotation file; this is a video", where=path)
        return [(video_id(path), path)]
    dataset = open_dataset(path, videos=videos, view=view)
    chosen = _of_subset(dataset, subset, path)
    if not chosen.videos:
        if x360.is_folder(path):
            raise UsageError(f"no video of the {view} view in it", where=path)
        raise UsageError(
            "none of its videos has a file", where=path, remedy="name the folder of the videos with --videos"
        )
    return list(chosen.videos.items())


def _of_subset(dataset: Dataset, subset: Subset | None, path: Path) -> Dataset:
    chosen = dataset.of_subset(subset)
    if not dataset.recordings:
        raise UsageError("no recording in this data set", where=path)
    if not chosen.recordings:
        subsets = sorted({str(r.subset) for r in dataset.recordings if r.subset is not None})
        there = f"it has {', '.join(subsets)}" if subsets else "none of its recordings names a subset"
        raise UsageError(f"no recording in subset {subset}: {there}", where=path)
    return chosen
