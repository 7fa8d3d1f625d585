from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from bineego.training.losses import Targets, clip_losses, joint, right_actions
from bineego.tsm.network import ClipLogits


def scores(n: int = 6) -> ClipLogits:
    rng = torch.Generator().manual_seed(0)
    return ClipLogits(
        torch.randn(n, 4, generator=rng, requires_grad=True), torch.randn(n, 3, generator=rng).requires_grad_()
    )


def test_without_masks_it_is_the_sum_of_two_cross_entropies() -> None:
    s, actions, scenes = scores(), torch.tensor([0, 1, 2, 3, 0, 1]), torch.tensor([0, 1, 2, 0, 1, 2])
    losses = clip_losses(s, Targets(actions, scenes, torch.ones(6)), label_smoothing=0.1)
    expected = functional.cross_entropy(s.actions, actions, label_smoothing=0.1)
    expected = expected + 0.5 * functional.cross_entropy(s.scenes, scenes, label_smoothing=0.1)
    torch.testing.assert_close(joint(losses, 6, 6, 0.5), expected)


def test_masked_labels_have_no_gradient_but_stay_in_the_graph() -> None:
    s = scores()
    targets = Targets(torch.tensor([0, -1, 2, -1, 0, 1]), torch.full((6,), -1), torch.ones(6))
    loss = joint(clip_losses(s, targets), 4, 0, 1.0)
    loss.backward()
    kept = torch.tensor([0, 2, 4, 5])
    torch.testing.assert_close(loss, functional.cross_entropy(s.actions[kept], targets.actions[kept]))
    assert torch.equal(s.actions.grad[[1, 3]], torch.zeros(2, 4))
    assert s.actions.grad[kept].abs().sum() > 0
    assert torch.equal(s.scenes.grad, torch.zeros(6, 3))


def test_parts_of_a_batch_add_up() -> None:
    s = scores()
    actions, scenes = torch.tensor([0, -1, 2, 3, 0, 1]), torch.tensor([0, 1, -1, 0, 1, 2])
    whole = joint(clip_losses(s, Targets(actions, scenes, torch.ones(6))), 5, 5, 2.0)
    parts = [
        joint(
            clip_losses(ClipLogits(s.actions[p], s.scenes[p]), Targets(actions[p], scenes[p], torch.ones(3))), 5, 5, 2.0
        )
        for p in ([0, 2, 4], [1, 3, 5])
    ]
    torch.testing.assert_close(sum(parts), whole)


def test_weight_zero_is_no_sample() -> None:
    s, ids = scores(2), torch.tensor([1, 1])
    losses = clip_losses(s, Targets(ids, ids, torch.tensor([1.0, 0.0])))
    assert losses.actions[1] == 0
    assert losses.scenes[1] == 0
    assert losses.actions[0] > 0


def test_independent_classes() -> None:
    s = scores(3)
    wanted = torch.tensor([[0.0, 1, 1, 0], [1, 0, 0, 0], [-1, -1, -1, -1]])
    losses = clip_losses(s, Targets(wanted, torch.full((3,), -1), torch.ones(3)))
    plain = functional.binary_cross_entropy_with_logits(s.actions[:2], wanted[:2], reduction="none").sum(1)
    torch.testing.assert_close(losses.actions[:2], plain)
    assert losses.actions[2] == 0
    logits = torch.tensor([[0.0, 5, 0, 0], [0.0, 5, 0, 0]])
    assert right_actions(logits, wanted[:2]).tolist() == [True, False]


@pytest.mark.parametrize("missing", ["actions", "scenes"])
def test_a_head_that_is_not_there(missing: str) -> None:
    s = scores()._replace(**{missing: None})
    ids = torch.zeros(6, dtype=torch.int64)
    losses = clip_losses(s, Targets(ids, ids, torch.ones(6)))
    assert float(getattr(losses, missing).sum()) == 0
