"""An epoch whose steps are done: what a loop gives away, to be validated, kept and logged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from torch import nn

from bineego.training.recipe import Recipe

N = TypeVar("N", bound=nn.Module)


@dataclass(frozen=True, kw_only=True, eq=False)
class Epoch(Generic[N]):
    """An epoch whose steps are done.

    Attributes:
        number: from 1.
        network: to validate and to keep: with averaged weights where there are some.
        due: whether it is time to validate.
        lr: rate of the last step.
        losses: means over what was learnt from, by column of log.csv.
        seconds, waited: the steps took, and how much of it was waiting for clips.
        ended: when the last step was done, by the monotonic clock: validation takes the time since.
    """

    number: int
    network: N
    due: bool
    lr: float
    losses: Mapping[str, float]
    seconds: float
    waited: float = 0.0
    ended: float


def is_due(number: int, recipe: Recipe) -> bool:
    """Whether an epoch, from 1, is validated: every so many are, and the last one."""
    return number % recipe.val_every == 0 or number == recipe.epochs
