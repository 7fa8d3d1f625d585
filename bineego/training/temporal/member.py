"""One head in training: its weights, its optimiser, and the examples that it learns from, step by step.

All chance is a pure function of (seed, member, step). Shape suffixes: T steps, D features.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from bineego.errors import InputInvalid
from bineego.heads.config import HeadConfig
from bineego.heads.losses import TargetTensors, head_losses, total
from bineego.heads.options import HeadRecipe
from bineego.heads.targets import step_targets
from bineego.heads.temporal import TemporalHead
from bineego.training.optimiser import MovingAverage
from bineego.training.randomness import Purpose, generator, torch_seed
from bineego.training.temporal.examples import Example, stretch

WARMUP = 0.1
"""Share of the steps in which the learning rate rises."""
CLIP_GRAD = 1.0  # largest norm of the gradient (measured)
LEAST_RATE = 1e-3  # of the learning rate, at both ends

CROP = 1024
"""Steps of an example that are used together; of a longer one, a random stretch of this length."""

LEAST_DRAWS = 32
"""Stretches that an epoch takes at least; few examples are drawn several times."""


class Member:
    """One head, its optimiser and what it learns from."""

    def __init__(
        self,
        config: HeadConfig,
        examples: Sequence[Example],
        recipe: HeadRecipe,
        number: int,
        device: torch.device | str,
        widths: Sequence[int],
    ) -> None:
        self.examples, self.recipe, self.number, self.config = examples, recipe, number, config
        self.widths = widths
        once = [i for i, example in enumerate(examples) for _ in range(math.ceil(len(example) / CROP))]
        self.draws = once * max(1, round(LEAST_DRAWS / max(1, len(once))))
        torch.manual_seed(torch_seed(Purpose.INIT, recipe.seed, number))
        self.head = TemporalHead(config).to(device).train()
        self.optimiser = torch.optim.AdamW(self.head.parameters(), lr=recipe.lr, weight_decay=recipe.weight_decay)
        self.average = MovingAverage(self.head, recipe.ema) if recipe.ema else None

    def step(self, epoch: int, position: int) -> Tensor:
        """One example, one step; its losses and their sum."""
        number = epoch * len(self.draws) + position
        chance = generator(Purpose.CLIP, self.recipe.seed, self.number, number)
        torch.manual_seed(torch_seed(Purpose.STEP, self.recipe.seed, self.number, number))
        example = self.examples[self.draws[self._order(epoch)[position]]]
        if len(example) > CROP:
            first = int(chance.integers(len(example) - CROP + 1))
            example = stretch(example, first, first + CROP)
        for group in self.optimiser.param_groups:
            group["lr"] = self.lr_at(number)
        speed = math.exp(chance.uniform(-self.recipe.speed, self.recipe.speed))
        device = next(self.head.parameters()).device
        features, targets = prepare(example, self.config, speed, self.recipe.noise)
        features = without_kinds(features, self.widths, self.recipe.kind_dropout)
        losses = head_losses(self.head(features.to(device)), to_device(targets, device))
        loss = total(losses, scene_weight=self.recipe.scene_weight)
        if not bool(torch.isfinite(loss)):
            raise InputInvalid(
                f"the training diverged in epoch {epoch + 1}",
                where=f"video {example.video_id}",
                remedy="lower --lr",
            )
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.head.parameters(), CLIP_GRAD)
        self.optimiser.step()
        if self.average is not None:
            self.average.update(self.head)
        return torch.stack([part.detach() for part in (*losses, loss)]).double().cpu()

    def _order(self, epoch: int) -> NDArray[np.int64]:
        return generator(Purpose.ORDER, self.recipe.seed, self.number, epoch).permutation(len(self.draws))

    def lr_at(self, number: int) -> float:
        """The learning rate of a step: up along a half cosine, then down along one."""
        whole = max(1, self.recipe.epochs * len(self.draws))
        rise = WARMUP * whole
        share = number / rise if number < rise else 1 - (number - rise) / max(1.0, whole - rise)
        return self.recipe.lr * max(LEAST_RATE, (1 - math.cos(math.pi * min(1.0, share))) / 2)

    def weights(self) -> dict[str, Tensor]:
        return self.head.state_dict() if self.average is None else self.average.values

    def state(self) -> dict[str, Any]:
        return copy.deepcopy(
            {
                "head": self.head.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "average": {} if self.average is None else self.average.state(),
            }
        )

    def load(self, state: dict[str, Any]) -> None:
        self.head.load_state_dict(state["head"])
        self.optimiser.load_state_dict(state["optimiser"])
        if self.average is not None:
            self.average.load(state["average"])


def make_members(
    config: HeadConfig,
    examples: Sequence[Example],
    folds: NDArray[np.int64],
    recipe: HeadRecipe,
    device: torch.device | str,
    widths: Sequence[int],
) -> list[Member]:
    """All members of a head; see `bineego.training.temporal.fit.HeadFit`, whose parameters these are."""
    return [
        Member(
            config,
            [example for example, fold in zip(examples, folds, strict=True) if fold != number],
            recipe,
            number,
            device,
            widths,
        )
        for number in range(config.members)
    ]


def without_kinds(features_TD: Tensor, widths: Sequence[int], share: float) -> Tensor:
    """Features in which each kind is 0 with a probability, by torch's generator, and the others are that much larger,
    so that their sum stays; all stay where none would."""
    if share == 0 or len(widths) < 2:
        return features_TD
    kept = torch.rand(len(widths)) >= share
    if not bool(kept.any()):
        return features_TD
    scale_D = (kept / (1 - share)).repeat_interleave(torch.tensor(widths))
    return features_TD * scale_D


def prepare(
    example: Example, config: HeadConfig, speed: float = 1.0, noise: float = 0.0
) -> tuple[Tensor, TargetTensors]:
    """Features and targets of an example that is played `speed` times as fast, with noise from torch's generator."""
    features = torch.from_numpy(example.features)
    n = max(1, round(len(example) / speed))
    if n != len(example):
        features = functional.interpolate(features.T[None], size=n, mode="linear", align_corners=False)[0].T
    if noise:
        features = features + noise * torch.randn(features.shape)
    if not config.n_classes:
        none = torch.zeros(0)
        return features, TargetTensors(None, none, none, none, example.scene)
    longer = n / len(example)
    step = float(np.median(np.diff(example.edges)))
    edges = np.arange(n + 1, dtype=np.float64) * step
    targets = step_targets(
        edges, example.starts * longer, example.ends * longer, example.class_ids, config.n_classes, multi=config.multi
    )
    tensors = TargetTensors(
        torch.from_numpy(targets.actions) if example.annotated else None,
        torch.from_numpy(targets.boundaries),
        torch.from_numpy(targets.inside),
        torch.from_numpy(targets.distances),
        example.scene,
    )
    return features, tensors


def to_device(targets: TargetTensors, device: torch.device) -> TargetTensors:
    """The same targets on a device."""
    return TargetTensors(
        None if targets.actions is None else targets.actions.to(device),
        targets.boundaries.to(device),
        targets.inside.to(device),
        targets.distances.to(device),
        targets.scene,
    )
