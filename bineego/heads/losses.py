"""The loss of a temporal head over the steps of one video.

Sources: Farha, Gall: MS-TCN, CVPR 2019 (truncated smoothing loss); Lin et al.: Focal loss, ICCV 2017; Zheng et al.:
Distance-IoU loss, AAAI 2020, on intervals. Shape suffixes as in `heads.temporal`.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from bineego.heads.temporal import HeadScores

SMOOTH, CUT = 0.15, 4.0
"""Weight of the smoothing loss, and the change of a log-probability beyond which it does not grow (MS-TCN)."""
BOUNDARY = 4.0
"""Weight of the boundary loss: few edges are boundaries, so its mean is small (docs/accuracy-tables.md)."""
FOCUS, POSITIVE, PROPOSALS = 2.0, 0.4, 5.0
"""Of the focal loss: its exponent, the share of the weight that classes which are there have, and its scale."""


class TargetTensors(NamedTuple):
    """`StepTargets` of one video as tensors, and its scene (-1 = unknown); actions None = not annotated."""

    actions: Tensor | None
    boundaries: Tensor
    inside: Tensor
    distances: Tensor
    scene: int


class HeadLosses(NamedTuple):
    """The parts of the loss; 0 where a video or a head has no part in it."""

    actions: Tensor
    smoothing: Tensor
    boundaries: Tensor
    proposals: Tensor
    distances: Tensor
    scenes: Tensor


def head_losses(scores: HeadScores, targets: TargetTensors) -> HeadLosses:
    """The losses of one video, each the mean over its steps."""
    zero = targets.boundaries.new_zeros(())
    actions = smoothing = boundaries = proposals = distances = scenes = zero
    if scores.actions is not None and targets.actions is not None:
        actions = action_loss(scores.actions, targets.actions)
        smoothing = smoothing_loss(scores.actions, multi=targets.actions.ndim == 2)
        assert scores.boundaries is not None
        assert scores.proposals is not None
        assert scores.distances is not None
        boundaries = boundary_loss(scores.boundaries, targets.boundaries)
        proposals = proposal_loss(scores.proposals, targets.inside)
        distances = distance_loss(scores.distances, targets.distances, targets.inside)
    if scores.scenes is not None and targets.scene >= 0:
        wanted = torch.tensor([targets.scene], device=scores.scenes.device)
        scenes = functional.cross_entropy(scores.scenes[None], wanted)
    return HeadLosses(actions, smoothing, boundaries, proposals, distances, scenes)


def total(losses: HeadLosses, *, scene_weight: float) -> Tensor:
    """One number to descend."""
    return (
        losses.actions
        + SMOOTH * losses.smoothing
        + BOUNDARY * losses.boundaries
        + losses.proposals
        + losses.distances
        + scene_weight * losses.scenes
    )


def action_loss(logits_TC: Tensor, actions: Tensor) -> Tensor:
    """Cross-entropy of the steps; of every class by itself, added up, where several go on at once."""
    if actions.ndim == 1:
        return functional.cross_entropy(logits_TC, actions)
    return functional.binary_cross_entropy_with_logits(logits_TC, actions, reduction="none").sum(1).mean()


def smoothing_loss(logits_TC: Tensor, *, multi: bool = False) -> Tensor:
    """Mean square of the change of every log-probability from step to step, cut off at `CUT`; the step before is
    held fixed."""
    if len(logits_TC) < 2:
        return logits_TC.new_zeros(())
    log_probs = functional.logsigmoid(logits_TC) if multi else logits_TC.log_softmax(1)
    change = (log_probs[1:] - log_probs[:-1].detach()).clamp(-CUT, CUT)
    return change.square().mean()


def boundary_loss(logits_TB: Tensor, bumps_TB: Tensor) -> Tensor:
    """Cross-entropy against the bumps, added up over the channels."""
    return functional.binary_cross_entropy_with_logits(logits_TB, bumps_TB, reduction="none").sum(1).mean()


def proposal_loss(logits_TC: Tensor, inside_T: Tensor) -> Tensor:
    """Focal loss of the class that a step lies in, over the steps inside actions."""
    wanted = functional.one_hot(inside_T, logits_TC.shape[1] + 1)[:, 1:].to(logits_TC.dtype)
    entropy = functional.binary_cross_entropy_with_logits(logits_TC, wanted, reduction="none")
    weight = torch.where(wanted > 0, POSITIVE, 1 - POSITIVE) * (wanted - logits_TC.sigmoid()).abs() ** FOCUS
    return PROPOSALS * (weight * entropy).sum() / (inside_T > 0).sum().clamp(min=1)


def distance_loss(mine_T2: Tensor, true_T2: Tensor, inside_T: Tensor) -> Tensor:
    """Distance-IoU loss between the interval that a step proposes and the action it lies in; both hold its centre."""
    here = inside_T > 0
    mine, true = mine_T2[here], true_T2[here]
    if len(mine) == 0:
        return mine_T2.sum() * 0
    shared, whole = torch.minimum(mine, true).sum(1), torch.maximum(mine, true).sum(1)
    apart = ((mine[:, 1] - mine[:, 0]) - (true[:, 1] - true[:, 0])) / 2
    return (1 - shared / whole + (apart / whole).square()).mean()
