"""What is trained, at which rate: parameter groups, the schedule, frozen parts, batch normalisation, a moving average.

Source: the official TSM implementation (docs/facts.md); report, section 4.2 (SGD).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from bineego.training.optimisation import BatchNorm, OptimisationPart, Optimizer, Schedule
from bineego.tsm.network import TSM

HEAD_BIAS = 2.0
"""Rate of a head's bias against its weights (TSM: x10 against x5)."""

MILESTONES = (0.4, 0.8)
"""Shares of the training after which `STEP` divides the rate (TSM: epochs 20 and 40 of 50)."""

GAMMA = 0.1


def build_optimiser(network: TSM, recipe: OptimisationPart) -> torch.optim.Optimizer:
    """The optimiser over all parameters that are not frozen. Each group's `scale` is its rate against the recipe's."""
    head_lr = recipe.head_lr if recipe.head_lr is not None else 1.0
    heads = {id(p) for head in (network.action_head, network.scene_head) if head is not None for p in head.parameters()}
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for parameter in network.parameters():
        if not parameter.requires_grad:
            continue
        matrix = parameter.ndim > 1
        scale = (head_lr if matrix else head_lr * HEAD_BIAS) if id(parameter) in heads else 1.0
        groups.setdefault((scale, recipe.weight_decay if matrix else 0.0), []).append(parameter)
    tables = [{"params": ps, "scale": scale, "weight_decay": decay} for (scale, decay), ps in groups.items()]
    if recipe.optimizer is Optimizer.ADAMW:
        return torch.optim.AdamW(tables, lr=recipe.effective_lr, betas=(recipe.momentum, 0.999))
    return torch.optim.SGD(tables, lr=recipe.effective_lr, momentum=recipe.momentum)


def lr_factor(step: int, total: int, schedule: Schedule, warmup: int = 0) -> float:
    """What the rate is multiplied by at `step` (0 .. total - 1), after a linear rise over the first `warmup` steps.

    A pure function of the step: there is nothing to save and to restore.
    """
    if step < warmup:
        return (step + 1) / (warmup + 1)
    progress = step / max(1, total)
    match schedule:
        case Schedule.STEP:
            return GAMMA ** sum(progress >= milestone - 1e-9 for milestone in MILESTONES)
        case Schedule.COSINE:
            progress = (step - warmup) / max(1, total - warmup)
            return 0.5 * (1 + math.cos(math.pi * progress))


def set_lr(optimiser: torch.optim.Optimizer, lr: float) -> None:
    """Give every group its rate."""
    for group in optimiser.param_groups:
        group["lr"] = lr * group["scale"]


def freeze(network: TSM, recipe: OptimisationPart) -> None:
    """Take what the recipe leaves alone out of the training."""
    for part in _frozen_parts(network, recipe.freeze):
        part.requires_grad_(False)
    for layer in _still_norms(network, recipe):
        layer.requires_grad_(False)


def train_mode(network: TSM, recipe: OptimisationPart) -> None:
    """`network.train()`, with the batch normalisation that the recipe keeps still in evaluation mode."""
    network.train()
    for layer in _still_norms(network, recipe):
        layer.eval()


def _frozen_parts(network: TSM, n: int) -> Sequence[nn.Module]:
    """Stem and stages of the trunk in order, the first `n`."""
    return network.trunk.stages()[:n]


def _still_norms(network: TSM, recipe: OptimisationPart) -> list[nn.Module]:
    """Batch normalisation layers that keep their statistics and parameters."""
    norms: list[nn.Module] = [layer for layer in network.modules() if isinstance(layer, _BatchNorm)]
    if recipe.batch_norm is BatchNorm.FROZEN:
        return norms
    frozen = {id(layer) for part in _frozen_parts(network, recipe.freeze) for layer in part.modules()}
    still = [layer for layer in norms if id(layer) in frozen]
    if recipe.batch_norm is BatchNorm.PARTIAL:
        return norms[1:] + [layer for layer in still if layer is norms[0]]
    return still


class MovingAverage:
    """Exponential moving average of a network's weights; its other state (batch statistics) is copied.

    The decay grows from 0.1 to `decay`, so that the first, random weights are soon forgotten.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.updates = 0
        self.values = {name: value.detach().clone() for name, value in network.state_dict().items()}
        self._parameters = {name for name, _ in network.named_parameters()}

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Take in the weights after one step."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        for name, value in network.state_dict().items():
            if name in self._parameters:
                self.values[name].lerp_(value, 1 - decay)
            else:
                self.values[name].copy_(value)

    def state(self) -> dict[str, Tensor | int]:
        """What `load` takes."""
        return {"updates": self.updates, **{f"value.{name}": value for name, value in self.values.items()}}

    def load(self, state: dict[str, Tensor | int]) -> None:
        """Take over a saved state."""
        self.updates = int(state["updates"])
        for name, value in self.values.items():
            saved = state[f"value.{name}"]
            if isinstance(saved, Tensor):
                value.copy_(saved)
