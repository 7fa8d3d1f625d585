"""The paper's merge in islands so large that looking at every candidate again and again would take too long.

Candidates stand in the order of their starts, and a union takes the place of the part that starts first: so that order
always holds, and a partner is looked for only among the candidates that start near enough. With a tIoU above u, a
partner of [s, e) starts before e, and after e - (e - s) / u: from its start to e is at most the union, which is less
than intersection / u, and the intersection is at most e - s.
"""

from __future__ import annotations

import numpy as np

from bineego import segments
from bineego.ensembling.candidates import rounded
from bineego.types import Bools, Floats, Ints

SLACK = 1e-9
"""Relative; the bounds are only there to save work, and the tIoU itself decides."""


def merge_large(rows: Ints, start: Floats, end: Floats, score: Floats, alive: Bools, iou: float) -> None:
    """Merge one island; the results go into the arrays of all candidates (see `paper.merge`).

    Args:
        rows: row (K,) of each candidate, by (-rounded score, start, end).
    """
    by_start = np.argsort(start[rows], kind="stable")
    place = np.empty(len(rows), np.int64)
    place[by_start] = np.arange(len(rows))
    rows = rows[by_start]
    starts, ends, scores = start[rows], end[rows], score[rows]
    rank = rounded(scores)  # the larger of two scores has the larger rounded score
    todo = np.ones(len(rows), bool)
    gone = np.zeros(len(rows), bool)
    for at in place.tolist():  # in the order of the rule
        while todo[at]:
            low, high = _window(starts, float(starts[at]), float(ends[at]), iou)
            overlap = segments.tiou(starts[at], ends[at], starts[low:high], ends[low:high])
            overlap[at - low] = 0.0
            hits = low + np.flatnonzero(overlap > iou)
            if len(hits) == 0:
                todo[at] = False
                break
            if len(hits) > 1:
                hits = hits[np.lexsort((ends[hits], starts[hits], -rank[hits]))]
            into, other = sorted((at, int(hits[0])))
            ends[into] = max(ends[into], ends[other])
            scores[into], rank[into] = max(scores[into], scores[other]), max(rank[into], rank[other])
            ends[other] = starts[other]  # an empty segment overlaps nothing
            todo[other], gone[other] = False, True
            todo[into], at = True, into
    end[rows], score[rows], alive[rows] = ends, scores, ~gone


def _window(starts: Floats, low: float, high: float, iou: float) -> tuple[int, int]:
    """Places of the candidates that start near enough to [low, high) to be a partner of it."""
    last = int(np.searchsorted(starts, high, side="left"))
    if iou <= 0:
        return 0, last
    reach = (high - low) / iou
    earliest = high - reach - SLACK * max(reach, abs(high))
    return int(np.searchsorted(starts, earliest, side="left")), last
