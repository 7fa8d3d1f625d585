"""The paper's ensemble: equal candidates averaged, overlapping ones merged until none overlap above the threshold.

Source: report, section 3.3. Candidates of several models that agree in (class, start, end) get the confidence
sum(w_i c_i) / sum(w_i); then same-class segments whose tIoU is above a threshold become their union with the larger
confidence. What the report leaves open is settled by the rules in docs/ensembling.md, and is exact here:

- two times are equal if round(1000 t) is; those of the first occurrence (lowest model, then row) are kept, unrounded;
- a candidate repeated within one model counts once, with its larger score;
- candidates of one video and label are ordered by (-score rounded to 12 decimals, start, end); the lexicographically
  first pair i < j with a tIoU above the threshold is replaced by its union; then everything starts again.

Starting again is only a manner of speaking. Before a merge every pair in a row before i is known to be clear, and a
merge changes one candidate only: the pairs that may be new are those with the union U. U sorts at or before i (its
score is the larger one), so the next pair is U with its first partner in the order, wherever that stands; without one,
all rows up to i are clear, and row i + 1 is next. So every candidate looks for its first partner once, and every merge
once more: at most 2 K searches of K steps for K candidates, not K^3. Only islands of candidates that overlap in a
chain can meet at all; they are small, and many of them are searched at a time.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from bineego.ensembling.candidates import Candidates, changes, confidence, to_table
from bineego.ensembling.islands import IslandBatch, batches, first_hit, islands, overlap_at
from bineego.ensembling.large_islands import merge_large
from bineego.postprocess.options import Missing
from bineego.types import Bools, Floats, Ints

KEYS_PER_SECOND = 1000.0
"""Times are compared as whole milliseconds."""

SMALL = 512
"""Candidates in an island up to which all of them are compared at once; in larger ones only those that start nearby."""


def merge_candidates(candidates: Candidates, *, iou: float, missing: Missing) -> pd.DataFrame:
    """The ensemble of the paper as a scored table in file order.

    Args:
        candidates: of all models.
        iou: candidates merge above (not at) this tIoU; at 1 nothing merges.
        missing: `zero`: sum(w_i c_i) over the models that have the candidate, divided by the weight of ALL models;
            `present`: divided by the weight of those that have it.
    """
    first, score = average_equal(candidates, missing)
    group, start, end = candidates.group[first], candidates.start[first], candidates.end[first]
    start, end, score, alive = merge(group, start, end, score, iou)
    return to_table(candidates, group[alive], start[alive], end[alive], score[alive])


def average_equal(candidates: Candidates, missing: Missing) -> tuple[Ints, Floats]:
    """Candidates with equal keys as one.

    Returns:
        row (K,) of the first occurrence of each key, and its averaged score (K,).
    """
    if len(candidates) == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.float64)
    key_start, key_end = _keys(candidates.start), _keys(candidates.end)
    # Stable, so that rows of one key stay in the order of models and rows.
    order = np.lexsort((key_end, key_start, candidates.group))
    new_key = changes(candidates.group[order], key_start[order], key_end[order])
    model = candidates.model[order]
    vote = np.flatnonzero(new_key | changes(model))  # the first row of each model under each key
    votes = np.maximum.reduceat(candidates.score[order], vote)
    weight = candidates.weight[model[vote]]
    key = np.flatnonzero(new_key[vote])  # the first vote of each key
    score = confidence(votes, weight, key, candidates.weight, missing)
    return order[vote[key]], score


def _keys(times: Floats) -> Floats:
    """Times (N,) in whole milliseconds; as float64, which holds every time (also those too large to be scaled)."""
    with np.errstate(over="ignore"):
        scaled = np.rint(times * KEYS_PER_SECOND)
    return np.where(np.isfinite(scaled), scaled, times) + 0.0


def merge(group: Ints, start: Floats, end: Floats, score: Floats, iou: float) -> tuple[Floats, Floats, Floats, Bools]:
    """Merge candidates (N,) of each group to the fixpoint (rule above).

    Returns:
        start, end, score (N,) with each union in the place of one of its parts, and the mask (N,) of what is left.
    """
    start, end, score = start.copy(), end.copy(), score.copy()
    alive = np.ones(len(group), bool)
    if iou >= 1.0:
        return start, end, score, alive
    order, first, sizes = islands(group, start, end, score)
    for batch in batches(order, first, sizes, largest=SMALL):
        _merge_batch(batch, start, end, score, alive, iou)
    for island in np.flatnonzero(sizes > SMALL):
        rows = order[first[island] : first[island] + sizes[island]]
        merge_large(rows, start, end, score, alive, iou)
    return start, end, score, alive


def _merge_batch(batch: IslandBatch, start: Floats, end: Floats, score: Floats, alive: Bools, iou: float) -> None:
    """Merge the islands of one batch, all of them a step at a time; the results go into the arrays of all candidates.

    A place that holds no candidate (any more) is an empty segment at 0, which overlaps nothing.
    """
    rows, filled = batch.rows, batch.filled
    starts, ends = np.where(filled, start[rows], 0.0), np.where(filled, end[rows], 0.0)
    scores = np.where(filled, score[rows], -np.inf)
    left = filled.copy()  # still there
    todo = filled.copy()  # still there, and not known to be without a partner
    at = np.zeros(len(rows), np.int64)  # the candidate whose partner each island looks for
    while len(rows):
        every = np.arange(len(rows))
        hits = overlap_at(starts, ends, at) > iou
        hits[every, at] = False
        found = hits.any(axis=1)
        some = np.flatnonzero(found)
        if len(some):
            into, partner = at[some], first_hit(hits[some], scores[some], starts[some], ends[some])
            starts[some, into] = np.minimum(starts[some, into], starts[some, partner])
            ends[some, into] = np.maximum(ends[some, into], ends[some, partner])
            scores[some, into] = np.maximum(scores[some, into], scores[some, partner])
            starts[some, partner] = ends[some, partner] = 0.0
            left[some, partner] = todo[some, partner] = False
        clear = np.flatnonzero(~found)
        todo[clear, at[clear]] = False
        # Places are in the order at the beginning, and a union is done before the next one is taken up: the first place
        # that is left to do is the first in the order.
        at[clear] = todo[clear].argmax(axis=1)
        done = ~todo[every, at]
        if done.all() or done.sum() * 4 >= len(rows):
            _give_back(done, rows, starts, ends, scores, left, filled, (start, end, score, alive))
            keep = ~done
            rows, filled, at = rows[keep], filled[keep], at[keep]
            starts, ends, scores, left, todo = starts[keep], ends[keep], scores[keep], left[keep], todo[keep]


def _give_back(
    done: Bools,
    rows: Ints,
    starts: Floats,
    ends: Floats,
    scores: Floats,
    left: Bools,
    filled: Bools,
    results: tuple[Floats, Floats, Floats, Bools],
) -> None:
    """Write the places of the finished islands back to their rows."""
    start, end, score, alive = results
    chosen = filled & done[:, None]
    where = rows[chosen]
    start[where], end[where], score[where], alive[where] = starts[chosen], ends[chosen], scores[chosen], left[chosen]
