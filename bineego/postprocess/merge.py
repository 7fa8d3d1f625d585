"""Cells to segments: runs of equal labels, each with its largest (or mean) score.

Source: report, section 3.2: consecutive intervals of one label are merged into a segment, whose score is the largest
among them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bineego.grid import EPSILON, n_whole
from bineego.labels import BACKGROUND
from bineego.tracks import ScoreTrack
from bineego.types import Bools, Floats, Ints


@dataclass(frozen=True, kw_only=True, eq=False)
class Runs:
    """M runs of cells: segments before they have names.

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

    def where(self, chosen: Bools | Ints) -> Runs:
        """The runs of a mask, or at some indices."""
        return Runs(
            labels=self.labels[chosen], starts=self.starts[chosen], ends=self.ends[chosen], scores=self.scores[chosen]
        )


def whole_cells(track: ScoreTrack) -> int:
    """Number of cells that `paper` uses: the floor(L / t) whole intervals of a plain grid (its shorter tail is
    dropped); all cells of a finer or fused grid.
    """
    widths = np.diff(track.edges)
    plain = bool((np.abs(widths[:-1] - track.t) <= EPSILON * track.t).all())
    return min(len(track), n_whole(track.duration, track.t)) if plain else len(track)


def merge_runs(labels: ArrayLike, scores: ArrayLike, edges: ArrayLike, *, mean: bool = False) -> Runs:
    """Runs of consecutive equal labels that are no background.

    Args:
        labels: class id (N,) of every cell.
        scores: score (N,) of every cell's label.
        edges: cell edges (N + 1,) in seconds; further edges are ignored (a dropped tail).
        mean: a run's score is the mean over its cells, each counting by its length, instead of the largest.
    """
    label, score = np.asarray(labels, np.int64), np.asarray(scores, np.float64)
    edge = np.asarray(edges, np.float64)
    if len(label) == 0:
        none = np.zeros(0, np.float64)
        return Runs(labels=np.zeros(0, np.int64), starts=none, ends=none, scores=none)
    first = np.flatnonzero(np.concatenate([[True], label[1:] != label[:-1]]))
    stop = np.append(first[1:], len(label))
    if mean:
        widths = np.diff(edge[: len(label) + 1])
        chosen = np.add.reduceat(score * widths, first) / np.add.reduceat(widths, first)
    else:
        chosen = np.maximum.reduceat(score, first)
    action = label[first] != BACKGROUND
    first, stop = first[action], stop[action]
    return Runs(labels=label[first], starts=edge[first], ends=edge[stop], scores=chosen[action])


def argmax_labels(weighted: Floats) -> Ints:
    """Class id (N,) of every cell from class weights (N, C + 1); the background competes, and wins ties."""
    labels: Ints = weighted.argmax(axis=1).astype(np.int64)
    return labels


def join(parts: list[Runs]) -> Runs:
    """The runs of several class tracks as one list."""
    names = ("labels", "starts", "ends", "scores")
    return Runs(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})
