"""Ground truth and predictions as arrays of numbers, grouped by class."""

from __future__ import annotations

import itertools
import logging
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bineego import segments
from bineego.errors import nearest
from bineego.types import Bools, Floats, Ints
from bineego.words import many

log = logging.getLogger(__name__)

Number = TypeVar("Number", np.float64, np.int64)

CHUNK_ROWS = 1 << 17
"""Rows worked on at a time (whole classes): they stay in the processor's cache, so time per row does not grow."""

RADIX_CLASSES = np.iinfo(np.int16).max
"""numpy sorts 16-bit integers by radix, in linear time; wider ones by comparison."""

NAMES_SHOWN = 5

UNKNOWN = -1


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoredRows:
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
class ScoringTable:
    """What is to be scored.

    Attributes:
        labels: the C classes: those of the ground truth, sorted.
        videos: all videos: the V annotated ones first, then those that only predictions name.
        n_annotated: V.
        truth: ground truth, by class, then video, then file order.
        predictions: by class, then falling score, then file order. Those of unknown labels are left out.
        score: their scores (N,).
        ambiguous: which predictions (N,) count only if they hit; None = all count.
        tolerance: a moment (a segment without length) is hit by a prediction whose centre is within this many seconds.
    """

    labels: tuple[str, ...]
    videos: tuple[str, ...]
    n_annotated: int
    truth: ScoredRows
    predictions: ScoredRows
    score: Floats
    ambiguous: Bools | None = None
    tolerance: float = 0.0

    @property
    def n_truth(self) -> Ints:
        """Ground-truth segments of each class (C,)."""
        return np.diff(self.truth.bounds)

    def reordered(self, preference: Ints) -> ScoringTable:
        """The same table with equal scores ordered by falling `preference` (N,), then as they were."""
        rows = self.predictions
        order = np.lexsort((-preference, -self.score, rows.label))
        reordered = ScoredRows(
            label=rows.label[order],
            video=rows.video[order],
            start=rows.start[order],
            end=rows.end[order],
            row=rows.row[order],
            bounds=rows.bounds,
        )
        ambiguous = None if self.ambiguous is None else self.ambiguous[order]
        return replace(self, predictions=reordered, score=self.score[order], ambiguous=ambiguous)


def arrange(
    truth: pd.DataFrame,
    predictions: pd.DataFrame,
    *,
    videos: tuple[str, ...] = (),
    tolerance: float = 0.0,
    warn: bool = True,
) -> ScoringTable:
    """Number labels and videos and sort the rows. What is odd about them is counted in warnings.

    Args:
        truth: unscored segments table.
        predictions: scored segments table.
        videos: annotated videos; those of `truth` are added.
        tolerance: see `ScoringTable`.
        warn: whether to say what is odd.
    """
    if warn:
        _warn_of_lengths(truth, predictions, tolerance)
    truth_label, truth_labels = _factorize(truth, "label")
    truth_video, truth_videos = _factorize(truth, "video_id")
    label, label_names = _factorize(predictions, "label")
    video, video_names = _factorize(predictions, "video_id")
    labels = tuple(sorted(truth_labels))
    annotated = dict.fromkeys((*videos, *truth_videos))
    all_videos = (*annotated, *(name for name in video_names if name not in annotated))
    label_numbers = {name: i for i, name in enumerate(labels)}
    video_numbers = {name: i for i, name in enumerate(all_videos)}
    label = np.array([label_numbers.get(name, UNKNOWN) for name in label_names], np.int64)[label]
    video = np.array([video_numbers[name] for name in video_names], np.int64)[video]
    truth_label = np.array([label_numbers[name] for name in truth_labels], np.int64)[truth_label]
    truth_video = np.array([video_numbers[name] for name in truth_videos], np.int64)[truth_video]
    n_unknown = int((label == UNKNOWN).sum())
    if warn:
        _warn_of_unknown_labels(n_unknown, [name for name in label_names if name not in label_numbers], labels)
        _warn_of_unknown_videos(video[label != UNKNOWN] if n_unknown else video, len(annotated), all_videos)
    by_class = _stable_order(label, len(labels))[n_unknown:]
    bounds = _bounds(label[by_class] if n_unknown else label, len(labels))
    score = predictions["score"].to_numpy(np.float64)[by_class]
    ranked = _rank(score, bounds)
    return ScoringTable(
        labels=labels,
        videos=all_videos,
        n_annotated=len(annotated),
        truth=_rows(truth, truth_video, np.lexsort((truth_video, truth_label)), _bounds(truth_label, len(labels))),
        predictions=_rows(predictions, video, by_class, bounds, ranked),
        score=score[ranked],
        tolerance=tolerance,
    )


def chunks(arranged: ScoringTable) -> list[tuple[int, int]]:
    """Ranges of classes that hold about `CHUNK_ROWS` predictions each (one class at least)."""
    bounds, ranges, low = arranged.predictions.bounds, [], 0
    while low < len(bounds) - 1:
        high = max(low + 1, int(np.searchsorted(bounds, bounds[low] + CHUNK_ROWS, side="right")) - 1)
        ranges.append((low, high))
        low = high
    return ranges


def _rank(score: Floats, bounds: Ints) -> Ints:
    """Order (N,) by falling score within each class; equal scores stay as they are."""
    order = np.arange(len(score))
    for low, high in itertools.pairwise(bounds.tolist()):
        falling = -score[low:high]
        # The unstable sort is several times faster, and the same where no two scores are equal.
        mine = np.argsort(falling)
        ranked = falling[mine]
        if (ranked[1:] == ranked[:-1]).any():
            mine = np.argsort(falling, kind="stable")
        order[low:high] = mine + low
    return order


def _rows(table: pd.DataFrame, video: Ints, order: Ints, bounds: Ints, ranked: Ints | None = None) -> ScoredRows:
    """The rows of a table in an order that groups them by class, then in the order `ranked` of those."""

    # Two steps: the first reads each class in rising order, the second stays within the class. Both are kind to the
    # processor's cache; one jump to any row is not, and would make large tables slower per row.
    def take(column: NDArray[Number]) -> NDArray[Number]:
        return column[order] if ranked is None else column[order][ranked]

    label = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    return ScoredRows(
        label=label,
        video=take(video),
        start=take(table["start"].to_numpy(np.float64)),
        end=take(table["end"].to_numpy(np.float64)),
        row=order if ranked is None else order[ranked],
        bounds=bounds,
    )


def _stable_order(codes: Ints, n: int) -> Ints:
    return np.argsort(codes.astype(np.int16) if n <= RADIX_CLASSES else codes, kind="stable")


def _bounds(label: Ints, n_classes: int) -> Ints:
    return np.concatenate([[0], np.cumsum(np.bincount(label, minlength=n_classes))]).astype(np.int64)


def _factorize(table: pd.DataFrame, column: str) -> tuple[Ints, list[str]]:
    codes, names = pd.factorize(table[column])
    return codes.astype(np.int64, copy=False), [str(name) for name in names]


def _warn_of_lengths(truth: pd.DataFrame, predictions: pd.DataFrame, tolerance: float) -> None:
    moments = (truth["end"] == truth["start"]).to_numpy()
    meaning = "a segment that nothing can match"
    if tolerance:
        truth = truth[~moments]
        predictions = predictions[(predictions["end"] != predictions["start"]).to_numpy()]
    elif moments.any():
        meaning += " (with --tolerance S, predictions can match labels without a duration)"
    warn_of_degenerate(truth, "ground truth", meaning)
    warn_of_degenerate(predictions, "predictions", "a false positive")


def warn_of_degenerate(table: pd.DataFrame, what: str, meaning: str) -> None:
    """Count the rows that end at or before their start."""
    if n := int(segments.degenerate(table).sum()):
        log.warning("%s of the %s without a duration (end <= start) counted as %s", many(n, "row"), what, meaning)


def _warn_of_unknown_labels(n: int, unknown: list[str], labels: tuple[str, ...]) -> None:
    if n:
        log.warning(
            "%s left out, with labels that are not in the ground truth: %s",
            many(n, "prediction"),
            ", ".join(f"{name!r}{nearest(name, labels)}" for name in unknown[:NAMES_SHOWN]) + _and_more(unknown),
        )


def _warn_of_unknown_videos(video: Ints, n_annotated: int, videos: tuple[str, ...]) -> None:
    outside = video >= n_annotated
    if n := int(outside.sum()):
        names = [videos[i] for i in np.flatnonzero(np.bincount(video[outside]))]
        log.warning(
            "%s counted as false positives, in videos that are not in the ground truth: %s",
            many(n, "prediction"),
            ", ".join(f"{name!r}" for name in names[:NAMES_SHOWN]) + _and_more(names),
        )


def _and_more(names: list[str]) -> str:
    return f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
