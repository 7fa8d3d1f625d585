"""Ground truth and predictions as arrays of numbers, grouped by class."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bineego import segments
from bineego.errors import nearest

log = logging.getLogger(__name__)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CHUNK_ROWS = 1 << 17
"""Rows worked on at a time (whole classes): they stay in the processor's cache, so time per row does not grow."""

RADIX_CLASSES = np.iinfo(np.int16).max
"""numpy sorts 16-bit integers by radix, in linear time; wider ones by comparison."""

NAMES_SHOWN = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """Segments as arrays (N,), those of one class together.

    Attributes:
        label: class number, increasing.
        video: video number.
        start, end: seconds.
        row: row in the table they come from.
        bounds: where each class begins, and the end (C + 1,).
    """

    label: Ints
    video: Ints
    start: Floats
    end: Floats
    row: Ints
    bounds: Ints

    def __len__(self) -> int:
        return len(self.label)


@dataclass(frozen=True, kw_only=True, eq=False)
class Problem:
    """What is to be scored.

    Attributes:
        labels: the C classes: those of the ground truth, sorted.
        videos: all videos: the V annotated ones first, then those that only predictions name.
        n_annotated: V.
        truth: ground truth, by class, then video, then file order.
        predictions: by class, then falling score, then file order. Those of unknown labels are left out.
        score: their scores (N,).
    """

    labels: tuple[str, ...]
    videos: tuple[str, ...]
    n_annotated: int
    truth: Rows
    predictions: Rows
    score: Floats

    @property
    def n_truth(self) -> Ints:
        """Ground-truth segments of each class (C,)."""
        return np.diff(self.truth.bounds)

    def reordered(self, preference: Ints) -> Problem:
        """The same problem with equal scores ordered by falling `preference` (N,), then as they were."""
        order = np.lexsort((-preference, -self.score, self.predictions.label))
        return Problem(
            labels=self.labels,
            videos=self.videos,
            n_annotated=self.n_annotated,
            truth=self.truth,
            predictions=_take(self.predictions, order, self.predictions.bounds),
            score=self.score[order],
        )


def pose(truth: pd.DataFrame, predictions: pd.DataFrame, *, videos: tuple[str, ...] = (), warn: bool = True) -> Problem:
    """Number labels and videos and sort the rows. What is odd about them is counted in warnings.

    Args:
        truth: unscored segments table.
        predictions: scored segments table.
        videos: annotated videos; those of `truth` are added.
        warn: whether to say what is odd.
    """
    if warn:
        warn_of_degenerate(truth, "ground truth", "an instance that nothing can match")
        warn_of_degenerate(predictions, "predictions", "a false positive")
    truth_label, truth_labels = _factorize(truth, "label")
    truth_video, truth_videos = _factorize(truth, "video_id")
    labels = tuple(sorted(truth_labels))
    annotated = tuple(dict.fromkeys((*videos, *truth_videos)))
    label_code, label_names = _factorize(predictions, "label")
    video_code, video_names = _factorize(predictions, "video_id")
    known = set(annotated)
    all_videos = (*annotated, *(video for video in video_names if video not in known))
    number_of = {label: i for i, label in enumerate(labels)}
    label_code = np.array([number_of.get(name, -1) for name in label_names], np.int64)[label_code]
    video_numbers = {video: i for i, video in enumerate(all_videos)}
    video_code = np.array([video_numbers[name] for name in video_names], np.int64)[video_code]
    kept: slice | Ints = slice(None)
    unknown = [name for name in label_names if name not in number_of]
    if unknown:
        left_out = int((label_code < 0).sum())
        log.warning(
            "%d predictions left out: their labels are not in the ground truth: %s",
            left_out,
            ", ".join(f"{name!r}{nearest(name, labels)}" for name in unknown[:NAMES_SHOWN]) + _and_more(unknown),
        )
        kept = np.flatnonzero(label_code >= 0)
        label_code, video_code = label_code[kept], video_code[kept]
    if warn:
        _warn_of_unknown_videos(video_code, len(annotated), all_videos)
    start, end, score = (predictions[name].to_numpy(np.float64)[kept] for name in ("start", "end", "score"))
    rows = np.arange(len(predictions))[kept]
    found = Rows(label=label_code, video=video_code, start=start, end=end, row=rows, bounds=_bounds(label_code, labels))
    ranked = _rank(found, score)
    truth_label = np.array([number_of[name] for name in truth_labels], np.int64)[truth_label]
    truth_video = np.array([video_numbers[name] for name in truth_videos], np.int64)[truth_video]
    wanted = Rows(
        label=truth_label,
        video=truth_video,
        start=truth["start"].to_numpy(np.float64),
        end=truth["end"].to_numpy(np.float64),
        row=np.arange(len(truth)),
        bounds=_bounds(truth_label, labels),
    )
    return Problem(
        labels=labels,
        videos=all_videos,
        n_annotated=len(annotated),
        truth=_take(wanted, np.lexsort((truth_video, truth_label)), wanted.bounds),
        predictions=_take(found, ranked, found.bounds),
        score=score[ranked],
    )


def chunks(problem: Problem) -> list[tuple[int, int]]:
    """Ranges of classes that hold about `CHUNK_ROWS` predictions each (one class at least)."""
    return _chunks(problem.predictions.bounds)


def _chunks(bounds: Ints) -> list[tuple[int, int]]:
    ranges, low = [], 0
    while low < len(bounds) - 1:
        high = max(low + 1, int(np.searchsorted(bounds, bounds[low] + CHUNK_ROWS, side="right")) - 1)
        ranges.append((low, high))
        low = high
    return ranges


def _rank(rows: Rows, score: Floats) -> Ints:
    """Order (N,) by class, then falling score; equal ones in file order."""
    by_class = _stable_order(rows.label, len(rows.bounds) - 1)
    parts = [np.zeros(0, np.int64)]
    for low, high in _chunks(rows.bounds):
        members = by_class[rows.bounds[low] : rows.bounds[high]]
        parts.append(members[np.lexsort((-score[members], rows.label[members]))])
    return np.concatenate(parts)


def _stable_order(codes: Ints, n: int) -> Ints:
    return np.argsort(codes.astype(np.int16) if n <= RADIX_CLASSES else codes, kind="stable")


def _bounds(label: Ints, labels: tuple[str, ...]) -> Ints:
    return np.concatenate([[0], np.cumsum(np.bincount(label, minlength=len(labels)))]).astype(np.int64)


def _take(rows: Rows, order: Ints, bounds: Ints) -> Rows:
    return Rows(
        label=rows.label[order],
        video=rows.video[order],
        start=rows.start[order],
        end=rows.end[order],
        row=rows.row[order],
        bounds=bounds,
    )


def _factorize(table: pd.DataFrame, column: str) -> tuple[Ints, list[str]]:
    codes, names = pd.factorize(table[column])
    return codes.astype(np.int64, copy=False), [str(name) for name in names]


def warn_of_degenerate(table: pd.DataFrame, what: str, meaning: str) -> None:
    """Count the rows that end at or before their start."""
    if n := int(segments.degenerate(table).sum()):
        log.warning("%d rows of the %s end at or before their start: each counts as %s", n, what, meaning)


def _warn_of_unknown_videos(video: Ints, n_annotated: int, videos: tuple[str, ...]) -> None:
    outside = video >= n_annotated
    if n := int(outside.sum()):
        names = [videos[i] for i in np.unique(video[outside])]
        log.warning(
            "%d predictions are false positives: the ground truth does not know their videos: %s",
            n,
            ", ".join(f"{name!r}" for name in names[:NAMES_SHOWN]) + _and_more(names),
        )


def _and_more(names: list[str]) -> str:
    return f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
