"""What a run begins with: the network and its weights, the recipe with everything decided, the model's card."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping
from typing import Any

import torch
from lightning_fabric import Fabric

from bineego.toml import to_toml
from bineego.tracks import Activation
from bineego.training.checkpoint import RunState
from bineego.training.device import environment
from bineego.training.optimisation import default_lr
from bineego.training.options import RunOptions
from bineego.training.prepare import Material, TrainingPlan
from bineego.training.randomness import Purpose, torch_seed
from bineego.training.recipe import Labels, Recipe, Task, effective
from bineego.tsm.card import ModelCard
from bineego.tsm.network import TSM
from bineego.tsm.precision import training_precision
from bineego.tsm.weights import InitReport
from bineego.video.frames import FrameOptions

log = logging.getLogger(__name__)

TRAINED_HEAD_LR = 5.0
"""Rate of new heads against that of trained trunks (TSM)."""


def new_network(chosen: TrainingPlan, recipe: Recipe) -> TSM:
    """The network with the random weights of the recipe's seed."""
    torch.manual_seed(torch_seed(Purpose.INIT, recipe.seed))
    return TSM(chosen.network_config(recipe))


def first_state(network: TSM, recipe: Recipe, task: Task, init: InitReport | None) -> RunState:
    """The state of a run that begins, with everything decided that the data and the weights that came in decide; says
    what it is."""
    assert init is not None
    trained = init.kind != "random"
    lr = recipe.lr if recipe.lr is not None else default_lr(recipe.optimizer, pretrained=trained)
    head_lr = recipe.head_lr if recipe.head_lr is not None else TRAINED_HEAD_LR if trained else 1.0
    resolved = dataclasses.replace(recipe, task=task, lr=lr, head_lr=head_lr)
    if trained:
        log.info("weights: %s", init.summary())
    elif recipe.init == "random":
        log.info("weights: random, as requested; small data sets learn much better with --init imagenet")
    log.info("%s", effective(resolved))
    return RunState(
        recipe=to_toml(recipe),
        resolved=to_toml(resolved),
        network=network.state_dict(),
        optimiser={},
        origin=_origin(init, resolved),
    )


def in_use(recipe: Recipe, task: Task, state: RunState) -> Recipe:
    """The recipe with what was decided when the run began."""
    return dataclasses.replace(recipe, task=task, lr=state.resolved["lr"], head_lr=state.resolved["head_lr"])


def _origin(init: InitReport, resolved: Recipe) -> dict[str, Any]:
    """What a run started from, as plain values."""
    origin: dict[str, Any] = {"init": init.summary(), "effective_lr": resolved.effective_lr}
    return origin if init.sha256 is None else origin | {"init_sha256": init.sha256}


def model_card(
    name: str,
    chosen: TrainingPlan,
    material: Material,
    recipe: Recipe,
    options: RunOptions,
    origin: Mapping[str, Any],
    fabric: Fabric,
) -> ModelCard:
    """The card of the run's model, nothing measured and nothing fitted."""
    multi = recipe.labels is Labels.SEVERAL
    return ModelCard(
        name=name,
        network=chosen.network_config(recipe),
        labels=chosen.labels,
        interval=recipe.interval,
        clip_duration=recipe.clip_duration,
        frames=FrameOptions(size=recipe.size, keep_aspect=recipe.keep_aspect),
        view=str(options.view[0]),
        activation=Activation.SIGMOID if multi else Activation.SOFTMAX,
        priors=material.priors,
        training=to_toml(recipe) | {"origin": dict(origin)},
        data=material.facts,
        environment=environment(fabric.device, fabric.world_size, training_precision(recipe.precision, fabric.device)),
    )
