"""Confidence intervals: how far the score would move with other videos of the same kind.

Videos are drawn with replacement, as many as there are. Matches never change, so each resampling only weights the rows
by how often their video was drawn; n copies of a video are n rows beside each other in the ranking.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bineego.evaluation.average_precision import interpolated
from bineego.evaluation.ignored import settled
from bineego.evaluation.matching import Hits
from bineego.evaluation.scoring_table import ScoringTable
from bineego.types import Floats

LEVEL = 0.95
"""Share of the resamplings inside an interval."""

BLOCK_NUMBERS = 1 << 22
"""Numbers of one array worked on at a time; bounds the memory."""

Interval = tuple[float, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class Intervals:
    """Percentile intervals of level `LEVEL` over videos.

    Attributes:
        resamplings, seed: how they were made.
        mAP: at each threshold (K).
        final: of the final score.
        ap: of each class at each threshold (K), over the resamplings that hold the class; nan where none does.
    """

    resamplings: int
    seed: int
    mAP: tuple[Interval, ...]  # noqa: N815
    final: Interval
    ap: Mapping[str, tuple[Interval, ...]]

    def to_json(self) -> dict[str, Any]:
        return {
            "resamplings": self.resamplings,
            "seed": self.seed,
            "level": LEVEL,
            "mAP": [list(interval) for interval in self.mAP],
            "final": list(self.final),
            "ap": {label: [list(interval) for interval in intervals] for label, intervals in self.ap.items()},
        }


def intervals(
    arranged: ScoringTable,
    hits: Sequence[Hits],
    *,
    resamplings: int,
    seed: int,
    unit: Callable[[str], str] | None = None,
) -> Intervals:
    """Intervals of every score; `hits` at each threshold (K).

    Args:
        unit: what a video is drawn together with (videos that are windows of one recording); None = every video alone.
    """
    units = {name: i for i, name in enumerate(dict.fromkeys(map(unit, arranged.videos)))} if unit else {}
    of_video = [units[unit(video)] for video in arranged.videos] if unit else range(len(arranged.videos))
    drawn = draw(len(units) or len(arranged.videos), resamplings, seed)[:, of_video]
    sides = [settled(arranged, found) for found in hits]
    ap_KBC = (
        resampled_ap(arranged, hits, drawn)
        if arranged.ambiguous is None
        else np.concatenate([resampled_ap(left, [found], drawn) for left, found in sides])
    )
    # A resampling without a class says nothing of it: the mean is over the classes that it holds.
    mean_KB = np.array([_nanmean(ap_BC) for ap_BC in ap_KBC])
    finals_B = mean_KB.mean(axis=0)
    return Intervals(
        resamplings=resamplings,
        seed=seed,
        mAP=tuple(_interval(mean_B) for mean_B in mean_KB),
        final=_interval(finals_B),
        ap={label: tuple(_interval(ap_BC[:, c]) for ap_BC in ap_KBC) for c, label in enumerate(arranged.labels)},
    )


def draw(n_videos: int, resamplings: int, seed: int) -> NDArray[np.int32]:
    """How often each video is drawn (B, V)."""
    rng = np.random.default_rng(seed)
    drawn = np.empty((resamplings, n_videos), np.int32)
    for b in range(resamplings):
        drawn[b] = np.bincount(rng.integers(n_videos, size=n_videos), minlength=n_videos)
    return drawn


def resampled_ap(arranged: ScoringTable, hits: Sequence[Hits], drawn_BV: NDArray[np.int32]) -> Floats:
    """AP (K, B, C) of every class in every resampling; nan where the resampling holds none of its segments."""
    rows, truth = arranged.predictions, arranged.truth
    n_resamplings, n_classes = len(drawn_BV), len(arranged.labels)
    ap_KBC = np.full((len(hits), n_resamplings, n_classes), np.nan)
    of_class = [np.searchsorted(found.prediction, rows.bounds) for found in hits]
    for c in range(n_classes):
        low = rows.bounds[c]
        truth_video = truth.video[truth.bounds[c] : truth.bounds[c + 1]]
        mine = [found.prediction[at[c] : at[c + 1]] - low for found, at in zip(hits, of_class, strict=True)]
        # Nothing after the last hit changes the AP.
        needed = 1 + max((int(hit[-1]) for hit in mine if len(hit)), default=-1)
        block = max(1, BLOCK_NUMBERS // max(needed, len(truth_video), 1))
        for first in range(0, n_resamplings, block):
            drawn = drawn_BV[first : first + block]
            n_truth_B = drawn[:, truth_video].sum(axis=1, dtype=np.int64)
            copies_BN = drawn[:, rows.video[low : low + needed]]
            rank_BN = np.cumsum(copies_BN, axis=1, dtype=np.int64)
            for k, hit in enumerate(mine):
                copies_BH = copies_BN[:, hit]
                number_BH = np.cumsum(copies_BH, axis=1, dtype=np.int64)
                # At a row drawn 0 times this is the precision of the row drawn last before it (0 / 0 at the front).
                precision_BH = number_BH / np.maximum(rank_BN[:, hit], 1)
                area_B = (interpolated(precision_BH) * copies_BH).sum(axis=1)
                held = n_truth_B > 0
                ap_KBC[k, first : first + block, c][held] = area_B[held] / n_truth_B[held]
    return ap_KBC


def _nanmean(ap_BC: Floats) -> Floats:
    known = ~np.isnan(ap_BC)
    mean: Floats = np.where(known, ap_BC, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return mean


def _interval(values: Floats) -> Interval:
    values = values[~np.isnan(values)]
    if len(values) == 0:
        return (float("nan"), float("nan"))
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return (float(low), float(high))
