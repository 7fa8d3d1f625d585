"""The joint loss: actions plus weighted scenes, each over the samples that have that label.

Source: report, section 3.2 (multi-task loss). Shape suffixes: N clips, C + 1 action logits, S scenes.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from bineego.tsm.network import ClipLogits


class Targets(NamedTuple):
    """What N clips should be; negative = unknown.

    actions: (N,) class ids, or (N, C + 1) 0/1 for independent classes. scenes: (N,) ids. weights: (N,).
    """

    actions: Tensor
    scenes: Tensor
    weights: Tensor


class Losses(NamedTuple):
    """Losses (N,) of each clip; 0 where it is masked out."""

    actions: Tensor
    scenes: Tensor


def clip_losses(scores: ClipLogits, targets: Targets, *, label_smoothing: float = 0.0) -> Losses:
    """Losses of each clip. Masked ones stay part of the graph with gradient 0, so that every head always takes part."""
    zero = targets.weights.new_zeros(len(targets.weights))
    actions = zero if scores.actions is None else _action_loss(scores.actions.float(), targets, label_smoothing)
    scenes = zero if scores.scenes is None else _cross_entropy(scores.scenes.float(), targets.scenes, label_smoothing)
    return Losses(actions * targets.weights, scenes * targets.weights)


def _action_loss(logits: Tensor, targets: Targets, smoothing: float) -> Tensor:
    if targets.actions.ndim == 1:
        return _cross_entropy(logits, targets.actions, smoothing)
    known = targets.actions[:, 0] >= 0
    wanted = targets.actions.clamp_min(0) * (1 - smoothing) + smoothing / 2
    # Every class is a separate question: their losses add up.
    loss = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none").sum(1)
    return torch.where(known, loss, torch.zeros_like(loss))


def _cross_entropy(logits: Tensor, ids: Tensor, smoothing: float) -> Tensor:
    loss = functional.cross_entropy(logits, ids.clamp_min(0), reduction="none", label_smoothing=smoothing)
    return torch.where(ids >= 0, loss, torch.zeros_like(loss))


def joint(losses: Losses, n_actions: int, n_scenes: int, scene_weight: float) -> Tensor:
    """One number to descend: mean action loss + scene_weight * mean scene loss.

    Args:
        losses: of a part of a batch.
        n_actions, n_scenes: clips of the WHOLE batch, over all parts and devices, that have the label; the results
            of its parts then add up to that of the batch.
    """
    return losses.actions.sum() / max(1, n_actions) + scene_weight * losses.scenes.sum() / max(1, n_scenes)


def right_actions(logits: Tensor, actions: Tensor) -> Tensor:
    """Mask (N,) of clips whose likeliest class is (one of) the right one(s)."""
    best = logits.argmax(1)
    if actions.ndim == 1:
        return best == actions
    return actions.gather(1, best[:, None])[:, 0] > 0
