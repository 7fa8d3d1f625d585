"""`evaluate`: ground truth and predictions in, scores out.

Source: report, section 4.1: mean average precision over the classes of the ground truth at tIoU 0.5, 0.75 and 0.95, and
the mean of the three as the final score. The rules in detail are in docs/scoring.md.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bineego import segments
from bineego.config import build, takes
from bineego.errors import InputInvalid, UsageError, nearest
from bineego.evaluation import ignored
from bineego.evaluation.average_precision import Curve, curves
from bineego.evaluation.bootstrap import intervals
from bineego.evaluation.diagnosis import diagnose
from bineego.evaluation.matching import Hits, match
from bineego.evaluation.options import EvaluateOptions, Protocol
from bineego.evaluation.recall import recall_at
from bineego.evaluation.result import Evaluation
from bineego.evaluation.scenes import scene_top1
from bineego.evaluation.scoring_table import ScoringTable, arrange
from bineego.evaluation.segmental import segmental
from bineego.evaluation.sides import Predictions, Truth, read_sides, refuse_strangers, warn_of_gaps
from bineego.evaluation.ties import tie_range
from bineego.formats import windows
from bineego.formats.annotations import SUBSET_NAMES, Annotations
from bineego.formats.csv import read_scenes
from bineego.words import listed

log = logging.getLogger(__name__)

SCENES_NAME = "scenes.csv"
"""Looked for beside the predictions; `localize` writes it there."""

Scenes = Mapping[str, str] | Path | str


@takes(EvaluateOptions)
def evaluate(
    ground_truth: Truth,
    predictions: Predictions,
    *,
    scenes: Scenes | None = None,
    options: EvaluateOptions | None = None,
    **given: Any,
) -> Evaluation:
    """Score predictions against ground truth.

    Args:
        ground_truth: a segments table, annotations, or a DATASET path in any form.
        predictions: a scored segments table, or a file of them (CSV or ActivityNet JSON).
        scenes: predicted scene by video id, or a file of them; by default `scenes.csv` beside the predictions.
        options: many options at once; keywords win.
        given: see `EvaluateOptions`: `tiou`, `subset`, `bootstrap` ...; with `curves=True` the result holds the curves.

    Raises:
        InputMissing: a file is not there.
        InputInvalid: a file is wrong, or the ground truth has neither segments nor scenes to score.
        UsageError: a wrong option, or a subset without videos.
    """
    return score(ground_truth, predictions, build(EvaluateOptions, options, given), scenes=scenes)


def score(
    ground_truth: Truth, predictions: Predictions, options: EvaluateOptions, *, scenes: Scenes | None = None
) -> Evaluation:
    """`evaluate` with its options as one object (whose paths are not looked at)."""
    annotations, table = read_sides(ground_truth, predictions, options)
    if isinstance(predictions, Path | str):
        refuse_strangers(annotations, table)
    predicted_scenes = _read_scenes(scenes, predictions)
    return _evaluate(annotations, table, predicted_scenes, options)


def of_subset(annotations: Annotations, subset: str) -> Annotations:
    """The videos of one subset.

    Raises:
        UsageError: there are none.
    """
    wanted = SUBSET_NAMES.get(subset.casefold(), subset)
    members = {video for video, name in annotations.subsets.items() if name == wanted}
    if not members:
        known = sorted(set(annotations.subsets.values()))
        there = f"it has {', '.join(known)}{nearest(subset, known)}" if known else "it has no subsets"
        raise UsageError(f"the ground truth has no video in subset {subset!r}: {there}", where="--subset")
    table = annotations.segments
    inside = table["video_id"].isin(members).to_numpy()
    return Annotations(
        segments=table[inside].reset_index(drop=True),
        videos=tuple(video for video in annotations.videos if video in members),
        subsets={video: wanted for video in annotations.subsets if video in members},
        scenes={video: scene for video, scene in annotations.scenes.items() if video in members},
        unlabelled=tuple(video for video in annotations.unlabelled if video in members),
    )


def _evaluate(
    annotations: Annotations, table: pd.DataFrame, predicted_scenes: Mapping[str, str] | None, options: EvaluateOptions
) -> Evaluation:
    chosen = annotations if options.subset is None else of_subset(annotations, options.subset)
    table = _of_scored_videos(annotations, chosen, table, options.subset)
    top1 = None if predicted_scenes is None else scene_top1(chosen.scenes, predicted_scenes, chosen.videos)
    truth, stretches = ignored.part(chosen.segments, options.ignore)
    table = table[~table["label"].isin(stretches["label"].unique()).to_numpy()].reset_index(drop=True)
    warn_of_gaps(truth, table, annotations.subsets if options.subset is None else None)
    videos = chosen.videos
    if options.protocol is Protocol.WINDOWS:
        truth, table, stretches = windows.cut(truth), windows.cut(table), windows.cut(stretches)
        videos = windows.ids_of(table, videos)
    if options.dedup_ground_truth:
        truth = _without_duplicates(truth)
    tiou = options.tiou
    if len(truth) == 0:
        if top1 is None:
            raise InputInvalid("the ground truth has no segments to score")
        nothing = (float("nan"),) * len(tiou)
        return Evaluation(tiou=tiou, mAP=nothing, final=float("nan"), ap={}, scene_top1=top1)
    arranged = ignored.marked(arrange(truth, table, videos=videos, tolerance=options.tolerance), stretches)
    hits = match(arranged, tiou)
    found = _assemble(arranged, tiou, hits, top1, options)
    if options.segmental:
        found = replace(found, segmental=segmental(truth, table, videos, ignored=stretches))
    return found


def _assemble(
    arranged: ScoringTable, tiou: tuple[float, ...], hits: list[Hits], top1: float | None, options: EvaluateOptions
) -> Evaluation:
    bounds, n_truth = arranged.predictions.bounds, arranged.n_truth
    ap_KC = np.array([ignored.ap_of(arranged, found) for found in hits])
    means = ap_KC.mean(axis=1)
    final = float(means.mean())
    return Evaluation(
        tiou=tiou,
        mAP=tuple(means.tolist()),
        final=final,
        ap=dict(zip(arranged.labels, map(tuple, ap_KC.T.tolist()), strict=True)),
        scene_top1=top1,
        n_truth=dict(zip(arranged.labels, n_truth.tolist(), strict=True)),
        n_predictions=dict(zip(arranged.labels, np.diff(bounds).tolist(), strict=True)),
        ties=tie_range(arranged, tiou, hits, final),
        recall={k: recall_at(arranged, hits, k) for k in options.recall_at},
        curves=_curves(arranged, hits) if options.curves else None,
        intervals=None
        if options.bootstrap == 0
        else intervals(
            arranged,
            hits,
            resamplings=options.bootstrap,
            seed=options.seed,
            # Windows of one video are not independent.
            unit=windows.original if options.protocol is Protocol.WINDOWS else None,
        ),
        diagnosis=diagnose(arranged, tiou, hits) if options.diagnose else None,
    )


def _curves(arranged: ScoringTable, hits: list[Hits]) -> dict[str, tuple[Curve, ...]]:
    by_threshold = [
        curves(found.prediction, left.predictions.bounds, left.n_truth, left.score)
        for left, found in (ignored.settled(arranged, found) for found in hits)
    ]
    return {label: tuple(of_class[c] for of_class in by_threshold) for c, label in enumerate(arranged.labels)}


def _of_scored_videos(
    annotations: Annotations, chosen: Annotations, table: pd.DataFrame, subset: str | None
) -> pd.DataFrame:
    """Predictions without those of videos that the data set knows and that are not scored here."""
    known = {*annotations.known, *annotations.segments["video_id"].unique()}
    others = known - {*chosen.videos, *chosen.segments["video_id"]}
    if not others:
        return table
    outside = table["video_id"].isin(others).to_numpy()
    if not outside.any():
        return table
    names = dict.fromkeys(table["video_id"][outside])
    reason = "are not annotated" if subset is None else f"are not in subset {subset!r}, or not annotated"
    log.info(
        "left out %d of %d predictions because their videos %s: %s",
        outside.sum(),
        len(table),
        reason,
        listed(names, "video"),
    )
    return table[~outside].reset_index(drop=True)


def _without_duplicates(truth: pd.DataFrame) -> pd.DataFrame:
    once = truth.drop_duplicates(list(segments.COLUMNS), ignore_index=True)
    if n := len(truth) - len(once):
        log.info("%d exact duplicates in the ground truth are counted once", n)
    return once


def _read_scenes(scenes: Scenes | None, predictions: Predictions) -> Mapping[str, str] | None:
    if isinstance(scenes, Mapping):
        return scenes
    if scenes is not None:
        return read_scenes(Path(scenes))
    if isinstance(predictions, Path | str):
        beside = Path(predictions).parent / SCENES_NAME
        if beside.is_file():
            return read_scenes(beside)
    return None
