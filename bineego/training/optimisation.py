"""How the weights are found, as data: the part of a recipe that optimiser and loop read.

Sources: "report" and "TSM" as in `recipe`; the rest is our choice.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from annotated_types import Ge, Gt, Interval

from bineego.config import Opt, Options
from bineego.errors import BadOption

OPTIMISE = "Optimisation"
"""Its panel of the help."""

PRETRAINED_LR = 0.001
"""Learning rate where trained weights come in (report)."""

RANDOM_LR = 0.02
"""Learning rate from random weights: with 0.001 nothing useful is learnt (docs/facts.md)."""

ADAMW_LR_FACTOR = 0.05
"""AdamW's usual rate against SGD's."""


PART_CLIPS = 8
"""Clips that are computed at once unless the recipe says otherwise. Batch normalisation sees this many, so their
number depends on nothing else, such as free memory or the number of devices.
"""


class Optimizer(StrEnum):
    SGD = "sgd"
    ADAMW = "adamw"


class Schedule(StrEnum):
    """Course of the learning rate."""

    STEP = "step"  # a tenth at 40 % and again at 80 % of the training (TSM)
    COSINE = "cosine"  # down to 0 along half a cosine


class BatchNorm(StrEnum):
    """What batch normalisation does while training."""

    TRAIN = "train"  # statistics of the batch, all layers
    PARTIAL = "partial"  # of the first layer only, the others stay as they came in (TSM, small batches)
    FROZEN = "frozen"  # stays as it came in everywhere


@dataclass(frozen=True, kw_only=True)
class PassesPart(Options):
    """How long it is learnt, and by which chance."""

    epochs: Annotated[int, Ge(1), Opt("Number of passes over all clips or videos.", panel=OPTIMISE)] = 20
    seed: Annotated[int, Ge(0), Opt("Random seed.", panel=OPTIMISE)] = 0


@dataclass(frozen=True, kw_only=True)
class OptimisationPart(Options):
    """How the weights are found."""

    batch_size: Annotated[
        int, Ge(1), Opt("Clips per step, over all devices and accumulated parts.", panel=OPTIMISE)
    ] = 32
    accumulate: Annotated[
        int | None,
        Ge(1),
        Opt("Number of parts in which a batch is computed.", panel=OPTIMISE, unset=f"one part per {PART_CLIPS} clips"),
    ] = None
    optimizer: Annotated[Optimizer, Opt("Optimizer.", panel=OPTIMISE)] = Optimizer.SGD
    lr: Annotated[
        float | None,
        Gt(0),
        Opt(
            "Learning rate for a batch of --base-batch clips.",
            panel=OPTIMISE,
            unset=f"{PRETRAINED_LR} from trained weights, {RANDOM_LR} from random ones; with adamw a twentieth",
        ),
    ] = None
    base_batch: Annotated[
        int, Ge(1), Opt("Batch size that --lr refers to: the rate used is lr x batch size / this.", panel=OPTIMISE)
    ] = 32
    momentum: Annotated[float, Interval(ge=0, lt=1), Opt("Momentum of SGD.", panel=OPTIMISE)] = 0.9  # TSM
    weight_decay: Annotated[
        float, Ge(0), Opt("Weight decay; biases and batch normalisation are exempt.", panel=OPTIMISE)
    ] = 1e-4  # TSM
    head_lr: Annotated[
        float | None,
        Gt(0),
        Opt(
            "Learning rate of the heads as a multiple of the trunk's; their biases get twice that.",
            panel=OPTIMISE,
            unset="5 from trained weights, 1 from random ones",
        ),
    ] = None  # TSM; from random weights nothing is older than the heads
    clip_grad: Annotated[float, Ge(0), Opt("Maximum norm of the gradient; 0 means no limit.", panel=OPTIMISE)] = (
        20.0  # TSM
    )
    schedule: Annotated[
        Schedule,
        Opt(
            "Learning rate schedule: a tenth at 40 % and again at 80 % of the training (step), or a cosine.",
            panel=OPTIMISE,
        ),
    ] = Schedule.STEP
    warmup: Annotated[float, Ge(0), Opt("Epochs over which the learning rate rises from 0.", panel=OPTIMISE)] = 0.0
    ema: Annotated[
        float,
        Interval(ge=0, lt=1),
        Opt(
            "Decay of a moving average of the weights, which is then validated and saved; 0 is off, 0.999 is usual.",
            panel=OPTIMISE,
        ),
    ] = 0.0
    batch_norm: Annotated[
        BatchNorm,
        Opt(
            "Batch normalisation: update all layers (train), only the first (partial), or none (frozen).",
            panel=OPTIMISE,
        ),
    ] = BatchNorm.TRAIN
    freeze: Annotated[
        int,
        Interval(ge=0, le=5),
        Opt("Number of stages of the trunk to freeze: 1 is the stem, 5 the whole trunk.", panel=OPTIMISE),
    ] = 0
    patience: Annotated[
        int, Ge(0), Opt("Stop after this many validations without a better score; 0 means never.", panel=OPTIMISE)
    ] = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.accumulate is not None and self.accumulate > self.batch_size:
            raise BadOption(
                f"must be at most the batch size ({self.batch_size} clips), not {self.accumulate}", where="accumulate"
            )

    def parts(self, world: int = 1) -> int:
        """Parts of a batch that each of `world` devices computes, one after the other."""
        return self.accumulate or max(1, -(-self.batch_size // (PART_CLIPS * world)))

    @property
    def effective_lr(self) -> float:
        """The rate in use, scaled with the batch. `lr` must be resolved."""
        if self.lr is None:
            raise ValueError("the learning rate is not resolved yet")
        return self.lr * self.batch_size / self.base_batch


def default_lr(optimizer: Optimizer, *, pretrained: bool) -> float:
    """The rate that fits the weights that came in."""
    lr = PRETRAINED_LR if pretrained else RANDOM_LR
    return lr * ADAMW_LR_FACTOR if optimizer is Optimizer.ADAMW else lr
