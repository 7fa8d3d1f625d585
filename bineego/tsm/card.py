"""The model card: all that must be known of a model beside its weights. Lives in the header of the weights file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bineego.labels import LabelSet
from bineego.priors import Priors
from bineego.tracks import Activation
from bineego.tsm.config import NetworkConfig
from bineego.video.frames import FrameOptions


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelCard:
    """A model's identity, how to feed it and how to read its answers.

    Attributes:
        name: for people and score tracks (the run's name).
        network: the network's shape.
        labels: names of its logits.
        interval: t, seconds.
        clip_duration: seconds of video a clip spans around its interval; None = the interval itself.
        frames: size of the frames it was trained on.
        view: the camera view it was trained on.
        activation: softmax, or sigmoid for models that allow several actions at once.
        temperature: fitted on held-out recordings; 1 = not calibrated.
        priors: statistics of its training annotations.
        training: the resolved recipe, as plain values.
        metrics: validation figures by name.
        data: what it was trained on (data set name, counts, split), as plain values.
        environment: versions and device of the training run.
    """

    name: str
    network: NetworkConfig
    labels: LabelSet
    interval: float
    clip_duration: float | None = None
    frames: FrameOptions = field(default_factory=FrameOptions)
    view: str = "panoramic"
    activation: Activation = Activation.SOFTMAX
    temperature: float = 1.0
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
