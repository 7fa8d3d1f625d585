"""How much of a score depends on the order of equal scores."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bineego.evaluation.ignored import ap_of
from bineego.evaluation.matching import Hits, match
from bineego.evaluation.scoring_table import ScoringTable
from bineego.types import Ints

log = logging.getLogger(__name__)


ORDERS = 2
"""Orders tried in each direction: hits of one order may turn to misses in the next, which is then sorted again."""

VISIBLE = 0.00005
"""A difference that four digits of a score show."""


@dataclass(frozen=True, kw_only=True)
class TieRange:
    """The final score under other orders of equal scores.

    Attributes:
        groups: groups of equal scores of one class that hold a hit and a miss.
        predictions: predictions in them.
        worst, best: final score with the misses, or the hits, of every such group first. Both are scores that some
            order of the rows gives.
    """

    groups: int
    predictions: int
    worst: float
    best: float


def tie_range(
    arranged: ScoringTable, thresholds: Sequence[float], hits: Sequence[Hits], final: float
) -> TieRange | None:
    """The range, and a warning that names it; None if no group of equal scores holds a hit and a miss."""
    label, score = arranged.predictions.label, arranged.score
    if len(score) < 2:
        return None
    new = np.append(True, (label[1:] != label[:-1]) | (score[1:] != score[:-1]))
    if new.all():
        return None
    group = np.cumsum(new) - 1
    size = np.bincount(group)
    mixed = np.zeros(len(size), bool)
    for found in hits:
        n_hits = np.bincount(group[found.prediction], minlength=len(size))
        mixed |= (n_hits > 0) & (n_hits < size)
    if not mixed.any():
        return None
    reached = [final]
    for sign in (1, -1):
        at, found_now = arranged, list(hits)
        for _ in range(ORDERS):
            at = at.reordered(sign * _times_hit(found_now, len(score)))
            found_now = match(at, thresholds)
            reached.append(_final(at, found_now))
    ties = TieRange(groups=int(mixed.sum()), predictions=int(size[mixed].sum()), worst=min(reached), best=max(reached))
    moved = ties.best - ties.worst
    log.log(
        logging.WARNING if moved >= VISIBLE else logging.INFO,
        "%d groups of tied scores mix hits and misses, so the result depends on row order (%d predictions in all). "
        "The final score is %.4f; other orders give %.4f to %.4f, so it can move by %s. Scores with more digits help",
        ties.groups, ties.predictions, final, ties.worst, ties.best,
        f"{moved:.4f}" if moved >= VISIBLE else "less than 0.0001",
    )  # fmt: skip
    return ties


def _times_hit(hits: Sequence[Hits], n: int) -> Ints:
    times = np.zeros(n, np.int64)
    for found in hits:
        times[found.prediction] += 1
    return times


def _final(arranged: ScoringTable, hits: Sequence[Hits]) -> float:
    return float(np.mean([ap_of(arranged, found).mean() for found in hits]))
