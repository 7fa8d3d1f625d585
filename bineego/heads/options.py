"""How a temporal head is trained, as data. Free of torch.

Sources: "measured" = on small real sets (docs/accuracy-tables.md); the rest is our choice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Interval

from bineego.config import Opt, Options

PANEL = "The temporal head"


@dataclass(frozen=True, kw_only=True)
class TemporalPart(Options):
    """How a temporal head learns, as far as `train` lets its users say."""

    members: Annotated[
        int,
        Ge(1),
        Opt(
            "Heads to train, each without a part of the training videos of its own; the model averages them, and what "
            "each says of the part it has not seen fits calibration and decoding.",
            panel=PANEL,
            flag=False,
        ),
    ] = 5
    kind_dropout: Annotated[
        float,
        Interval(ge=0, lt=1),
        Opt("Share of the kinds of features left out, others at every step.", panel=PANEL, flag=False),
    ] = 0.3  # measured: a head that leans on one kind, such as what a place looks like, fails where that is new
    speed: Annotated[
        float,
        Interval(ge=0, le=1),
        Opt("Videos are played faster or slower by up to this share.", panel=PANEL, flag=False),
    ] = 0.2  # measured; drawn evenly on a log scale
    noise: Annotated[
        float, Ge(0), Opt("Standard deviation of the noise added to the features.", panel=PANEL, flag=False)
    ] = 0.3  # measured; of the projected features, whose own is 1 at most


@dataclass(frozen=True, kw_only=True)
class HeadRecipe(TemporalPart):
    """How a temporal head learns, in full.

    Attributes:
        epochs: passes over the training videos.
        lr: highest learning rate of AdamW; it rises over a tenth of the steps, then falls to 0 (measured).
        weight_decay: of AdamW (measured).
        ema: decay of a moving average of the weights, which is what is kept; 0 = off.
        dropout: share of the feature channels left out (measured).
        scene_weight: weight of the scene loss beside those of the actions.
        seed: of all chance.
    """

    epochs: int = 20
    lr: float = 1e-3
    weight_decay: float = 0.01
    ema: float = 0.0
    dropout: float = 0.5
    scene_weight: float = 1.0
    seed: int = 0
