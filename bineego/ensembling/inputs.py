"""What is fused: one model's answers, as a segments table or as score tracks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from bineego import segments, tracks
from bineego.errors import InputInvalid, InputMissing, UsageError
from bineego.formats import read
from bineego.tracks import ScoreTrack

PREDICTIONS_NAME = "predictions.csv"

EnsembleInput = str | Path | pd.DataFrame | ScoreTrack | Sequence[ScoreTrack]
"""A file of predictions (CSV or ActivityNet JSON), a score track, a folder of them, or any of these in memory."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelAnswers:
    """One model's answers.

    Attributes:
        name: for messages and the weights file: the path as given.
        table: its scored segments; None for score tracks.
        tracks: its score tracks by video id.
    """

    name: str
    table: pd.DataFrame | None = None
    tracks: dict[str, ScoreTrack] = field(default_factory=dict)

    @property
    def videos(self) -> list[str]:
        """Ids of its videos."""
        return list(self.tracks) if self.table is None else self.table["video_id"].unique().tolist()


def read_models(sources: Sequence[EnsembleInput]) -> list[ModelAnswers]:
    """One model per source: all of tables, or all of score tracks.

    A folder is one model: its score tracks, or else its `predictions.csv`. Score-track files of different videos that
    one model wrote into one folder are one model, too.

    Raises:
        InputMissing: a file that cannot be read, or a folder with neither.
        InputInvalid: a file with wrong content, or two tracks of one video in a folder.
        UsageError: tables and score tracks together.
    """
    tabular = any(not _holds_tracks(source) for source in sources)
    models: list[ModelAnswers] = []
    homes: list[Path | None] = []
    for number, source in enumerate(sources, start=1):
        model, home = _read(source, number, as_table=tabular)
        partner = _partner(model, home, models, homes)
        if partner is None:
            models.append(model)
            homes.append(home)
        else:
            partner.tracks.update(model.tracks)
    kinds = {model.table is None for model in models}
    if len(kinds) > 1:
        track = next(model.name for model in models if model.table is None)
        raise UsageError(
            "score tracks and segments cannot be combined",
            where=track,
            remedy="use only .scores.npz files, or only .csv or .json files",
        )
    return models


def is_tabular(sources: Sequence[EnsembleInput]) -> bool:
    """Whether none of the sources looks like score tracks; nothing is read."""
    return not any(_holds_tracks(source) for source in sources)


def _holds_tracks(source: EnsembleInput) -> bool:
    if isinstance(source, pd.DataFrame):
        return False
    if isinstance(source, str | Path):
        path = Path(source)
        return bool(_track_files(path)) if path.is_dir() else tracks.is_track(path)
    return True


def _read(source: EnsembleInput, number: int, *, as_table: bool) -> tuple[ModelAnswers, Path | None]:
    """A model, and the folder of a single score-track file."""
    if isinstance(source, pd.DataFrame):
        return ModelAnswers(
            name=f"table {number}", table=segments.checked(source, scored=True, where=f"table {number}")
        ), None
    if isinstance(source, ScoreTrack):
        return ModelAnswers(name=source.model or f"track {number}", tracks={source.video_id: source}), None
    if not isinstance(source, str | Path):
        return ModelAnswers(name=f"tracks {number}", tracks=_by_video(source, f"input {number}")), None
    path = Path(source)
    if path.is_dir():
        return _read_folder(path, str(source), as_table=as_table), None
    if tracks.is_track(path):
        track = tracks.load(path)
        return ModelAnswers(name=str(source), tracks={track.video_id: track}), path.resolve().parent
    return ModelAnswers(name=str(source), table=read.read_predictions(path)), None


def _read_folder(folder: Path, name: str, *, as_table: bool) -> ModelAnswers:
    files, predictions = _track_files(folder), folder / PREDICTIONS_NAME
    if predictions.is_file() and (as_table or not files):
        return ModelAnswers(name=name, table=read.read_predictions(predictions))
    if not files:
        raise InputMissing(
            f"no score tracks (*{tracks.SUFFIX}) and no {PREDICTIONS_NAME} in this folder",
            where=folder,
            remedy="make them with: bineego localize VIDEOS --save-scores -o FOLDER",
        )
    return ModelAnswers(name=name, tracks=_by_video([tracks.load(file) for file in files], str(folder)))


def _track_files(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"*{tracks.SUFFIX}"))


def _by_video(some: Sequence[ScoreTrack], where: str) -> dict[str, ScoreTrack]:
    found: dict[str, ScoreTrack] = {}
    for track in some:
        if track.video_id in found:
            raise InputInvalid(
                f"two score tracks of {track.video_id!r}",
                where=where,
                remedy="put each model's tracks in a separate folder",
            )
        found[track.video_id] = track
    return found


def _partner(
    model: ModelAnswers, home: Path | None, models: list[ModelAnswers], homes: list[Path | None]
) -> ModelAnswers | None:
    """The earlier model that a single score-track file belongs to."""
    if home is None:
        return None
    (track,) = model.tracks.values()
    for other, place in zip(models, homes, strict=True):
        makers = {one.model for one in other.tracks.values()}
        if place == home and track.model and makers == {track.model} and track.video_id not in other.tracks:
            return other
    return None
