"""Islands: candidates that overlap in a chain, the only ones that can ever meet; many are worked on at a time."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bineego.ensembling.candidates import rounded
from bineego.types import Bools, Floats, Ints


@dataclass(frozen=True, kw_only=True, eq=False)
class IslandBatch:
    """B islands of at most K candidates each, as a matrix.

    An island is a set of candidates of one group that overlap in a chain, apart from all others of the group: nothing
    outside it can ever have a tIoU above 0 with anything made inside it.

    Attributes:
        rows: row number (B, K) of each candidate, in the island's order; 0 where there is none.
        filled: mask (B, K) of the places that hold one.
    """

    rows: Ints
    filled: Bools


MAX_CELLS = 2_000_000
"""Candidates in one batch, padding included: bounds the memory."""

_SIZES = (2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64, 96, 128, 192, 256, 384, 512)
"""Widths of batches: islands are padded to the next one; larger islands get a width of their own."""


def islands(group: Ints, start: Floats, end: Floats, score: Floats) -> tuple[Ints, Ints, Ints]:
    """Islands of candidates (see `IslandBatch`).

    Returns:
        rows (N,) ordered by island and, inside it, by (-rounded score, start, end); the first position (I,) of each
        island in them, and its size (I,).
    """
    n = len(group)
    if n == 0:
        none = np.zeros(0, np.int64)
        return none, none, none
    rows = np.lexsort((start, group))
    # Running maximum of the ends inside each group: ends as ranks, lifted by the group, so that groups never mix.
    by_end = np.argsort(end, kind="stable")
    rank = np.empty(n, np.int64)
    rank[by_end] = np.arange(n)
    reach = end[by_end[np.maximum.accumulate(group[rows] * n + rank[rows]) % n]]
    new = np.ones(n, bool)
    new[1:] = (group[rows][1:] != group[rows][:-1]) | (start[rows][1:] >= reach[:-1])
    island = np.empty(n, np.int64)
    island[rows] = np.cumsum(new) - 1
    order = np.lexsort((end, start, -rounded(score), island))
    sizes = np.bincount(island)
    return order, np.cumsum(sizes) - sizes, sizes


def batches(order: Ints, first: Ints, sizes: Ints, *, largest: int | None = None) -> Iterator[IslandBatch]:
    """The islands of two candidates or more (up to `largest`), those of about the same size together."""
    most = int(sizes.max(initial=1)) if largest is None else largest
    widths = [width for width in _SIZES if width < most] + [most]
    # Wide ones are seldom alike: each gets a width of its own.
    widths += np.unique(sizes[(sizes > _SIZES[-1]) & (sizes < most)]).tolist()
    for low, width in itertools.pairwise(sorted({1, *widths})):
        chosen = np.flatnonzero((sizes > low) & (sizes <= width))
        step = max(1, MAX_CELLS // width)
        for begin in range(0, len(chosen), step):
            some = chosen[begin : begin + step]
            places = np.arange(width)
            filled = places < sizes[some, None]
            yield IslandBatch(rows=order[np.where(filled, first[some, None] + places, 0)], filled=filled)


def overlap_at(starts: Floats, ends: Floats, at: Ints) -> Floats:
    """tIoU (B, K) of every candidate with the one at place `at` (B,) of its island; 0 or less where they are apart.

    The same sums as in `segments.tiou`, so that both agree to the last bit.
    """
    every = np.arange(len(at))
    low, high = starts[every, at, None], ends[every, at, None]
    with np.errstate(over="ignore", invalid="ignore"):  # lengths beyond float64 overlap nothing
        shared = np.minimum(ends, high) - np.maximum(starts, low)
        union = (high - low) + (ends - starts) - shared
        overlap: Floats = np.divide(shared, union, out=np.zeros_like(shared), where=shared > 0)
    return overlap


def first_hit(hits: Bools, scores: Floats, starts: Floats, ends: Floats) -> Ints:
    """Place (B,) of the hit that is first by (-rounded score, start, end)."""
    several = np.flatnonzero(hits.sum(axis=1) > 1)
    if len(several):
        some = hits[several]
        for key in (-_rounded_hits(scores[several], some), starts[several], ends[several]):
            key = np.where(some, key, np.inf)
            some &= key == key.min(axis=1, keepdims=True)
        hits[several] = some
    place: Ints = hits.argmax(axis=1).astype(np.int64)
    return place


def _rounded_hits(scores: Floats, hits: Bools) -> Floats:
    result: Floats = np.zeros(scores.shape)
    result[hits] = rounded(scores[hits])
    return result
