"""Segmentation measures: accuracy over time, edit score and F1 at several tIoU. numpy only.

They look at one label at a time: where segments of a video overlap, the prediction with the largest score is on top,
and of the ground truth the shorter segment. Touching segments of one label are one. Sources: Lea, Flynn, Vidal, Reiter,
Hager: Temporal convolutional networks for action segmentation and detection, CVPR 2017 (edit score, F1); Farha, Gall:
MS-TCN, CVPR 2019 (counts summed over all videos).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bineego import segments
from bineego.segments import tiou
from bineego.spans import Spans, merge_runs
from bineego.types import Bools, Floats, Ints

SEGMENTAL_TIOU = (0.1, 0.25, 0.5)
"""The field's thresholds; a predicted segment hits at a tIoU of a threshold or more."""

SAME_TIOU = 1e-9
"""Times are sums of float64: two of four steps of 0.2 s may overlap by 0.4999999999999999."""


@dataclass(frozen=True, kw_only=True)
class Segmental:
    """Segmentation measures of some videos, 0 to 1.

    Attributes:
        tiou: thresholds (K) of F1.
        accuracy: share of the time whose label is right, background included; mean over the videos.
        edit: 1 - edit distance between the two sequences of actions, over the longer one; mean over the videos.
        f1: at each threshold (K), of actions; mean over the videos.
        summed_accuracy: of all time of all videos.
        summed_f1: from `hits`, `false` and `missed`, the counts over all videos, at each threshold (K).
        n_videos: how many.
    """

    tiou: tuple[float, ...]
    accuracy: float
    edit: float
    f1: tuple[float, ...]
    summed_accuracy: float
    summed_f1: tuple[float, ...]
    hits: tuple[int, ...]
    false: tuple[int, ...]
    missed: tuple[int, ...]
    n_videos: int

    def to_json(self) -> dict[str, Any]:
        """Its part of what `--json` prints."""

        def at(values: Sequence[float]) -> dict[str, float]:
            return {f"{threshold:g}": value for threshold, value in zip(self.tiou, values, strict=True)}

        return {
            "videos": self.n_videos,
            "accuracy": self.accuracy,
            "edit": self.edit,
            "f1": at(self.f1),
            "summed": {
                "accuracy": self.summed_accuracy,
                "f1": at(self.summed_f1),
                "hits": at(self.hits),
                "false": at(self.false),
                "missed": at(self.missed),
            },
        }


def segmental(
    truth: pd.DataFrame,
    predictions: pd.DataFrame,
    videos: Sequence[str] = (),
    *,
    ignored: pd.DataFrame | None = None,
    lengths: Mapping[str, float] | None = None,
    tiou: tuple[float, ...] = SEGMENTAL_TIOU,
) -> Segmental:
    """The measures over the annotated videos.

    Time goes from 0 to the length of the video, or, where that is not known, to the latest end in either table: all of
    it is compared exactly, so no step has to be chosen. A video without actions in which none is predicted is right.

    Args:
        truth: segments table; without rows of no length.
        predictions: scored segments table; those of other videos are left out. Labels that are not in `truth` are
            wrong wherever they stand.
        videos: annotated videos; those of `truth` are added.
        ignored: segments of time that does not count, in either table.
        lengths: of videos, seconds.
        tiou: thresholds.
    """
    names = list(dict.fromkeys((*videos, *truth["video_id"])))
    numbers = {label: i for i, label in enumerate(dict.fromkeys((*truth["label"], *predictions["label"])), start=1)}
    of_truth, of_predictions = (_by_video(table, numbers) for table in (truth, predictions))
    of_ignored = {} if ignored is None else _by_video(ignored, dict.fromkeys(ignored["label"], 1))
    rows = []
    for name in names:
        row = _timelines(of_truth.get(name, _NONE), of_predictions.get(name, _NONE), of_ignored.get(name, _NONE))
        rows.append(_measure(*row, length=(lengths or {}).get(name, 0.0), tiou=tiou))
    return _mean(rows, tiou)


_NONE = Spans(labels=np.zeros(0, np.int64), starts=np.zeros(0), ends=np.zeros(0), scores=np.zeros(0))


@dataclass(frozen=True, kw_only=True)
class _OfVideo:
    """Right and whole seconds, edit score, and counts (K) of hits, false and missed segments."""

    right: float
    whole: float
    edit: float
    hits: Ints
    false: Ints
    missed: Ints


def _by_video(table: pd.DataFrame, numbers: Mapping[str, int]) -> dict[str, Spans]:
    """The segments of each video that have a length, those on top last."""
    table = table[~segments.degenerate(table)]
    start, end = (table[name].to_numpy(np.float64) for name in segments.TIMES)
    label = np.array([numbers[name] for name in table["label"]], np.int64)
    # Without scores (the ground truth): shorter ones on top, then those that start later.
    rank = table["score"].to_numpy(np.float64) if "score" in table else start - end
    found = {}
    for video, index in table.groupby("video_id", sort=False).indices.items():
        mine = index[np.lexsort((start[index], rank[index]))]
        found[str(video)] = Spans(labels=label[mine], starts=start[mine], ends=end[mine], scores=rank[mine])
    return found


def _timelines(truth: Spans, predictions: Spans, ignored: Spans) -> tuple[Ints, Ints, Bools, Floats]:
    """Labels (N,) of either side and whether time counts, in the cells between all moments at which something changes
    (N + 1,)."""
    sides = (truth, predictions, ignored)
    edges = np.unique(np.concatenate([[0.0], *(moments for s in sides for moments in (s.starts, s.ends))]))
    edges = edges[edges >= 0]
    painted = []
    for side in sides:
        labels = np.zeros(len(edges) - 1, np.int64)
        lows, highs = np.searchsorted(edges, side.starts), np.searchsorted(edges, side.ends)
        for label, low, high in zip(side.labels.tolist(), lows.tolist(), highs.tolist(), strict=True):
            labels[low:high] = label
        painted.append(labels)
    counts = painted[2] == 0
    return painted[0] * counts, painted[1] * counts, counts, edges


def _measure(
    truth: Ints, found: Ints, counts: Bools, edges: Floats, *, length: float, tiou: tuple[float, ...]
) -> _OfVideo:
    widths = np.diff(edges) * counts
    rest = max(0.0, length - float(edges[-1]))  # background on both sides
    true_runs, found_runs = (merge_runs(side, np.ones(len(side)), edges) for side in (truth, found))
    hits = np.array([_hits(true_runs, found_runs, threshold) for threshold in tiou], np.int64)
    return _OfVideo(
        right=float(widths[truth == found].sum()) + rest,
        whole=float(widths.sum()) + rest,
        edit=_edit_score(true_runs.labels, found_runs.labels),
        hits=hits,
        false=len(found_runs) - hits,
        missed=len(true_runs) - hits,
    )


def _hits(truth: Spans, found: Spans, threshold: float) -> int:
    """Predicted segments, in time order, that overlap enough with the segment of their label that they overlap most;
    each of those is hit once."""
    if len(truth) == 0 or len(found) == 0:
        return 0
    overlap = tiou(found.starts[:, None], found.ends[:, None], truth.starts[None], truth.ends[None])
    overlap *= found.labels[:, None] == truth.labels[None]
    best = overlap.argmax(axis=1)
    enough = overlap[np.arange(len(found)), best] >= threshold - SAME_TIOU
    return len(np.unique(best[enough]))


def _edit_score(truth: Ints, found: Ints) -> float:
    """1 - Levenshtein distance over the longer sequence; 1 for two empty ones."""
    n = max(len(truth), len(found))
    if n == 0:
        return 1.0
    steps = np.arange(len(found) + 1)
    row = steps.astype(np.int64)
    for i, label in enumerate(truth.tolist(), start=1):
        # Replace or delete; inserting is a running minimum along the row.
        best = np.append(i, np.minimum(row[:-1] + (found != label), row[1:] + 1))
        row = np.minimum.accumulate(best - steps) + steps
    return 1.0 - int(row[-1]) / n


def _f1(hits: Ints, false: Ints, missed: Ints) -> Floats:
    """2 hits / (2 hits + false + missed); 1 where there is nothing to find and nothing found."""
    whole = 2 * hits + false + missed
    f1: Floats = np.divide(2 * hits, whole, out=np.ones(len(hits)), where=whole > 0)
    return f1


def _mean(rows: Sequence[_OfVideo], tiou: tuple[float, ...]) -> Segmental:
    hits, false, missed = (
        np.stack([getattr(row, name) for row in rows]).sum(axis=0) for name in ("hits", "false", "missed")
    )
    right, whole = sum(row.right for row in rows), sum(row.whole for row in rows)
    return Segmental(
        tiou=tiou,
        accuracy=float(np.mean([row.right / row.whole if row.whole else 1.0 for row in rows])),
        edit=float(np.mean([row.edit for row in rows])),
        f1=tuple(np.mean([_f1(row.hits, row.false, row.missed) for row in rows], axis=0).tolist()),
        summed_accuracy=right / whole if whole else 1.0,
        summed_f1=tuple(_f1(hits, false, missed).tolist()),
        hits=tuple(hits.tolist()),
        false=tuple(false.tolist()),
        missed=tuple(missed.tolist()),
        n_videos=len(rows),
    )
