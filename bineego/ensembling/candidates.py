"""The candidates of all models as flat arrays: what the fusing rules work on."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bineego import segments
from bineego.postprocess.options import Missing
from bineego.types import Bools, Floats, Ints

SCORE_DECIMALS = 12
"""Scores equal to this many decimals are equal: averages are sums of float64, and their noise must not order them."""

_EXACT_BELOW = 8192.0
"""From here on neighbouring float64 lie more than 10**-12 apart: rounding to 12 decimals changes nothing."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidates:
    """N candidates.

    Attributes:
        group: number (N,) of the (video, label) pair; only candidates of one pair ever meet.
        start, end: (N,), seconds, end after start.
        score: (N,).
        model: which input (N,) it comes from.
        weight: weight (M,) of every input, all above 0.
        videos, labels: id and name (G,) of each group, both in ascending order: by video, then by label.
    """

    group: Ints
    start: Floats
    end: Floats
    score: Floats
    model: Ints
    weight: Floats
    videos: NDArray[np.object_]
    labels: NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.group)


def collect(tables: Sequence[pd.DataFrame], weights: Sequence[float]) -> Candidates:
    """The candidates of several scored tables, in the order of models and rows.

    A model of weight 0 is left out. Rows with end <= start are dropped with a warning that counts them.
    """
    used = [(table, weight) for table, weight in zip(tables, weights, strict=True) if weight > 0]
    models = np.repeat(np.arange(len(used)), [len(table) for table, _ in used]).astype(np.int64)
    table = segments.concat([table for table, _ in used], scored=True)
    bad = segments.degenerate(table)
    if bad.any():
        log.warning("%d of %d rows left out: they do not end after they start", int(bad.sum()), len(bad))
        table, models = table[~bad], models[~bad]
    group, videos, labels = _groups(table)
    start, end, score = (table[name].to_numpy(np.float64) for name in (*segments.TIMES, segments.SCORE))
    return Candidates(
        group=group,
        start=start,
        end=end,
        score=score,
        model=models,
        weight=np.array([weight for _, weight in used], np.float64),
        videos=videos,
        labels=labels,
    )


def _groups(table: pd.DataFrame) -> tuple[Ints, NDArray[np.object_], NDArray[np.object_]]:
    """Group number (N,) of each row, and the video id and label (G,) of each group."""
    video, videos = _codes(table["video_id"])
    label, labels = _codes(table["label"])
    pairs, group = np.unique(video * max(1, len(labels)) + label, return_inverse=True)
    return group.astype(np.int64), videos[pairs // max(1, len(labels))], labels[pairs % max(1, len(labels))]


def _codes(column: pd.Series) -> tuple[Ints, NDArray[np.object_]]:
    """Number (N,) of each text among the distinct ones, which are in ascending order."""
    codes, names = pd.factorize(column.to_numpy(dtype=object))
    names = np.asarray(names, dtype=object)
    order = np.array(sorted(range(len(names)), key=names.__getitem__), np.int64)
    rank = np.empty(len(names), np.int64)
    rank[order] = np.arange(len(names))
    return rank[codes], names[order]


def to_table(candidates: Candidates, group: Ints, start: Floats, end: Floats, score: Floats) -> pd.DataFrame:
    """A scored table of fused segments in file order: by video, start and end; then by label, then best score first."""
    videos, labels = candidates.videos[group], candidates.labels[group]
    # Groups are numbered by video, then label: the video's rank is that of its first group.
    _, video_of_group = np.unique(candidates.videos, return_inverse=True) if len(candidates.videos) else (None, group)
    order = np.lexsort((-score, group, end, start, video_of_group[group]))
    return segments.make(videos[order], labels[order], start[order], end[order], score[order])


def rounded(scores: Floats) -> Floats:
    """Scores (N,) rounded to `SCORE_DECIMALS` exactly as Python's `round` does it, in a fraction of its time."""
    small = np.abs(scores) < _EXACT_BELOW
    scaled = np.where(small, scores, 0.0) * 10.0**SCORE_DECIMALS
    nearest = np.rint(scaled)
    result = np.where(small, nearest / 10.0**SCORE_DECIMALS, scores)
    # Scaling has an error of its own, which can matter only where the scaled score lies half-way between two numbers.
    margin = 1e-3 + 4.0 * np.spacing(np.abs(scaled))
    doubtful = np.flatnonzero(small & (np.abs(np.abs(scaled - nearest) - 0.5) <= margin))
    result[doubtful] = [round(float(score), SCORE_DECIMALS) for score in scores[doubtful]]
    return result + 0.0  # -0.0 becomes 0.0


def changes(*columns: Floats | Ints) -> Bools:
    """Mask (N,) of the rows that differ from the one before in any of the columns; the first row does."""
    changed = np.ones(len(columns[0]), bool)
    changed[1:] = False
    for column in columns:
        changed[1:] |= column[1:] != column[:-1]
    return changed


def confidence(votes: Floats, weights: Floats, first: Ints, all_weights: Floats, missing: Missing) -> Floats:
    """sum(w_i c_i) / sum(w_i) of K candidates from their votes.

    Args:
        votes: score (V,) a model gives a candidate, one vote per model; those of one candidate stand together.
        weights: weight (V,) of the model of each vote.
        first: position (K,) of each candidate's first vote.
        all_weights: weight (M,) of every model.
        missing: what models without a vote say.
    """
    sums = np.add.reduceat(weights * votes, first)
    low, high = np.minimum.reduceat(votes, first), np.maximum.reduceat(votes, first)
    if missing is Missing.PRESENT:
        average = sums / np.add.reduceat(weights, first)
    else:
        average = sums / all_weights.sum()
        absent = np.diff(np.append(first, len(votes))) < len(all_weights)
        low, high = np.where(absent, np.minimum(low, 0.0), low), np.where(absent, np.maximum(high, 0.0), high)
    # An average lies within what it averages; float64 may stray by its last bit.
    return np.clip(average, low, high)
