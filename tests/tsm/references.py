"""Slow, obviously right networks and small helpers for the tests of this room."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import torch
import torchvision
from torch import Tensor, nn
from torchvision.models.mobilenetv2 import InvertedResidual

from bineego.tsm.config import Trunk
from bineego.tsm.network import TSM

ROOT = Path(__file__).parents[2]


def equality_script() -> ModuleType:
    """benchmarks/official_tsm_equality.py, which knows how the recorded pairs were made."""
    spec = importlib.util.spec_from_file_location("official_tsm_equality", ROOT / "benchmarks/official_tsm_equality.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class SlowShift(nn.Module):
    """Builds every frame from its neighbours, one at a time, then convolves."""

    def __init__(self, conv: nn.Module, n_frames: int) -> None:
        super().__init__()
        self.conv, self.n_frames = conv, n_frames

    def forward(self, x_BCHW: Tensor) -> Tensor:
        fold, nothing = x_BCHW.shape[1] // 8, torch.zeros_like(x_BCHW[0])
        frames = []
        for b, frame in enumerate(x_BCHW):
            t = b % self.n_frames
            after = x_BCHW[b + 1] if t + 1 < self.n_frames else nothing
            before = x_BCHW[b - 1] if t > 0 else nothing
            frames.append(torch.cat([after[:fold], before[fold : 2 * fold], frame[2 * fold :]]))
        shifted: Tensor = self.conv(torch.stack(frames))
        return shifted


def slow_network(network: TSM, n_frames: int) -> nn.Module:
    """torchvision's own network with the same weights, slow shifts put in by the rules, and the action head."""
    trunk = network.config.trunk
    net = torchvision.models.get_model(trunk.value, weights=None)
    net.load_state_dict(network.trunk.state_dict(), strict=False)
    if trunk is Trunk.MOBILENET_V2:
        net.classifier = network.action_head
        for layer in net.features:
            if isinstance(layer, InvertedResidual) and layer.use_res_connect and len(layer.conv) == 4:
                layer.conv[0][0] = SlowShift(layer.conv[0][0], n_frames)
        return net
    net.fc = network.action_head
    every = 2 if trunk in (Trunk.RESNET101, Trunk.RESNEXT101_32X8D, Trunk.RESNEXT101_64X4D) else 1
    for stage in (net.layer1, net.layer2, net.layer3, net.layer4):
        for block in list(stage)[::every]:
            block.conv1 = SlowShift(block.conv1, n_frames)
    return net


def randomize_norms(network: nn.Module) -> None:
    """Give batch normalisations statistics and weights of their own; fresh ones (0 and 1) would hide mistakes."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_var.uniform_(0.5, 1.5)
            module.running_mean.normal_(0, 0.1)
            nn.init.uniform_(module.weight, 0.25, 0.75)
            nn.init.normal_(module.bias, 0, 0.1)


def check_against_reference(trunk: Trunk, make: object = None) -> None:
    """Forward and gradient of a trunk against the slow network."""
    from bineego.tsm.config import NetworkConfig

    torch.manual_seed(0)
    n_frames = 3
    network = TSM(NetworkConfig(trunk=trunk, n_classes=4, dropout=0.0)).eval()
    randomize_norms(network)
    assert network.action_head is not None
    nn.init.normal_(network.action_head.weight)
    reference = slow_network(network, n_frames).eval()
    clips = torch.randn(2, n_frames, 3, 32, 32)
    ours, theirs = clips.clone().requires_grad_(), clips.clone().requires_grad_()
    got = network(ours).actions
    wanted = reference(theirs.flatten(0, 1)).unflatten(0, (2, n_frames)).mean(1)
    torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-5 * float(wanted.abs().max()))
    got.square().sum().backward()
    our_gradient = network.trunk.state_dict(keep_vars=True)
    # The head is shared, so its gradient is kept apart by clearing it.
    wanted_gradients = {}
    network.action_head.zero_grad()
    wanted.square().sum().backward()
    assert ours.grad is not None
    assert theirs.grad is not None
    assert ours.grad.abs().max() > 0
    torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-3, atol=1e-4 * float(theirs.grad.abs().max()))
    wanted_gradients = {name.replace(".conv1.conv.", ".conv1."): p.grad for name, p in reference.named_parameters()}
    wanted_gradients = {name.replace(".0.0.conv.", ".0.0."): grad for name, grad in wanted_gradients.items()}
    compared = 0
    for name, parameter in our_gradient.items():
        if getattr(parameter, "grad", None) is None:
            continue
        theirs_of_name = wanted_gradients[name]
        assert theirs_of_name is not None
        torch.testing.assert_close(
            parameter.grad, theirs_of_name, rtol=1e-3, atol=1e-4 * float(theirs_of_name.abs().max())
        )
        compared += 1
    assert compared == len(list(network.trunk.parameters()))
