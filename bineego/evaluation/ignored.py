"""Ambiguous stretches: what is found there is neither right nor wrong.

A prediction that overlaps such a stretch, of whatever label and by however little, does not count unless it hits a
segment. This is the rule of THUMOS14 for its class "Ambiguous".
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from bineego.errors import InputInvalid, nearest
from bineego.evaluation.average_precision import average_precision
from bineego.evaluation.matching import Hits
from bineego.evaluation.pairs import overlapping_pairs
from bineego.evaluation.scoring_table import ScoredRows, ScoringTable
from bineego.labels import composed
from bineego.types import Bools, Floats

TOUCHING = float(np.finfo(np.float64).tiny)
"""The least tIoU of segments that overlap at all."""


def part(truth: pd.DataFrame, labels: tuple[str, ...]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The segments to find, and the stretches with one of some labels.

    Raises:
        InputInvalid: no segment has such a label.
    """
    wanted = [composed(label) for label in labels]
    there = truth["label"].unique().tolist()
    for label in wanted:
        if label not in there:
            raise InputInvalid(
                f"no segment of the ground truth is labelled {label!r}{nearest(label, there)}", where="--ignore"
            )
    mask = truth["label"].isin(wanted).to_numpy()
    return truth[~mask].reset_index(drop=True), truth[mask].reset_index(drop=True)


def marked(arranged: ScoringTable, stretches: pd.DataFrame) -> ScoringTable:
    """The same table with a mark at the predictions that overlap a stretch."""
    if len(stretches) == 0:
        return arranged
    numbers = {video: i for i, video in enumerate(arranged.videos)}
    video = np.array([numbers.get(name, -1) for name in stretches["video_id"]], np.int64)
    order = np.argsort(video, kind="stable")
    start, end = (stretches[name].to_numpy(np.float64)[order] for name in ("start", "end"))
    rows = arranged.predictions
    pairs = overlapping_pairs(rows.video, rows.start, rows.end, video[order], start, end, TOUCHING)
    mask = np.zeros(len(rows), bool)
    mask[pairs.prediction] = True
    return replace(arranged, ambiguous=mask)


def settled(arranged: ScoringTable, hits: Hits) -> tuple[ScoringTable, Hits]:
    """The table and its hits at one threshold without the predictions that do not count there."""
    if arranged.ambiguous is None:
        return arranged, hits
    kept: Bools = ~arranged.ambiguous | hits.mask(len(arranged.predictions))
    place = np.cumsum(kept) - 1
    rows = arranged.predictions
    bounds = np.append(0, np.cumsum(kept))[rows.bounds].astype(np.int64)
    left = ScoredRows(
        label=rows.label[kept], video=rows.video[kept], start=rows.start[kept], end=rows.end[kept],
        row=rows.row[kept], bounds=bounds,
    )  # fmt: skip
    smaller = replace(arranged, predictions=left, score=arranged.score[kept], ambiguous=None)
    return smaller, Hits(prediction=place[hits.prediction], truth=hits.truth)


def ap_of(arranged: ScoringTable, hits: Hits) -> Floats:
    """AP of each class (C,) at the threshold of the hits."""
    left, found = settled(arranged, hits)
    return average_precision(found.prediction, left.predictions.bounds, left.n_truth)
