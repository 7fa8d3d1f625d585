"""The parts of the loss against values worked out by hand."""

import math

import pytest
import torch

from bineego.heads import losses
from bineego.heads.temporal import HeadScores


def test_action_loss_is_cross_entropy_over_the_steps():
    logits = torch.tensor([[0.0, math.log(3)], [0.0, 0.0]])
    assert losses.action_loss(logits, torch.tensor([1, 0])).item() == pytest.approx(
        (math.log(4 / 3) + math.log(2)) / 2, abs=1e-6
    )


def test_several_actions_add_up():
    logits = torch.zeros(3, 4)
    assert losses.action_loss(logits, torch.zeros(3, 4)).item() == pytest.approx(4 * math.log(2), abs=1e-6)


def test_smoothing_is_nothing_for_equal_steps_and_cut_off_for_large_changes():
    assert losses.smoothing_loss(torch.ones(5, 3)).item() == 0
    jump = torch.tensor([[1000.0, 0.0], [0.0, 1000.0]])
    assert losses.smoothing_loss(jump).item() == losses.CUT**2
    assert losses.smoothing_loss(torch.ones(1, 3)).item() == 0


def test_smoothing_moves_the_later_step_only():
    logits = torch.tensor([[2.0, 0.0], [0.0, 0.0]], requires_grad=True)
    losses.smoothing_loss(logits).backward()
    assert logits.grad is not None
    assert logits.grad[0].abs().max() == 0
    assert logits.grad[1].abs().max() > 0


def test_a_proposal_that_is_right_costs_nothing_and_one_without_overlap_more_than_one():
    inside = torch.tensor([0, 1])
    true = torch.tensor([[0.0, 0.0], [1.0, 3.0]])
    assert losses.distance_loss(true.clone(), true, inside).item() == pytest.approx(0, abs=1e-6)
    half = torch.tensor([[0.0, 0.0], [1.0, 1.0]])
    # Shares 2 of 4 seconds; centres lie one second apart.
    assert losses.distance_loss(half, true, inside).item() == pytest.approx(0.5 + 1 / 16, abs=1e-6)


def test_without_actions_proposals_have_no_distance_loss_and_a_gradient_of_zero():
    mine = torch.ones(4, 2, requires_grad=True)
    losses.distance_loss(mine, torch.zeros(4, 2), torch.zeros(4, dtype=torch.int64)).backward()
    assert mine.grad is not None
    assert mine.grad.abs().max() == 0


def test_focal_loss_cares_little_about_what_is_right_already():
    sure, doubtful = torch.tensor([[8.0, -8.0]]), torch.tensor([[0.0, 0.0]])
    inside = torch.tensor([1])
    assert losses.proposal_loss(sure, inside) < losses.proposal_loss(doubtful, inside) / 1000


def test_unknown_labels_have_no_loss():
    scores = HeadScores(torch.zeros(3, 3), torch.zeros(4, 1), torch.zeros(3, 2), torch.ones(3, 2), torch.zeros(2))
    targets = losses.TargetTensors(None, torch.zeros(4, 1), torch.zeros(3, dtype=torch.int64), torch.zeros(3, 2), -1)
    assert losses.total(losses.head_losses(scores, targets), scene_weight=1.0).item() == 0
    known = targets._replace(scene=1)
    assert losses.total(losses.head_losses(scores, known), scene_weight=2.0).item() == pytest.approx(
        2 * math.log(2), abs=1e-6
    )
