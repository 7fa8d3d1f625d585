"""The shape of a temporal head, as data. Free of torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class HeadConfig:
    """What a `TemporalHead` is built from.

    Attributes:
        n_features: numbers that each step of a video has (D).
        n_classes: action logits, C + 1 with the background; 0 = no actions.
        n_scenes: scene logits (S); 0 = no scene head.
        multi: several actions at once: a boundary channel for each class instead of one for all.
        width: channels of the backbone.
        layers: dilated convolutions; the last of 8 sees 255 steps each way.
        dropout: share of the input channels left out while training.
        members: networks whose answers are averaged.
    """

    n_features: int
    n_classes: int
    n_scenes: int = 0
    multi: bool = False
    width: int = 64
    layers: int = 8
    dropout: float = 0.5
    members: int = 1

    def __post_init__(self) -> None:
        for name in ("n_features", "width", "layers", "members"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be 1 or more, not {getattr(self, name)}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be from 0 to below 1, not {self.dropout}")
        if self.n_classes == 1 or self.n_classes < 0 or self.n_scenes < 0 or self.n_classes + self.n_scenes == 0:
            raise ValueError(f"{self.n_classes} action logits and {self.n_scenes} scene logits do not make a head")

    @property
    def n_boundaries(self) -> int:
        """Boundary channels (B)."""
        return (self.n_classes - 1 if self.multi else 1) if self.n_classes else 0
