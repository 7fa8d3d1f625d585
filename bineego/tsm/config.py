"""What a network is made of, free of torch, so that the command line can offer it without loading torch.

Source: report, sections 3.1, 3.2 and 4.2; the official TSM implementation for the shift.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bineego.heads.config import HeadConfig


class Trunk(StrEnum):
    """Image networks that carry the shift. The report used the two ResNeXt-101."""

    RESNET18 = "resnet18"
    RESNET34 = "resnet34"
    RESNET50 = "resnet50"
    RESNET101 = "resnet101"
    RESNEXT50_32X4D = "resnext50_32x4d"
    RESNEXT101_32X8D = "resnext101_32x8d"
    RESNEXT101_64X4D = "resnext101_64x4d"
    MOBILENET_V2 = "mobilenet_v2"
    EFFICIENTNET_LITE0 = "efficientnet_lite0"


class Precision(StrEnum):
    """Number format of the network's arithmetic. `AUTO` = bfloat16 where the device computes it fast, else float32."""

    AUTO = "auto"
    FP32 = "fp32"
    BF16 = "bf16"


CLIP_FRAMES = 1000
"""At most, of one clip."""


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """Shape of a network; everything needed to build it before its weights come in.

    Attributes:
        trunk: the image network.
        n_classes: action logits, C + 1 (background included); 0 = no action head.
        n_scenes: scene logits, S; 0 = no scene head.
        n_frames: frames per clip (TSM's "segments").
        shift: whether the temporal shift is there (off only for ablations).
        shift_div: 1 / share of the channels shifted in each direction.
        dropout: before the heads.
    """

    trunk: Trunk = Trunk.RESNET50
    n_classes: int = 0
    n_scenes: int = 0
    n_frames: int = 8
    shift: bool = True
    shift_div: int = 8
    dropout: float = 0.5

    def __post_init__(self) -> None:
        if self.n_classes == 0 and self.n_scenes == 0:
            raise ValueError("a network needs an action head or a scene head")
        if self.n_classes == 1:
            raise ValueError("an action head needs at least one action beside the background")
        if self.n_frames < 1 or self.shift_div < 2 or not 0 <= self.dropout < 1:
            raise ValueError(f"out of range: {self}")


@dataclass(frozen=True, kw_only=True)
class TemporalConfig:
    """Shape of a temporal model: what it reads of a video, and the head that reads it.

    Attributes:
        head: the head.
        kinds: kinds of features, in the order in which the head reads them.
        widths: numbers of each kind before they are projected.
        directions: numbers of each kind that the head gets.
        rate: steps a second.
        trunk: the network whose features are read; None if no kind needs one.
        weights: what tells the trunk's weights from others.
    """

    head: HeadConfig
    kinds: tuple[str, ...]
    widths: tuple[int, ...]
    directions: tuple[int, ...]
    rate: float
    trunk: NetworkConfig | None = None
    weights: str = ""

    def __post_init__(self) -> None:
        if not 0 < self.rate < float("inf"):
            raise ValueError(f"rate must be more than 0, not {self.rate}")
        if not len(self.kinds) == len(self.widths) == len(self.directions) > 0:
            raise ValueError(f"{len(self.kinds)} kinds of features, {len(self.widths)} widths")
        if min(*self.widths, *self.directions) < 1 or sum(self.directions) != self.head.n_features:
            raise ValueError(f"projections to {self.directions} for a head of {self.head.n_features} features")

    @property
    def n_classes(self) -> int:
        """Action logits, C + 1; 0 = none."""
        return self.head.n_classes

    @property
    def n_scenes(self) -> int:
        """Scene logits, S; 0 = none."""
        return self.head.n_scenes
