"""Weights, method, threshold and missing rule from validation videos.

Every way to fuse of `choices` is scored on all videos but one, the best one fuses the video left out, and the fused
videos together are scored: what the choosing is worth on videos it has not seen. (With more than `MOST_FOLDS` videos,
groups of videos are left out instead.) Fused videos of different ways are ranked in one list, so this is a cautious
figure. The final choice is the best way on all videos; where choosing did not pay on the videos left out, it is the
default with equal weights.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bineego import segments
from bineego.ensembling.agree import warn_of_scales, with_common_ids
from bineego.ensembling.choices import Choice, choices
from bineego.ensembling.fusing import as_table, fuse_models
from bineego.ensembling.inputs import EnsembleInput, ModelAnswers, read_models
from bineego.ensembling.options import EnsembleOptions, Method, Settings, write_settings
from bineego.errors import InputInvalid, UsageError
from bineego.evaluation.bootstrap import draw
from bineego.evaluation.scoring import of_subset
from bineego.evaluation.sides import Truth, read_truth
from bineego.evaluation.subsets import final_scores
from bineego.formats.annotations import Annotations
from bineego.postprocess import DecodeOptions
from bineego.types import Floats

MOST_FOLDS = 20
"""Up to this many videos each is left out alone."""

RESAMPLINGS = 1000
LEVEL = 0.95


log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Gain:
    """A final score (mean mAP) on the videos left out, against another way on the same videos.

    Attributes:
        over: what it is compared with.
        score: the score of that.
        gain: how much more the fit reached.
        low, high: bootstrap interval of the gain over videos, at level 0.95.
    """

    over: str
    score: float
    gain: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class EnsembleFit:
    """What was chosen, and what it is worth.

    Attributes:
        settings: the choice.
        kept_default: whether choosing did not pay, so that the default was kept.
        held_out: final score of choosing, on videos left out.
        over_single: against the best single model (picked on all videos: a strict comparison).
        over_equal: against the default method with equal weights.
        n_choices, n_videos, n_folds: size of the search.
    """

    settings: Settings
    kept_default: bool
    held_out: float
    over_single: Gain
    over_equal: Gain
    n_choices: int
    n_videos: int
    n_folds: int

    def text(self) -> str:
        """What was chosen and what it is worth, for people."""
        chosen = self.settings
        parts = [f"method {chosen.method}"]
        if chosen.method is Method.TRACKS:
            parts.append(f"pooling {chosen.pooling}")
        else:
            parts += [f"iou {chosen.iou}", f"missing {chosen.missing}"]
        lines = [
            f"chosen from {self.n_choices} ways to combine on {self.n_videos} videos: {', '.join(parts)}",
            *(f"  weight {weight:g}  {name}" for name, weight in zip(chosen.inputs, chosen.weights, strict=True)),
            f"score on videos left out ({self.n_folds} folds): mean mAP {self.held_out:.4f}",
        ]
        for gain in (self.over_single, self.over_equal):
            lines.append(
                f"  {gain.gain:+.4f} over {gain.over} ({gain.score:.4f}); "
                f"{LEVEL:.0%} interval {gain.low:+.4f} to {gain.high:+.4f}"
            )
        if self.kept_default:
            lines.append("choosing did not improve on the default for the videos left out, so equal weights are kept")
        return "\n".join(lines)

    def report(self) -> dict[str, Any]:
        """The figures as plain values, for the weights file."""
        return {
            "videos": self.n_videos,
            "folds": self.n_folds,
            "choices": self.n_choices,
            "held_out": self.held_out,
            "kept_default": self.kept_default,
            "over_single": vars(self.over_single),
            "over_equal": vars(self.over_equal),
        }


def fit(
    inputs: Sequence[EnsembleInput],
    ground_truth: Truth,
    *,
    options: EnsembleOptions | None = None,
    decode: DecodeOptions | None = None,
    subset: str | None = None,
    seed: int = 0,
    on_progress: Callable[[float, float], None] | None = None,
) -> EnsembleFit:
    """Choose how to fuse these models from videos with known actions.

    Args:
        inputs: as for `ensemble`; with score tracks, track fusion is one of the methods tried.
        ground_truth: a DATASET in any form, or a segments table.
        options: what is given here is not searched.
        decode: how score tracks become segments.
        subset: use only the videos of this subset.
        seed: of the bootstrap.

    Raises:
        UsageError: fewer than two models or two videos with actions.
        InputMissing, InputInvalid: a file that cannot be read, or with wrong content.
    """
    options = options or EnsembleOptions()
    truth = read_truth(ground_truth)
    truth = truth if subset is None else of_subset(truth, subset)
    judge = _Judge(truth)
    models = with_common_ids(read_models(inputs), (*truth.known, *truth.segments["video_id"].unique()))
    warn_of_scales(models)
    if len(models) < 2:
        raise UsageError("a fit needs at least two models", remedy="bineego ensemble A.csv B.csv --fit GROUND_TRUTH")
    with_tracks = all(model.table is None for model in models)
    if decode is not None and not with_tracks:
        raise UsageError("decoding needs score tracks, but these are segments", remedy="leave --postprocess out")
    decode = decode or DecodeOptions()
    tables = [ModelAnswers(name=model.name, table=judge.known(as_table(model, decode), model.name)) for model in models]
    judge.warn_of_missing([model.table for model in tables if model.table is not None])
    fuser = _Fuser(tables, models, decode)
    ways = choices(len(models), options, with_tracks=with_tracks)
    judge_scores = np.empty((len(ways), judge.n_folds + 1))
    with _quiet():
        for i, way in enumerate(ways):
            judge_scores[i] = judge.scores(fuser(way))
            if on_progress is not None:
                on_progress(i + 1, len(ways))
        # Rounded: float64 noise must not prefer a later choice to an equally good simpler one.
        best = np.round(judge_scores, 9).argmax(axis=0)
        held_out = judge.held_out([fuser(ways[i]) for i in best[:-1]])
        singles = [model.table for model in tables if model.table is not None]
        single_scores = [judge.scores(table)[-1] for table in singles]
        top = int(np.argmax(single_scores))
        over_single = judge.gain(held_out, singles[top], f"the best single model ({models[top].name})", seed)
        over_equal = judge.gain(held_out, fuser(ways[0]), f"{ways[0].options.method} with equal weights", seed)
    kept_default = over_equal.gain <= 0
    chosen = ways[0 if kept_default else int(best[-1])]
    return EnsembleFit(
        settings=_settings(chosen, models, decode if with_tracks else None),
        kept_default=kept_default,
        held_out=over_single.score + over_single.gain,
        over_single=over_single,
        over_equal=over_equal,
        n_choices=len(ways),
        n_videos=len(judge.videos),
        n_folds=judge.n_folds,
    )


def write(found: EnsembleFit, path: Path) -> None:
    """Write a fit as a file that `ensemble --weights` takes."""
    write_settings(found.settings, found.report(), path)


def _settings(chosen: Choice, models: Sequence[ModelAnswers], decode: DecodeOptions | None) -> Settings:
    options = chosen.options
    assert options.method is not None
    assert options.missing is not None
    return Settings(
        inputs=tuple(model.name for model in models),
        weights=chosen.weights,
        method=options.method,
        iou=options.iou,
        missing=options.missing,
        bridge=options.bridge,
        pooling=options.pooling,
        postprocess=None if decode is None else decode.postprocess,
    )


class _Fuser:
    """Fuses the models of the fit one way or another."""

    def __init__(self, tables: Sequence[ModelAnswers], models: Sequence[ModelAnswers], decode: DecodeOptions) -> None:
        self.tables, self.models, self.decode = tables, models, decode

    def __call__(self, way: Choice) -> pd.DataFrame:
        if way.options.method is Method.TRACKS:
            return fuse_models(self.models, way.weights, way.options, self.decode).table
        return fuse_models(self.tables, way.weights, way.options).table


class _Judge:
    """Scores tables on folds of the annotated videos."""

    def __init__(self, truth: Annotations) -> None:
        self.truth = truth.segments
        self.videos = tuple(dict.fromkeys((*truth.videos, *truth.segments["video_id"])))
        self.labels = frozenset(truth.segments["label"])
        n = len(self.videos)
        if n < 2 or len(self.truth) == 0:
            raise UsageError(
                f"a fit needs at least two videos with actions; the ground truth has {n}",
                remedy="use the ground truth of a validation set",
            )
        self.n_folds = n if n <= MOST_FOLDS else MOST_FOLDS // 2
        self.fold = np.arange(n) % self.n_folds
        # Row f: every video but those of fold f; last row: all.
        kept = np.ones((self.n_folds + 1, n), np.int32)
        kept[self.fold, np.arange(n)] = 0
        self.kept_FV = kept

    def known(self, table: pd.DataFrame, name: str) -> pd.DataFrame:
        """The rows that can count, with one warning about the others, not one per choice."""
        inside = table["video_id"].isin(self.videos).to_numpy()
        named = table["label"].isin(list(self.labels)).to_numpy()
        sound = ~segments.degenerate(table)
        for mask, why in (
            (~inside, "their videos are not in the ground truth"),
            (inside & ~named, "their labels are not in the ground truth"),
            (inside & named & ~sound, "they do not end after they start"),
        ):
            if mask.any():
                log.warning("%s: %d of %d rows left out: %s", name, int(mask.sum()), len(table), why)
        kept = table[inside & named & sound].reset_index(drop=True)
        if len(kept) == 0:
            raise InputInvalid("no predictions for the videos and labels of the ground truth", where=name)
        return kept

    def warn_of_missing(self, tables: Sequence[pd.DataFrame]) -> None:
        predicted = {video for table in tables for video in table["video_id"]}
        silent = sum(video not in predicted for video in self.videos)
        if silent:
            log.warning(
                "%d of %d annotated videos have no predictions and count as missed (is a --subset meant?)",
                silent,
                len(self.videos),
            )

    def scores(self, table: pd.DataFrame) -> Floats:
        """Final score (F + 1,) on the videos outside each fold, and on all."""
        return self._finals(table, self.kept_FV)

    def held_out(self, tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
        """One table: the videos of fold f from the f-th table."""
        number = {video: i for i, video in enumerate(self.videos)}
        parts = []
        for f, table in enumerate(tables):
            fold = self.fold[np.array([number.get(video, 0) for video in table["video_id"]], np.int64)]
            parts.append(table[fold == f])
        return segments.concat(parts, scored=True)

    def gain(self, table: pd.DataFrame, other: pd.DataFrame, name: str, seed: int) -> Gain:
        """How much better a table is than another, with an interval over videos."""
        n = len(self.videos)
        drawn = np.concatenate([np.ones((1, n), np.int32), draw(n, RESAMPLINGS, seed)])
        mine, others = self._finals(table, drawn), self._finals(other, drawn)
        low, high = np.nanquantile((mine - others)[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return Gain(
            over=name, score=float(others[0]), gain=float(mine[0] - others[0]), low=float(low), high=float(high)
        )

    def _finals(self, table: pd.DataFrame, drawn_BV: NDArray[np.int32]) -> Floats:
        """Final score (B,) when each video counts as often as it is drawn: mean over thresholds of the mean AP."""
        return final_scores(self.truth, table, self.videos, drawn_BV)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Notes on odd rows are not repeated at each of the choices; they were given when the tables were read."""
    loggers = [logging.getLogger(name) for name in ("bineego.evaluation", "bineego.ensembling")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
