"""Which segments are found: by their length, by overlap with others, by how many their video has.

A bucket's mAP is taken over its own segments: predictions that hit others are left out, false positives stay. Buckets
with few segments would then score low whatever the predictions, so precision is normalised: R N / (R N + F) at recall R
and F false positives, N the mean number of segments of a class (the same N in every bucket).
Source: Alwassel et al., "Diagnosing Error in Temporal Action Detectors" (ECCV 2018), after Hoiem et al. (ECCV 2012).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bineego.evaluation.average_precision import interpolated
from bineego.evaluation.matching import Hits
from bineego.evaluation.scoring_table import ScoredRows, ScoringTable
from bineego.types import Bools, Floats

LENGTHS = ("under 1 s", "1 to 3 s", "3 to 10 s", "10 to 30 s", "30 s or more")
LENGTH_EDGES = (1.0, 3.0, 10.0, 30.0)
OVERLAPS = ("none", "under half", "half or more", "all of it")
PER_VIDEO = ("1", "2 to 5", "6 to 20", "21 to 50", "over 50")
PER_VIDEO_EDGES = (2, 6, 21, 51)


@dataclass(frozen=True, kw_only=True, eq=False)
class Bucket:
    """Ground-truth segments alike in one characteristic; K thresholds.

    Attributes:
        name: for people.
        segments: how many there are.
        recall: share of them hit at each threshold (K); nan in an empty bucket.
        mAP: normalised mean average precision at each threshold (K), over the classes in the bucket.
    """

    name: str
    segments: int
    recall: tuple[float, ...]
    mAP: tuple[float, ...]  # noqa: N815

    def to_json(self) -> dict[str, Any]:
        return {"bucket": self.name, "segments": self.segments, "recall": list(self.recall), "mAP": list(self.mAP)}


def sensitivity(arranged: ScoringTable, hits: Sequence[Hits]) -> Mapping[str, tuple[Bucket, ...]]:
    """The buckets of each characteristic: `length`, `overlap`, `per_video`."""
    truth = arranged.truth
    share = covered_share(truth)
    in_video = np.bincount(truth.video, minlength=len(arranged.videos))[truth.video]
    # The share is a sum of float64 times: all of it may come out as 0.9999999.
    overlap = np.select([share <= 1e-9, share < 0.5, share < 1 - 1e-9], [0, 1, 2], 3).astype(np.int64)
    buckets = {
        "length": (LENGTHS, np.digitize(truth.end - truth.start, LENGTH_EDGES)),
        "overlap": (OVERLAPS, overlap),
        "per_video": (PER_VIDEO, np.digitize(in_video, PER_VIDEO_EDGES)),
    }
    return {
        characteristic: tuple(_bucket(arranged, hits, name, bucket == b) for b, name in enumerate(names))
        for characteristic, (names, bucket) in buckets.items()
    }


def covered_share(rows: ScoredRows) -> Floats:
    """Share (M,) of each segment during which another segment of its video, of any label, lasts too."""
    real = np.flatnonzero(rows.end > rows.start)
    share = np.zeros(len(rows))
    if len(real) == 0:
        return share
    n = len(real)
    time = np.concatenate([rows.start[real], rows.end[real]])
    video = np.concatenate([rows.video[real]] * 2)
    step = np.concatenate([np.ones(n, np.int64), -np.ones(n, np.int64)])
    order = np.lexsort((time, video))
    depth = np.cumsum(step[order])
    # Seconds until the next event; between two videos nothing lasts, so that step never counts.
    wait = np.append(np.diff(time[order]), 0.0)
    shared = np.concatenate([[0.0], np.cumsum(np.where(depth >= 2, wait, 0.0))])
    at = np.empty(2 * n)
    at[order] = shared[:-1]
    length = rows.end[real] - rows.start[real]
    share[real] = np.clip((at[n:] - at[:n]) / length, 0.0, 1.0)
    return share


def _bucket(arranged: ScoringTable, hits: Sequence[Hits], name: str, inside: Bools) -> Bucket:
    n = int(inside.sum())
    recall = tuple(float(inside[found.truth].sum() / n) if n else float("nan") for found in hits)
    return Bucket(
        name=name, segments=n, recall=recall, mAP=tuple(_normalised_map(arranged, found, inside) for found in hits)
    )


def _normalised_map(arranged: ScoringTable, hits: Hits, inside: Bools) -> float:
    bounds = arranged.predictions.bounds
    n_inside = np.bincount(arranged.truth.label[inside], minlength=len(arranged.labels))
    usual = float(arranged.n_truth.mean())
    of_class = np.searchsorted(hits.prediction, bounds)
    scores = []
    for c in np.flatnonzero(n_inside):
        mine = slice(of_class[c], of_class[c + 1])
        rank = hits.prediction[mine] - bounds[c] + 1
        false = rank - np.arange(1, len(rank) + 1)
        kept = inside[hits.truth[mine]]
        found = np.arange(1, int(kept.sum()) + 1) / n_inside[c] * usual
        precision = found / (found + false[kept])
        scores.append(float(interpolated(precision).sum() / n_inside[c]) if len(found) else 0.0)
    return float(np.mean(scores)) if scores else float("nan")
