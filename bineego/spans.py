"""Spans: stretches of one video with a class and a score, segments before they have names. numpy only.

A decoder makes them of cells (`merge_runs`); a score track can carry those that a network proposes by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bineego.labels import BACKGROUND
from bineego.types import Bools, Floats, Ints

FIELDS = ("labels", "starts", "ends", "scores")

TOLERANCE = 1e-6
"""Seconds. Gaps are differences of float64 times: 0.3 - 0.1 is a gap of 0.2."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Spans:
    """M spans of one video.

    Attributes:
        labels: class id (M,), 1..C.
        starts, ends: bounds (M,), seconds.
        scores: (M,).
    """

    labels: Ints
    starts: Floats
    ends: Floats
    scores: Floats

    def __len__(self) -> int:
        return len(self.labels)

    def where(self, chosen: Bools | Ints) -> Spans:
        """Those of a mask, or at some indices."""
        return Spans(**{name: getattr(self, name)[chosen] for name in FIELDS})

    def to_arrays(self) -> dict[str, Floats | Ints]:
        """The columns by name, for the files that carry them."""
        return {name: getattr(self, name) for name in FIELDS}


def make(labels: ArrayLike, starts: ArrayLike, ends: ArrayLike, scores: ArrayLike) -> Spans:
    """Spans from columns of any kind, each (M,)."""
    return Spans(
        labels=np.asarray(labels, np.int64),
        starts=np.asarray(starts, np.float64),
        ends=np.asarray(ends, np.float64),
        scores=np.asarray(scores, np.float64),
    )


def join(parts: Sequence[Spans]) -> Spans:
    """Several lists as one, in order."""
    if not parts:
        return make([], [], [], [])
    return Spans(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in FIELDS})


def merge_runs(labels: ArrayLike, scores: ArrayLike, edges: ArrayLike, *, mean: bool = False) -> Spans:
    """Runs of consecutive cells of one label other than background, each with its largest (or mean) score.

    Source: report, section 3.2: consecutive intervals of one label are merged into a segment, whose score is the
    largest among them.

    Args:
        labels: class id (N,) of every cell.
        scores: score (N,) of every cell's label.
        edges: cell edges (N + 1,) in seconds; further edges are ignored (a dropped tail).
        mean: a run's score is the mean over its cells, each counting by its length, instead of the largest.
    """
    label, score = np.asarray(labels, np.int64), np.asarray(scores, np.float64)
    edge = np.asarray(edges, np.float64)
    if len(label) == 0:
        return join([])
    first = np.flatnonzero(np.concatenate([[True], label[1:] != label[:-1]]))
    stop = np.append(first[1:], len(label))
    if mean:
        widths = np.diff(edge[: len(label) + 1])
        chosen = np.add.reduceat(score * widths, first) / np.add.reduceat(widths, first)
    else:
        chosen = np.maximum.reduceat(score, first)
    action = label[first] != BACKGROUND
    first, stop = first[action], stop[action]
    return Spans(labels=label[first], starts=edge[first], ends=edge[stop], scores=chosen[action])


def bridge(spans: Spans, gap: float) -> Spans:
    """Spans of one label with at most `gap` seconds between them as one, with the largest score.

    Overlapping ones are joined as well. The result is ordered by label and start; with `gap` 0 nothing changes.
    """
    if gap <= 0 or len(spans) == 0:
        return spans
    spans = spans.where(np.lexsort((spans.ends, spans.starts, spans.labels)))
    same = spans.labels[1:] == spans.labels[:-1]
    near = spans.starts[1:] - _reach(spans)[:-1] <= gap + TOLERANCE
    first = np.flatnonzero(np.append(True, ~(same & near)))
    return Spans(
        labels=spans.labels[first],
        starts=spans.starts[first],
        ends=np.maximum.reduceat(spans.ends, first),
        scores=np.maximum.reduceat(spans.scores, first),
    )


def _reach(spans: Spans) -> Floats:
    """The latest end (M,) so far within each label; the spans are ordered by label."""
    ends, rank = np.unique(spans.ends, return_inverse=True)
    group = np.cumsum(np.append(0, spans.labels[1:] != spans.labels[:-1]))
    # Ranks are whole numbers, so that lifting each label above the one before loses nothing.
    latest = np.maximum.accumulate(rank + group * len(ends)) - group * len(ends)
    reach: Floats = ends[latest]
    return reach
