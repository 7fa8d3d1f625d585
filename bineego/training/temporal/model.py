"""The model of a temporal head: its shape, its card, and the parts brought together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from bineego.features.options import FeatureOptions
from bineego.heads.config import HeadConfig
from bineego.heads.temporal import HeadEnsemble
from bineego.inference.temporal import projection_layers
from bineego.tracks import Activation
from bineego.training.device import environment
from bineego.training.options import RunOptions
from bineego.training.prepare import TrainingPlan
from bineego.training.recipe import Labels, Recipe
from bineego.training.temporal.choice import needs_network
from bineego.training.temporal.material import HeadMaterial
from bineego.tsm.card import ModelCard
from bineego.tsm.config import Precision, TemporalConfig
from bineego.tsm.feature_network import FeatureSource
from bineego.tsm.temporal_network import TemporalNetwork


def head_config(chosen: TrainingPlan, material: HeadMaterial, recipe: Recipe) -> HeadConfig:
    """The shape of the head."""
    return HeadConfig(
        n_features=material.projection.n_features,
        n_classes=chosen.labels.n_classes if chosen.task.has_actions else 0,
        n_scenes=len(chosen.labels.scenes),
        multi=recipe.labels is Labels.SEVERAL,
        members=material.folds.n,
    )


def network_config(
    material: HeadMaterial, head: HeadConfig, rate: float, source: FeatureSource | None
) -> TemporalConfig:
    """The shape of the whole network: with a trunk only if some kind of feature needs it."""
    parts = material.projection.parts
    trunk = source if needs_network(material.projection.kinds) else None
    return TemporalConfig(
        head=head,
        kinds=tuple(parts),
        widths=tuple(part.weight.shape[0] for part in parts.values()),
        directions=tuple(part.weight.shape[1] for part in parts.values()),
        rate=rate,
        trunk=None if trunk is None else trunk.network.config,
        weights="" if trunk is None else trunk.weights,
    )


def head_card(
    name: str,
    chosen: TrainingPlan,
    material: HeadMaterial,
    network: TemporalConfig,
    made: FeatureOptions,
    options: RunOptions,
    learnt: Mapping[str, Any],
    device: torch.device,
) -> ModelCard:
    """The card of the run's model, nothing measured and nothing fitted.

    Args:
        made: how the features were made.
        learnt: what is learnt and how, plain values.
    """
    return ModelCard(
        name=name,
        network=network,
        labels=chosen.labels,
        interval=1 / network.rate,
        frames=made.frames,
        view=str(options.view[0]),
        activation=Activation.SIGMOID if network.head.multi else Activation.SOFTMAX,
        priors=material.priors,
        training=dict(learnt),
        data=dict(material.facts),
        environment=environment(device, 1, Precision.FP32),
    )


def whole_network(
    head: HeadEnsemble, card: ModelCard, material: HeadMaterial, source: FeatureSource | None
) -> TemporalNetwork:
    """Trunk, projection and head as one network."""
    assert isinstance(card.network, TemporalConfig)
    with torch.device("meta"):
        network = TemporalNetwork(card.network)
    network.trunk = None if network.trunk is None or source is None else source.network.trunk
    network.projection = projection_layers(material.projection)
    network.head = head
    return network.eval()
