"""The network against a slow reference, and its shapes and heads."""

from __future__ import annotations

import pytest
import torch
import torchvision
from tsm.references import TORCHVISION, check_against_reference

from bineego.tsm.config import NetworkConfig, Trunk
from bineego.tsm.network import TSM
from bineego.tsm.trunks import build_trunk


# The other trunks are in tests/release.
@pytest.mark.parametrize("trunk", [Trunk.RESNET18, Trunk.RESNET50, Trunk.RESNET101, Trunk.MOBILENET_V2])
def test_forward_and_gradient_equal_the_reference(trunk: Trunk) -> None:
    check_against_reference(trunk)


@pytest.mark.parametrize("trunk", [Trunk.RESNET18, Trunk.RESNEXT50_32X4D, Trunk.MOBILENET_V2])
def test_a_seed_gives_the_trunk_of_torchvision(trunk: Trunk) -> None:
    torch.manual_seed(7)
    ours = build_trunk(NetworkConfig(trunk=trunk, n_classes=2)).state_dict()
    torch.manual_seed(7)
    theirs = torchvision.models.get_model(trunk.value, weights=None).state_dict()
    assert list(ours) == [name for name in theirs if not name.startswith(("fc.", "classifier."))]
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize("trunk", TORCHVISION)
def test_names_and_shapes_are_those_of_torchvision(trunk: Trunk) -> None:
    with torch.device("meta"):
        ours = build_trunk(NetworkConfig(trunk=trunk, n_classes=2)).state_dict()
        theirs = torchvision.models.get_model(trunk.value, weights=None).state_dict()
    shapes = {name: tensor.shape for name, tensor in theirs.items() if not name.startswith(("fc.", "classifier."))}
    assert {name: tensor.shape for name, tensor in ours.items()} == shapes


@pytest.mark.parametrize(
    ("trunk", "n_shifted"),
    [
        (Trunk.RESNET18, 8),
        (Trunk.RESNET34, 16),
        (Trunk.RESNET50, 16),
        (Trunk.RESNET101, 2 + 2 + 12 + 2),
        (Trunk.RESNEXT50_32X4D, 16),
        (Trunk.RESNEXT101_32X8D, 2 + 2 + 12 + 2),
        (Trunk.RESNEXT101_64X4D, 2 + 2 + 12 + 2),
        (Trunk.MOBILENET_V2, 10),
        (Trunk.EFFICIENTNET_LITE0, 9),
    ],
)
def test_number_of_blocks_that_shift(trunk: Trunk, n_shifted: int) -> None:
    with torch.device("meta"):
        built = build_trunk(NetworkConfig(trunk=trunk, n_classes=2))
        still = build_trunk(NetworkConfig(trunk=trunk, n_classes=2, shift=False))
    assert sum(block.shift_div > 0 for block in built.residual_blocks()) == n_shifted
    assert not any(block.shift_div > 0 for block in still.residual_blocks())


def test_heads_and_shapes() -> None:
    clips = torch.randn(2, 4, 3, 32, 32)
    both = TSM(NetworkConfig(trunk=Trunk.RESNET18, n_classes=5, n_scenes=3)).eval()
    scores = both(clips)
    assert scores.actions.shape == (2, 5)
    assert scores.scenes.shape == (2, 3)
    scenes_only = TSM(NetworkConfig(trunk=Trunk.RESNET18, n_scenes=3)).eval()
    assert scenes_only(clips).actions is None
    assert TSM(NetworkConfig(trunk=Trunk.RESNET18, n_classes=3)).eval()(clips).scenes is None


def test_new_heads_start_near_zero() -> None:
    head = TSM(NetworkConfig(trunk=Trunk.RESNET18, n_classes=200)).action_head
    assert head is not None
    assert head.weight.std().item() == pytest.approx(0.001, rel=0.05)
    assert head.bias.abs().max() == 0


def test_clips_are_independent_and_any_number_of_frames_goes() -> None:
    network = TSM(NetworkConfig(trunk=Trunk.RESNET18, n_classes=3, n_frames=8)).eval()
    clips = torch.randn(3, 5, 3, 32, 32)
    with torch.inference_mode():
        together = network(clips).actions
        alone = torch.cat([network(clip[None]).actions for clip in clips])
        one_frame = network(clips[:, :1]).actions
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-6)
    assert one_frame.shape == (3, 3)


def test_order_of_frames_matters_only_with_the_shift() -> None:
    clips = torch.randn(1, 4, 3, 32, 32)
    for shift in (True, False):
        torch.manual_seed(0)
        network = TSM(NetworkConfig(trunk=Trunk.RESNET18, n_classes=3, shift=shift)).eval()
        with torch.inference_mode():
            there, back = network(clips).actions, network(clips.flip(1)).actions
        assert torch.allclose(there, back, rtol=1e-4, atol=1e-7) is not shift


def test_dropout_only_in_training() -> None:
    network = TSM(NetworkConfig(trunk=Trunk.RESNET18, n_classes=3)).eval()
    clips = torch.randn(1, 2, 3, 32, 32)
    assert torch.equal(network(clips).actions, network(clips).actions)
    network.dropout.train()
    assert not torch.equal(network(clips).actions, network(clips).actions)


@pytest.mark.parametrize("trunk", [Trunk.RESNET18, Trunk.RESNET50, Trunk.MOBILENET_V2])
def test_stages_are_the_whole_trunk_in_order(trunk: Trunk) -> None:
    built = build_trunk(NetworkConfig(trunk=trunk, n_classes=3))
    stages = built.stages()
    assert len(stages) == 5
    in_stages = [id(parameter) for stage in stages for parameter in stage.parameters()]
    assert in_stages == [id(parameter) for parameter in built.parameters()]
