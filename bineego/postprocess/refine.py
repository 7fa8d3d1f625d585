"""Boundaries finer than the cells.

The cell that holds a boundary sees both sides of it, and its probabilities say how much of each: with label A before
and B after an edge, B's share in the last cell of A is the part of that cell that B covers already, and A's share in
the first cell of B the part that A still covers. The boundary moves by their difference. Without this the grid itself
caps mAP at tIoU 0.95 (docs/facts.md: a perfect classifier reaches .815 mean mAP at t = 0.5).
"""

from __future__ import annotations

import numpy as np

from bineego.types import Floats, Ints

MAX_MOVE = 0.49
"""Share of a run that one of its boundaries may take: two that move towards each other never meet."""


def refine_edges(labels: Ints, probabilities: Floats, edges: Floats) -> Floats:
    """Edges (N + 1,) with those between different labels moved; still increasing.

    Args:
        labels: class id (N,) of every cell.
        probabilities: class probabilities (N, K), of which only ratios within a cell matter.
        edges: cell edges (N + 1,), seconds. The first and the last stay.
    """
    refined = edges.copy()
    change = np.flatnonzero(labels[1:] != labels[:-1]) + 1  # the cell after each boundary
    if len(change) == 0:
        return refined
    before, after = labels[change - 1], labels[change]
    after_share = _share(probabilities[change - 1, after], probabilities[change - 1, before])
    before_share = _share(probabilities[change, before], probabilities[change, after])
    widths = np.diff(edges)
    move = widths[change] * before_share - widths[change - 1] * after_share
    bounds = edges[np.concatenate([[0], change, [len(labels)]])]
    run = np.diff(bounds)
    # A move within the cells beside a boundary never leaves them, so the edges in between keep their order.
    refined[change] += np.clip(move, -MAX_MOVE * run[:-1], MAX_MOVE * run[1:])
    return refined


def _share(part: Floats, rest: Floats) -> Floats:
    total = part + rest
    share: Floats = np.divide(part, total, out=np.zeros_like(total), where=total > 0)
    return share
