"""The verb `report`: results from a run, a folder or a file, in one page."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from bineego import records, tracks
from bineego.config import build, takes
from bineego.datasets import find_videos, open_dataset, read_ground_truth, x360
from bineego.errors import BineegoError, InputMissing, UsageError
from bineego.evaluation import evaluate
from bineego.evaluation.sides import read_truth
from bineego.files import missing
from bineego.formats.annotations import Annotations
from bineego.formats.read import read_predictions
from bineego.page.build import write_page
from bineego.page.content import Content
from bineego.page.options import PAGE, ReportOptions
from bineego.runs import RUNS, RunFolder
from bineego.store import Store
from bineego.toml import read_toml
from bineego.tracks import ScoreTrack
from bineego.words import listed

PREDICTIONS = "predictions.csv"

MOST_VIDEOS = 200
"""On one page; a browser has to hold them all."""

if TYPE_CHECKING:  # it brings torch
    from bineego.inference.localized import Localized

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, eq=False)
class Results:
    """What a path holds to report on.

    Attributes:
        name: for the title.
        predictions: the file of the predictions.
        truth: what they are held against, where it lies beside them.
        footage: where the videos may be: a data set or a folder.
        scores: the folder of score tracks.
        files: the videos that `localize` has done in a folder, and where they lay: those in which it found nothing too.
    """

    name: str
    predictions: Path
    truth: Path | None = None
    footage: Path | None = None
    scores: Path | None = None
    files: Mapping[str, Path | None] = field(default_factory=dict)


@takes(ReportOptions)
def report(predictions: Path | str, *, options: ReportOptions | None = None, **given: Any) -> Path:
    """Write results as a page to look at and to correct: one HTML file that needs no network.

    Args:
        predictions: a run (or its name), a folder that `localize` wrote, or a file of predictions.
        options: many options at once; keywords win.
        given: see `ReportOptions`.

    Returns:
        The page.

    Raises:
        InputMissing, InputInvalid: the files.
        UsageError: nothing to report on, or a page that is not ours to replace.
    """
    chosen = build(ReportOptions, options, given)
    return report_on(find_results(Path(predictions)), chosen)


def report_on(found: Results, chosen: ReportOptions) -> Path:
    """The page of these results; see `report`."""
    page = chosen.output
    records.check_free(page, overwrite=chosen.overwrite, inputs=[found.predictions])
    truth = chosen.truth or found.truth
    known = None if truth is None else read_ground_truth(truth)
    footage = _footage(chosen.videos, truth, found)
    videos = found.files
    if known is None and not videos and chosen.videos is not None:
        videos = footage  # labels may begin with nothing that was found
    content = gather(found.name, read_predictions(found.predictions), known, footage, _tracks(found.scores), videos)
    with records.recorded(page) as draft:
        write_page(content, draft, at=page)
    return page


def report_of(found: Localized, folder: Path, *, overwrite: bool = False) -> Path:
    """The page of what `localize` found, in the folder of its tables.

    Raises:
        UsageError: a page that is not ours to replace, or more videos than one holds.
    """
    page = folder / PAGE
    records.check_free(page, overwrite=overwrite)
    tracks_there = (folder / f"{video}{tracks.SUFFIX}" for video in found.videos)
    known = [tracks.load(path) for path in tracks_there if path.is_file()]
    content = gather(folder.resolve().name, found.predictions, None, found.files, known, videos=found.videos)
    with records.recorded(page) as draft:
        write_page(content, draft, at=page)
    return page


def find_results(path: Path) -> Results:
    """What a path refers to.

    Raises:
        InputMissing: it is not there.
        UsageError: a folder without predictions.
    """
    if not path.exists() and (RUNS / path).is_dir():
        path = RUNS / path
    if not path.exists():
        raise missing(path, "no such run, folder or file")
    if path.is_file():
        if path.name == PREDICTIONS:
            return _folder(path.parent)
        return Results(name=path.stem, predictions=path, scores=path.parent)
    run = RunFolder(path)
    if run.has_validation():
        return Results(
            name=f"{run.name}: held-out videos",
            predictions=run.predictions,
            truth=run.ground_truth,
            footage=_dataset_of(run),
            scores=run.predictions.parent,
        )
    if (path / PREDICTIONS).is_file():
        return _folder(path)
    raise UsageError(
        f"neither a finished run nor a folder with {PREDICTIONS}",
        where=path,
        remedy="give a run, a folder written by `bineego localize -o`, or a file of predictions",
    )


def _folder(folder: Path) -> Results:
    """A folder that `localize` wrote, or that holds a table under the same name."""
    done = {record.video_id: record.content.get("video") for record in Store(folder).all()}
    files = {video: Path(file) if file else None for video, file in done.items()}
    return Results(name=folder.resolve().name, predictions=folder / PREDICTIONS, scores=folder, files=files)


def gather(
    name: str,
    predictions: pd.DataFrame,
    truth: Annotations | pd.DataFrame | None = None,
    files: Mapping[str, Path] | None = None,
    found: Iterable[ScoreTrack] = (),
    videos: Iterable[str] = (),
) -> Content:
    """The content of a page; videos come in the order of the tables.

    Args:
        name: title of the page.
        predictions: scored segments.
        truth: what they are held against.
        files: video files by id.
        found: score tracks.
        videos: ids of more videos, which may have nothing of all this.

    Raises:
        UsageError: more videos than a page can hold, or none.
    """
    known = None if truth is None else read_truth(truth)
    annotated = frozenset(known.videos) if known is not None else frozenset()
    by_id = {track.video_id: track for track in found}
    annotated_ids = known.videos if known is not None else ()
    videos = list(dict.fromkeys(map(str, [*predictions["video_id"], *by_id, *annotated_ids, *videos])))
    if not videos:
        raise UsageError("nothing to report: there are no predictions")
    if len(videos) > MOST_VIDEOS:
        videos = _fitting(videos, [*predictions["video_id"].unique(), *by_id])
    if len(videos) > MOST_VIDEOS:
        raise UsageError(
            f"{len(videos)} videos, but a page holds at most {MOST_VIDEOS}",
            remedy="make one page for each part of them",
        )
    evaluation = None
    if known is not None and len(known.segments):
        evaluation = evaluate(known, predictions, curves=True, diagnose=True)
    return Content(
        title=name,
        predictions=predictions,
        videos=videos,
        truth=None if known is None else known.segments,
        annotated=annotated,
        evaluation=evaluation,
        tracks=by_id,
        files={video: path for video, path in (files or {}).items() if video in set(videos)},
    )


def _fitting(videos: list[str], found: Sequence[str]) -> list[str]:
    """The videos in which something was found, and as many of the others as there is room for."""
    there = set(map(str, found))
    room = MOST_VIDEOS - len(there)
    if room < 0:
        return videos
    others = [video for video in videos if video not in there]
    log.warning(
        "%s without predictions are not on the page, which holds %d; the scores count them",
        listed(others[room:], "video"), MOST_VIDEOS,
    )  # fmt: skip
    kept = there.union(others[:room])
    return [video for video in videos if video in kept]


def _footage(videos: Path | str | None, truth: Path | str | None, found: Results) -> Mapping[str, Path]:
    """Video files by id: those of the folder that is named, else where they lay, else those that the labels lead to."""
    if videos is not None:
        if not Path(videos).is_dir():
            raise InputMissing("no such folder of videos", where=videos)
        return _videos_of(Path(videos))
    there = {video: file for video, file in found.files.items() if file is not None and file.is_file()}
    if there:
        return there
    for place in (truth, found.footage, found.predictions.parent):
        with contextlib.suppress(BineegoError, OSError):
            files = _videos_of(Path(place)) if place is not None else {}
            if files:
                return files
    return {}


def _videos_of(place: Path) -> Mapping[str, Path]:
    """The videos of a 360+x folder, or of the folder in which something lies."""
    if x360.is_folder(place):
        return open_dataset(place).videos
    return find_videos(place if place.is_dir() else place.parent)


def _dataset_of(run: RunFolder) -> Path | None:
    """Where the videos of a run lie."""
    with contextlib.suppress(BineegoError):
        table = read_toml(run.config).get("train", {})
        place = table.get("videos") or table.get("dataset")
        return Path(str(place)) if place else None
    return None


def _tracks(folder: Path | None) -> Collection[ScoreTrack]:
    """The score tracks of a folder."""
    files = sorted(folder.glob(f"*{tracks.SUFFIX}")) if folder is not None else []
    return [tracks.load(path) for path in files]
