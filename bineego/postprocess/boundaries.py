"""What the boundary channel of a score track says: how much likelier than usual a switch is at each edge.

By Bayes' rule, the odds that a class ends at an edge are those of a decoder that knows only how long actions last,
times the ratio of the edge's boundary odds to the usual ones. Boundaries are also found by their peaks: a network that
was taught bumps around the true moments has log-odds like a parabola there, whose top lies between the edges.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bineego.tracks import ScoreTrack
from bineego.types import Floats, Ints

MAX_GAIN = 6.0
"""Log-odds: one edge, however certain, does not outweigh everything else (a factor of 400)."""

REACH = 0.5
"""Seconds from a decoded boundary within which a peak is taken for it (facts: half a second)."""

MAX_SHARE = 0.49
"""Share of a run that one of its boundaries may take: two that move towards each other never meet."""


def switch_gains(track: ScoreTrack, weight: float) -> Floats | None:
    """Log-odds (N, B) that each edge adds to a switch into the cell after it; None without a boundary channel."""
    if track.boundary is None or weight == 0:
        return None
    log_odds = track.boundary[:-1].astype(np.float64)
    gains: Floats = weight * np.clip(log_odds - base_log_odds(track.boundary), -MAX_GAIN, MAX_GAIN)
    return gains


def snap(labels: Ints, log_odds: Floats, edges: Floats) -> tuple[Ints, Floats]:
    """Boundaries between different labels moved to the peak of the boundary channel near them.

    Args:
        labels: class id (N,) of every cell.
        log_odds: of a boundary at each edge (N + 1,).
        edges: cell edges (N + 1,), seconds.

    Returns:
        The labels (N,) and edges (N + 1,) after it: a boundary moves to another edge, and from there to the top of the
        parabola through the peak and its neighbours, less than half a cell away. Runs keep their order and a length.
    """
    moved, refined = labels.copy(), edges.copy()
    change = np.flatnonzero(labels[1:] != labels[:-1]) + 1
    stops = np.concatenate([[0], change, [len(labels)]])
    for before, here, after in zip(stops[:-2], stops[1:-1], stops[2:], strict=True):
        low = edges[here] - min(REACH, MAX_SHARE * (edges[here] - edges[before]))
        high = edges[here] + min(REACH, MAX_SHARE * (edges[after] - edges[here]))
        near = np.arange(np.searchsorted(edges, low), np.searchsorted(edges, high, side="right"))
        # The nearest of equal peaks; where the channel is flat, nothing moves.
        peak = int(near[np.lexsort((np.abs(near - here), -log_odds[near]))[0]])
        moved[min(peak, here) : max(peak, here)] = labels[here - 1] if peak > here else labels[here]
        refined[peak] += _top(log_odds, edges, peak)
    return moved, refined


def _top(log_odds: Floats, edges: Floats, peak: int) -> float:
    """Seconds from an edge to the top of the parabola through it and its neighbours; 0 if that is not a maximum."""
    x, y = edges[peak - 1 : peak + 2] - edges[peak], log_odds[peak - 1 : peak + 2]
    before, after = (y[1] - y[0]) / -x[0], (y[2] - y[1]) / x[2]  # slopes
    if not before > after or before < 0 or after > 0:
        return 0.0
    # The slope falls evenly from the middle of one cell to the middle of the next one, and is 0 at the top.
    top = x[0] / 2 + (x[2] - x[0]) / 2 * before / (before - after)
    return float(np.clip(top, MAX_SHARE * x[0], MAX_SHARE * x[2]))


def base_log_odds(log_odds: NDArray[np.floating]) -> Floats:
    """The usual log-odds (B,) of each column of boundary log-odds (N + 1, B): those of its mean probability.

    nan is left out; a column of nothing else has 0.
    """
    known = np.isfinite(log_odds)
    values = np.where(known, log_odds, 0.0).astype(np.float64)
    # By logs, which are exact where all probabilities are close to 0 or to 1.
    on, off = (
        np.logaddexp.reduce(np.where(known, -np.logaddexp(0.0, sign * values), -np.inf), axis=0) for sign in (-1, 1)
    )
    base: Floats = np.subtract(on, off, out=np.zeros(len(on)), where=known.any(axis=0))
    return base
