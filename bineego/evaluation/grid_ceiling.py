"""What a network that reproduces its training labels perfectly scores: what the interval length t costs.

The ground truth's own interval labels (`grid.interval_labels`, the training rule) are decoded as the paper does: runs
of equal labels, each with score 1. Scored against the ground truth, 1 is missed for boundaries between the edges,
segments too short to name an interval, and of actions at the same time all but one.

It is not an upper bound: where actions nest, the labels cut the longer one in pieces, and a network that misses the
shorter one can score more.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bineego import segments
from bineego.errors import InputInvalid, UsageError
from bineego.evaluation.average_precision import average_precision
from bineego.evaluation.matching import match
from bineego.evaluation.options import CHALLENGE_TIOU, thresholds
from bineego.evaluation.result import without_nan
from bineego.evaluation.scoring import of_subset
from bineego.evaluation.scoring_table import arrange, warn_of_degenerate
from bineego.evaluation.sides import Truth, read_truth
from bineego.grid import EPSILON, interval_labels, n_touching
from bineego.spans import Spans, merge_runs
from bineego.types import Floats, Ints

log = logging.getLogger(__name__)

MOST_INTERVALS = 1_000_000
"""Of one video: at t = 0.25 s almost three days; more means that its times are not seconds."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Ceiling:
    """The ceiling of one interval length; K thresholds.

    Attributes:
        t: interval length, seconds.
        tiou: the thresholds.
        mAP, final: what the training labels themselves score, decoded as the paper does; no bound, see the module.
        recall: share of the segments that they find at each threshold (K).
        lost: share of the segments that no interval is named after.
        overlapped: share of the segments that share time with a segment of another label (the same for every t).
    """

    t: float
    tiou: tuple[float, ...]
    mAP: tuple[float, ...]  # noqa: N815
    final: float
    recall: tuple[float, ...]
    lost: float
    overlapped: float

    def to_json(self) -> dict[str, Any]:
        content: dict[str, Any] = without_nan(
            {
                "t": self.t,
                "mAP": list(self.mAP),
                "final": self.final,
                "recall": list(self.recall),
                "lost": self.lost,
                "overlapped": self.overlapped,
            }
        )
        return content


def ceiling(
    ground_truth: Truth,
    t: Sequence[float] | float = (0.25, 0.5, 1.0),
    *,
    tiou: Sequence[float] | float | str = CHALLENGE_TIOU,
    subset: str | None = None,
) -> tuple[Ceiling, ...]:
    """What the training labels of each interval length score, see the module.

    Videos are taken to last a little longer than their last segment, up to the end of its interval.

    Args:
        ground_truth: as in `evaluate`.
        t: interval lengths, seconds.
        tiou: thresholds, as in `evaluate`.
        subset: only the videos of this subset.

    Raises:
        UsageError: an interval length that is not positive, or a subset without videos.
        InputInvalid: a ground truth without segments, or a video of more than `MOST_INTERVALS` intervals.
    """
    annotations = read_truth(ground_truth)
    if subset is not None:
        annotations = of_subset(annotations, subset)
    table = annotations.segments
    if len(table) == 0:
        raise InputInvalid("the ground truth has no segments to compute a ceiling for")
    chosen = thresholds(tiou if isinstance(tiou, str | float | int) else tuple(tiou))
    warn_of_degenerate(table, "ground truth", "a segment that no interval can represent")
    return tuple(_ceiling(table, length, chosen) for length in ([t] if isinstance(t, int | float) else t))


def _ceiling(table: pd.DataFrame, t: float, tiou: tuple[float, ...]) -> Ceiling:
    if not 0 < t < float("inf"):
        raise UsageError(f"an interval length must be a positive number of seconds, not {t}", where="--ceiling")
    codes, labels = pd.factorize(table["label"], sort=True)
    parts, n_lost, n_overlapped = [], 0, 0
    for video, rows in table.groupby("video_id", sort=False).indices.items():
        start, end = (table[name].to_numpy(np.float64)[rows] for name in segments.TIMES)
        ids = codes[rows] + 1
        runs = _decode(start, end, ids, t, str(video))
        names = np.asarray(labels, object)[runs.labels - 1]
        parts.append(segments.make([str(video)] * len(runs), names, runs.starts, runs.ends, runs.scores))
        lost, overlapped = _lost_and_overlapped(start, end, ids, runs)
        n_lost, n_overlapped = n_lost + lost, n_overlapped + overlapped
    arranged = arrange(table, segments.concat(parts, scored=True), warn=False)
    hits = match(arranged, tiou)
    ap = np.array(
        [average_precision(found.prediction, arranged.predictions.bounds, arranged.n_truth) for found in hits]
    )
    return Ceiling(
        t=t,
        tiou=tiou,
        mAP=tuple(ap.mean(axis=1).tolist()),
        final=float(ap.mean()),
        recall=tuple(len(found.truth) / len(table) for found in hits),
        lost=n_lost / len(table),
        overlapped=n_overlapped / len(table),
    )


def _decode(start: Floats, end: Floats, ids: Ints, t: float, video: str) -> Spans:
    """The paper's decoder on the labels that the segments themselves give to the intervals."""
    n = np.ceil(end.max() / t - EPSILON)
    if n > MOST_INTERVALS:
        raise InputInvalid(
            f"a segment ends at {end.max():g} s: {n:.0f} intervals of {t:g} s, more than {MOST_INTERVALS:,}",
            where=f"video {video!r}",
            remedy="times must be in seconds; for a video that long use longer intervals",
        )
    edges = np.arange(max(0, int(n)) + 1) * t
    labels = interval_labels(edges[:-1], edges[1:], start, end, ids)
    return merge_runs(labels, np.ones(len(labels)), edges)


def _lost_and_overlapped(start: Floats, end: Floats, ids: Ints, runs: Spans) -> tuple[int, int]:
    """How many segments share time with no run of their label, and how many with a segment of another label."""
    n_lost, n_overlapped = 0, 0
    n_of_any_label = n_touching(start, end, start, end)
    for class_id in np.unique(ids):
        mine, named = ids == class_id, runs.labels == class_id
        low, high = start[mine], end[mine]
        n_lost += int((n_touching(low, high, runs.starts[named], runs.ends[named]) == 0).sum())
        n_overlapped += int((n_of_any_label[mine] > n_touching(low, high, low, high)).sum())
    return n_lost, n_overlapped
