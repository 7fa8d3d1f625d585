"""Which intervals an epoch is made of, in which order, on which device.

Shape suffixes: N intervals of the training set, M draws of one epoch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bineego.labels import BACKGROUND
from bineego.training.randomness import Purpose, generator
from bineego.training.recipe import Recipe
from bineego.types import Floats, Ints

UNKNOWN = -1
"""Key of an interval without the label that classes are balanced by."""


class Draw(NamedTuple):
    """One clip of one epoch: an interval's number, and how it is used. `repeat` counts draws of the same interval;
    `weight` 0 = a filler without influence."""

    sample: int
    epoch: int
    repeat: int = 0
    weight: float = 1.0


def expected_draws(keys_N: Ints, *, class_balance: float = 0.0, background_ratio: float | None = None) -> Floats:
    """How often each interval is drawn in one epoch, on average (N,); the sum is a whole number.

    Args:
        keys_N: class id of each interval; `UNKNOWN` ones are left as they are.
        class_balance: exponent b; a class of n intervals gets a share ~ n^(1 - b) of the draws.
        background_ratio: at most this many background draws per draw of an action (before balancing).
    """
    draws_N = np.ones(len(keys_N))
    background_N, action_N = keys_N == BACKGROUND, keys_N > BACKGROUND
    if background_ratio is not None and action_N.any() and background_N.any():
        draws_N[background_N] = min(1.0, background_ratio * action_N.sum() / background_N.sum())
    known_N = (keys_N != UNKNOWN) & (draws_N > 0)
    if class_balance > 0 and known_N.any():
        counts_C = np.bincount(keys_N[known_N], weights=draws_N[known_N])
        total = counts_C.sum()
        weight_C = np.zeros(len(counts_C))
        weight_C[counts_C > 0] = counts_C[counts_C > 0] ** -class_balance
        draws_N[known_N] *= weight_C[keys_N[known_N]]
        draws_N[known_N] *= total / draws_N[known_N].sum()
    if (draws_N == 1).all():
        return draws_N
    scaled: Floats = draws_N * (max(1, round(draws_N.sum())) / draws_N.sum())
    return scaled


@dataclass(frozen=True, kw_only=True)
class Sampler:
    """The draws of every epoch: a pure function of (seed, epoch).

    Attributes:
        expected: draws (N,) of each interval, see `expected_draws`.
        batch_size: clips of one optimiser step, over all devices and parts.
        seed: of the run.
    """

    expected: Floats
    batch_size: int
    seed: int

    @classmethod
    def of(cls, keys_N: Ints, recipe: Recipe) -> Sampler:
        """The draws that a recipe asks for; `keys_N` as in `expected_draws`."""
        expected = expected_draws(keys_N, class_balance=recipe.class_balance, background_ratio=recipe.background_ratio)
        return cls(expected=expected, batch_size=recipe.batch_size, seed=recipe.seed)

    @property
    def n_draws(self) -> int:
        """M, clips of one epoch."""
        return round(float(self.expected.sum()))

    @property
    def n_steps(self) -> int:
        """Optimiser steps of one epoch."""
        return -(-self.n_draws // self.batch_size)

    def batches(self, epoch: int) -> list[list[Draw]]:
        """The batches of one epoch. Their sizes differ by one at most: no tiny last batch, none left out."""
        rng = generator(Purpose.ORDER, self.seed, epoch)
        counts_N = _systematic(self.expected, self.n_draws, rng)
        index_M = np.repeat(np.arange(len(counts_N)), counts_N)
        repeat_M = np.arange(len(index_M)) - np.repeat(np.cumsum(counts_N) - counts_N, counts_N)
        order_M = rng.permutation(len(index_M))
        return [
            [Draw(int(index_M[i]), epoch, int(repeat_M[i])) for i in part]
            for part in np.array_split(order_M, self.n_steps)
        ]


def _systematic(expected: Floats, n_draws: int, rng: np.random.Generator) -> Ints:
    """Whole counts (N,) that sum to `n_draws`, each the expected one rounded up or down at random, without bias."""
    if (expected == 1).all():
        return np.ones(len(expected), np.int64)
    order = rng.permutation(len(expected))
    ends = np.cumsum(expected[order]) + rng.random()
    ends = np.minimum(np.floor(ends * (1 + 1e-12)), n_draws)
    ends[-1] = n_draws
    counts = np.empty(len(expected), np.int64)
    counts[order] = np.diff(ends, prepend=0.0).astype(np.int64)
    return counts


def shard(batch: Sequence[Draw], rank: int, world: int, accumulate: int) -> Iterator[list[Draw]]:
    """The `accumulate` parts of a batch that device `rank` of `world` computes; together they hold every draw once.

    A part that would be empty gets a filler of weight 0, so that all devices take the same steps.
    """
    for part in range(accumulate):
        mine = list(batch[rank * accumulate + part :: world * accumulate])
        yield mine or [batch[0]._replace(weight=0.0)]
