"""How a temporal head is trained, as data. Free of torch.

Sources: "measured" = on small real sets (docs/accuracy-tables.md); the rest is our choice.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class HeadRecipe:
    """How a temporal head learns.

    Attributes:
        epochs: passes over the training videos.
        lr: highest learning rate of AdamW; it rises over a tenth of the steps, then falls to 0 (measured).
        weight_decay: of AdamW (measured).
        ema: decay of a moving average of the weights, which is what is kept; 0 = off.
        dropout: share of the feature channels left out (measured).
        kind_dropout: share of the kinds of features left out, at every step others: a head that leans on one kind, such
            as what a place looks like, fails where that is new (measured).
        speed: videos are played faster or slower by up to this share, drawn evenly on a log scale (measured).
        noise: standard deviation of what is added to the projected features (measured).
        scene_weight: weight of the scene loss beside those of the actions.
        folds: heads that are trained, each without a part of the training videos of its own; the model averages them,
            and what each says of the part it has not seen fits calibration and decoding.
        seed: of all chance.
    """

    epochs: int = 20
    lr: float = 1e-3
    weight_decay: float = 0.01
    ema: float = 0.0
    dropout: float = 0.5
    kind_dropout: float = 0.3
    speed: float = 0.2
    noise: float = 0.3
    scene_weight: float = 1.0
    folds: int = 5
    seed: int = 0
