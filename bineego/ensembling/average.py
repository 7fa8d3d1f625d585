"""Averaging: near-equal candidates of all models become one segment with weighted-mean boundaries.

A union (the paper's merge) reaches from the earliest to the latest boundary of its parts, so that the small errors of
four models add up to a large one; the means of their boundaries are better than each. Candidates of one video and
label are clustered around seeds: the best remaining candidate by (-weight * score, start, end) takes all remaining
ones with a tIoU above the threshold. In a cluster each model has one vote, its best candidate. The score is
sum(w_i c_i) / sum(w_i), a model without a vote counting 0 (or left out, by the missing rule); the boundaries are the
means of the votes' boundaries, weighted by w_i c_i.

Nothing depends on the order of models or rows.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from bineego.ensembling.candidates import Candidates, changes, confidence, rounded, to_table
from bineego.ensembling.islands import IslandBatch, batches, islands, overlap_at
from bineego.postprocess.options import Missing
from bineego.types import Floats, Ints


def average_candidates(candidates: Candidates, *, iou: float, missing: Missing) -> pd.DataFrame:
    """The averaged ensemble as a scored table in file order.

    Args:
        candidates: of all models.
        iou: candidates cluster above (not at) this tIoU with the seed.
        missing: `zero`: a model without a vote counts as confidence 0; `present`: it is left out.
    """
    if len(candidates) == 0:
        return to_table(candidates, candidates.group, candidates.start, candidates.end, candidates.score)
    strength = rounded(candidates.score * candidates.weight[candidates.model])
    seed = cluster(candidates, strength, iou)
    # One row per vote: the best candidate of each model in each cluster.
    order = np.lexsort((candidates.end, candidates.start, -strength, candidates.model, seed))
    vote = order[changes(seed[order], candidates.model[order])]
    first = np.flatnonzero(changes(seed[vote]))  # the first vote of each cluster
    weight, score = candidates.weight[candidates.model[vote]], candidates.score[vote]
    fused = confidence(score, weight, first, candidates.weight, missing)
    pull = _pull(weight, score, first)
    return to_table(
        candidates,
        candidates.group[vote[first]],
        _mean(candidates.start[vote], pull, first),
        _mean(candidates.end[vote], pull, first),
        fused,
    )


def cluster(candidates: Candidates, strength: Floats, iou: float) -> Ints:
    """The row (N,) of each candidate's seed; a seed's own for itself."""
    seed = np.arange(len(candidates))
    for batch in batches(*islands(candidates.group, candidates.start, candidates.end, strength)):
        _cluster_batch(batch, candidates, seed, iou)
    return seed


def _cluster_batch(batch: IslandBatch, candidates: Candidates, seed: Ints, iou: float) -> None:
    rows, todo = batch.rows, batch.filled.copy()
    starts = np.where(todo, candidates.start[rows], 0.0)
    ends = np.where(todo, candidates.end[rows], 0.0)
    while len(rows):
        every = np.arange(len(rows))
        at = todo.argmax(axis=1)  # places are in the order: the first one left is the best
        members = (overlap_at(starts, ends, at) > iou) & todo
        members[every, at] = True
        seed[rows[members]] = np.broadcast_to(rows[every, at, None], rows.shape)[members]
        todo &= ~members
        keep = todo.any(axis=1)
        if not keep.all():
            rows, todo, starts, ends = rows[keep], todo[keep], starts[keep], ends[keep]


def _pull(weight: Floats, score: Floats, first: Ints) -> Floats:
    """How much each vote (V,) counts for the boundaries; sums to 1 in each cluster. Scores of 0 or less pull nothing,
    except where a cluster has no others: there the weights alone count.
    """
    pull = weight * np.maximum(score, 0.0)
    sizes = np.diff(np.append(first, len(pull)))
    powerless = np.repeat(np.add.reduceat(pull, first) <= 0, sizes)
    pull = np.where(powerless, weight, pull)
    share: Floats = pull / np.repeat(np.add.reduceat(pull, first), sizes)
    return share


def _mean(times: Floats, pull: Floats, first: Ints) -> Floats:
    """Mean time (K,) of each cluster; never outside its votes, not even by the last bit."""
    low, high = np.minimum.reduceat(times, first), np.maximum.reduceat(times, first)
    return np.clip(np.add.reduceat(times * pull, first), low, high)
