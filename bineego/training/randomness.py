"""Chance as a pure function of (seed, epoch, sample): the number of workers and devices, and where a run was resumed,
change nothing."""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What a generator is for; each purpose has its own stream."""

    ORDER = 1
    CLIP = 2
    STEP = 3
    INIT = 4


def generator(purpose: Purpose, *key: int) -> np.random.Generator:
    """The random numbers of one decision, named by non-negative integers."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([int(purpose), *key])))


def torch_seed(purpose: Purpose, *key: int) -> int:
    """The same for torch's own generators (dropout, new weights): a seed below 2^63."""
    return int(generator(purpose, *key).integers(2**63 - 1))
