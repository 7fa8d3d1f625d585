"""Which features a temporal head is trained on, and where they come from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bineego import features
from bineego.features.kinds import base_of, is_ours
from bineego.heads.options import TemporalPart
from bineego.runs import find_model
from bineego.toml import to_toml
from bineego.training.head_choice import OF_BOTH
from bineego.training.recipe import Head, Recipe
from bineego.tsm.config import Trunk
from bineego.tsm.feature_network import FeatureSource, imagenet_source, trained_source

SIZE = 128
"""Pixels of the frames whose features are taken, unless a trained run says otherwise."""


@dataclass(frozen=True, kw_only=True)
class FeatureChoice:
    """Which features a head is trained on.

    Attributes:
        trunk: whose: an image network with ImageNet's weights, or a trained run.
        kinds: which; None = a screen chooses.
        folder: where feature tracks are kept, or given.
        given: whether the videos of the plan are feature files.
    """

    trunk: str = features.FeatureOptions().trunk
    kinds: tuple[str, ...] | None = None
    folder: Path = Path(".bineego/features")
    given: bool = False

    @property
    def asked(self) -> tuple[str, ...]:
        """The kinds that may be needed."""
        return self.kinds or tuple(str(kind) for kind in features.Kind)

    def learnt(self, recipe: Recipe, own: TemporalPart) -> dict[str, Any]:
        """What a run learns and how, as plain values; `own` are the options of this head alone."""
        kinds = {} if self.kinds is None else {"kinds": [str(kind) for kind in self.kinds]}
        shared = {name: value for name, value in to_toml(recipe).items() if name in OF_BOTH}
        trunk = {} if self.given else {"trunk": str(self.trunk)}
        return {"head": str(Head.TEMPORAL), **trunk, **kinds, **shared, **to_toml(own)}

    def source(self) -> FeatureSource | None:
        """The trunk; None if none of the kinds needs it.

        Raises:
            ModelError: it cannot be had.
        """
        if self.trunk not in list(Trunk):
            return trained_source(find_model(self.trunk))
        return imagenet_source(Trunk(self.trunk)) if needs_network(self.asked) else None

    def options(self, source: FeatureSource | None) -> features.FeatureOptions:
        """How features are made with that trunk: a trained run's see frames as it did."""
        if self.trunk in list(Trunk):
            return features.FeatureOptions(trunk=self.trunk, size=SIZE)
        own = (source.frames if source is not None else None) or features.FeatureOptions().frames
        return features.FeatureOptions(trunk=self.trunk, size=own.size, keep_aspect=own.keep_aspect)


def needs_network(kinds: tuple[str, ...]) -> bool:
    """Whether any of the kinds is what a trunk of ours makes."""
    return any(features.Kind(base_of(kind)).needs_network for kind in kinds if is_ours(kind))
