from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from bineego.training.optimisation import BatchNorm, Optimizer
from bineego.training.optimiser import MovingAverage, build_optimiser, freeze, set_lr, train_mode
from bineego.training.recipe import Recipe
from bineego.tsm.config import NetworkConfig, Trunk
from bineego.tsm.network import TSM

RECIPE = Recipe(lr=0.1, head_lr=5.0, weight_decay=0.01)


def network(trunk: Trunk = Trunk.RESNET18) -> TSM:
    return TSM(NetworkConfig(trunk=trunk, n_classes=3, n_scenes=2))


def norms(net: TSM) -> list[nn.BatchNorm2d]:
    return [m for m in net.modules() if isinstance(m, nn.BatchNorm2d)]


@pytest.mark.parametrize("kind", list(Optimizer))
def test_groups_are_those_of_tsm(kind: Optimizer) -> None:
    net = network()
    optimiser = build_optimiser(net, replace(RECIPE, optimizer=kind))
    set_lr(optimiser, 0.1)
    group = {id(p): g for g in optimiser.param_groups for p in g["params"]}
    assert len(group) == len(list(net.parameters()))
    for name, parameter in net.named_parameters():
        g = group[id(parameter)]
        head, bias = name.startswith(("action_head", "scene_head")), parameter.ndim == 1
        assert g["lr"] == pytest.approx(0.1 * ((10 if bias else 5) if head else 1)), name
        assert g["weight_decay"] == (0 if bias else 0.01), name


@pytest.mark.parametrize("trunk", [Trunk.RESNET18, Trunk.MOBILENET_V2, Trunk.EFFICIENTNET_LITE0])
def test_freezing_goes_from_the_stem_to_the_whole_trunk(trunk: Trunk) -> None:
    left = []
    for n in range(6):
        net = network(trunk)
        freeze(net, replace(RECIPE, freeze=n))
        left.append(sum(p.numel() for p in net.trunk.parameters() if p.requires_grad))
        assert all(p.requires_grad for p in net.action_head.parameters())
        train_mode(net, replace(RECIPE, freeze=n))
        assert [m.training for m in norms(net)] == [m.weight.requires_grad for m in norms(net)]
    assert left == sorted(left, reverse=True)
    assert len(set(left)) == 6
    assert left[-1] == 0


def test_batch_normalisation_modes() -> None:
    for mode, first, others in (
        (BatchNorm.TRAIN, True, True),
        (BatchNorm.PARTIAL, True, False),
        (BatchNorm.FROZEN, False, False),
    ):
        net, recipe = network(), replace(RECIPE, batch_norm=mode)
        freeze(net, recipe)
        train_mode(net, recipe)
        states = [(m.training, m.weight.requires_grad) for m in norms(net)]
        assert states[0] == (first, first)
        assert set(states[1:]) == {(others, others)}
        assert net.dropout.training


def test_moving_average_follows_and_is_restored() -> None:
    net = nn.Sequential(nn.Linear(2, 1), nn.BatchNorm1d(1))
    average = MovingAverage(net, 0.5)
    start = net[0].weight.detach().clone()
    with torch.no_grad():
        net[0].weight.add_(1.0)
    average.update(net)  # early, the decay is lower than asked for: 2 / 11
    torch.testing.assert_close(average.values["0.weight"], start + (1 - 2 / 11))
    other = MovingAverage(net, 0.5)
    other.load(average.state())
    assert other.updates == 1
    assert torch.equal(other.values["0.weight"], average.values["0.weight"])
