"""The model card: all that must be known of a model beside its weights. Lives in the header of the weights file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from annotated_types import Interval

from bineego.decoding import Decoding
from bineego.labels import LabelSet
from bineego.priors import Priors
from bineego.tracks import Activation
from bineego.tsm.config import CLIP_FRAMES, NetworkConfig, TemporalConfig
from bineego.video.frames import FrameOptions

Positive = Annotated[float, Interval(gt=0, lt=math.inf)]

MIN_AGREEMENT, MAX_CHANGE = 0.995, 0.005

RANGES = {
    "interval": (0.01, 3600.0),
    "clip_duration": (0.01, 3600.0),
    "temperature": (1e-4, 1e4),
}
"""What a card may say, in its units; a file that says more is damaged or means harm."""

CLIP_BYTES = 1_000_000_000
"""Of the frames of one clip."""

CLASSES = 10_000

VIEWS = ("panoramic", "third_person", "monocular", "binocular")


@dataclass(frozen=True, kw_only=True)
class Bf16Check:
    """What bf16 changes on the held-out recordings.

    Attributes:
        agreement: share of the whole intervals whose answer is that of fp32 (of the videos, for scenes alone).
        fp32, bf16: the score that checkpoints are chosen by, computed in either.
    """

    agreement: float
    fp32: float
    bf16: float

    def __post_init__(self) -> None:
        if not all(0 <= value <= 1 for value in (self.agreement, self.fp32, self.bf16)):
            raise ValueError(f"shares lie between 0 and 1: {self}")

    @property
    def passed(self) -> bool:
        """Whether bf16 may take the place of fp32 unasked: 99.5 % of the answers, and the score within 0.5 %."""
        return self.agreement >= MIN_AGREEMENT and abs(self.bf16 - self.fp32) <= MAX_CHANGE * self.fp32

    def __str__(self) -> str:
        return f"{self.agreement:.2%} of the predictions as in fp32, score {self.bf16:.4f} against {self.fp32:.4f}"


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelCard:
    """A model's identity, how to feed it and how to read its answers. `card_file` reads and writes these very fields.

    Attributes:
        name: for people and score tracks (the run's name).
        network: the network's shape.
        labels: names of its logits.
        interval: t, seconds; of a temporal model, its step.
        clip_duration: seconds of video a clip spans around its interval; None = the interval itself.
        frames: size of the frames it was trained on.
        view: the camera view it was trained on.
        activation: softmax, or sigmoid for models that allow several actions at once.
        temperature: fitted on held-out recordings; 1 = not calibrated.
        decoding: how its tracks are best decoded, fitted on held-out recordings; None = not fitted.
        bf16: what bf16 changes; None = not checked (nothing held out, or trained where bf16 is slow).
        priors: statistics of its training annotations.
        training: the resolved recipe, as plain values.
        metrics: validation figures by name.
        data: what it was trained on (data set name, counts, split), as plain values.
        environment: versions and device of the training run.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "arbitrary_types_allowed": True}

    name: str
    network: NetworkConfig | TemporalConfig
    labels: LabelSet
    interval: Positive
    clip_duration: Positive | None = None
    frames: FrameOptions = field(default_factory=FrameOptions)
    view: str = "panoramic"
    activation: Activation = Activation.SOFTMAX
    temperature: Positive = 1.0
    decoding: Decoding | None = None
    bf16: Bf16Check | None = None
    priors: Priors | None = None
    training: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.network.n_classes not in (0, self.labels.n_classes):
            raise ValueError(
                f"{self.network.n_classes} action logits for {len(self.labels.actions)} actions + background"
            )
        if self.network.n_scenes != len(self.labels.scenes):
            raise ValueError(f"{self.network.n_scenes} scene logits for {len(self.labels.scenes)} scenes")
        self._check_limits()

    def _check_limits(self) -> None:
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise ValueError(f"{name} must be from {low:g} to {high:g}, not {value:g}")
        if self.view not in VIEWS:
            raise ValueError(f"view must be one of {', '.join(VIEWS)}, not {self.view[:40]!r}")
        if len(self.labels.actions) + len(self.labels.scenes) > CLASSES:
            raise ValueError(f"at most {CLASSES:,} labels, not {len(self.labels.actions) + len(self.labels.scenes):,}")
        if isinstance(self.network, NetworkConfig):
            if self.network.n_frames > CLIP_FRAMES:
                raise ValueError(f"clips of {self.network.n_frames:,} frames; at most {CLIP_FRAMES:,}")
            width = self.frames.size * (1.8 if self.frames.keep_aspect else 1.0)  # 16:9
            clip = self.network.n_frames * self.frames.size * width * 3
            if clip > CLIP_BYTES:
                raise ValueError(f"clips of {clip:,.0f} bytes; at most {CLIP_BYTES:,}")

    @property
    def clip_network(self) -> NetworkConfig:
        """The shape of a network that answers clip by clip.

        Raises:
            TypeError: the model is a temporal one.
        """
        if not isinstance(self.network, NetworkConfig):
            raise TypeError(f"model {self.name!r} does not work on clips")
        return self.network
