"""Slow, obviously right networks, and the checks that tests of this room share with tests/release/tsm."""

from __future__ import annotations

import numpy as np
import torch
import torchvision
from torch import Tensor, nn
from torchvision.models.mobilenetv2 import InvertedResidual
from tsm.official_record import RECORD, formula_clips, formula_weight

from benchmarks.accuracy.official_tsm import N_CLASSES
from bineego.tsm.config import NetworkConfig, Precision, Trunk
from bineego.tsm.inference_network import compile_network
from bineego.tsm.network import TSM
from bineego.tsm.preprocess import normalise

TORCHVISION = [trunk for trunk in Trunk if trunk is not Trunk.EFFICIENTNET_LITE0]
"""Trunks that are torchvision's; EfficientNet-Lite0 has tests of its own."""


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
    """torchvision's own network with the same weights, slow shifts put in by the rules, a copy of the action head."""
    assert network.action_head is not None
    trunk = network.config.trunk
    with torch.device("meta"):  # torchvision's random numbers would cost more than the test
        net = torchvision.models.get_model(trunk.value, weights=None)
    net.load_state_dict(
        {name: tensor.clone() for name, tensor in network.trunk.state_dict().items()}, strict=False, assign=True
    )
    head = nn.Linear(network.action_head.in_features, network.action_head.out_features)
    head.load_state_dict(network.action_head.state_dict())
    if trunk is Trunk.MOBILENET_V2:
        net.classifier = head
        for layer in net.features:
            if isinstance(layer, InvertedResidual) and layer.use_res_connect and len(layer.conv) == 4:
                layer.conv[0][0] = SlowShift(layer.conv[0][0], n_frames)
        return net
    net.fc = head
    every = 2 if trunk in (Trunk.RESNET101, Trunk.RESNEXT101_32X8D, Trunk.RESNEXT101_64X4D) else 1
    for stage in (net.layer1, net.layer2, net.layer3, net.layer4):
        for block in list(stage)[::every]:
            block.conv1 = SlowShift(block.conv1, n_frames)
    return net


def random_network(trunk: Trunk, *, n_classes: int = 4, n_scenes: int = 0) -> TSM:
    """A network whose normalisations have statistics of their own: fresh ones (0 and 1) would hide mistakes."""
    torch.manual_seed(0)
    with torch.device("meta"):
        network = TSM(NetworkConfig(trunk=trunk, n_classes=n_classes, n_scenes=n_scenes, dropout=0.0)).eval()
    network.to_empty(device="cpu")
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_uniform_(module.weight, nonlinearity="relu")
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            assert module.num_batches_tracked is not None
            module.num_batches_tracked.zero_()
            module.running_var.uniform_(0.5, 1.5)
            module.running_mean.normal_(0, 0.1)
            nn.init.uniform_(module.weight, 0.25, 0.75)
            nn.init.normal_(module.bias, 0, 0.1)
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight)
            nn.init.normal_(module.bias)
    return network


def check_against_reference(trunk: Trunk) -> None:
    """Forward and every gradient of a trunk against the slow network."""
    n_frames = 3
    network = random_network(trunk)
    reference = slow_network(network, n_frames).eval()
    ours = torch.randn(2, n_frames, 3, 32, 32, requires_grad=True)
    theirs = ours.detach().clone().requires_grad_()
    got = network(ours).actions
    wanted = reference(theirs.flatten(0, 1)).unflatten(0, (2, n_frames)).mean(1)
    assert _close(got, wanted, 1e-5)
    got.square().sum().backward()
    wanted.square().sum().backward()
    assert _close(ours.grad, theirs.grad, 1e-3)
    theirs_by_name = {
        name.replace(".conv1.conv.", ".conv1.").replace(".0.0.conv.", ".0.0."): parameter.grad
        for name, parameter in reference.named_parameters()
    }
    for name, parameter in network.trunk.named_parameters():
        assert _close(parameter.grad, theirs_by_name[name], 1e-3), name


def check_against_record(trunk: Trunk) -> None:
    """Forward against logits of the official implementation, on weights and clips that follow a formula."""
    with torch.device("meta"):
        network = TSM(NetworkConfig(trunk=trunk, n_classes=N_CLASSES)).eval()
    state = network.state_dict()
    network.load_state_dict({name: formula_weight(name, tensor) for name, tensor in state.items()}, assign=True)
    with torch.inference_mode():
        got = network(formula_clips()).actions
    with np.load(RECORD) as record:
        wanted = torch.from_numpy(record[trunk.value])
    assert got.shape == wanted.shape
    assert _close(got, wanted, 1e-5)


def check_fused(trunk: Trunk, precision: Precision) -> None:
    """The network made ready for inference against the plain one, both heads, an odd number of clips."""
    network = random_network(trunk, n_scenes=3)
    frames = torch.randint(0, 256, (3, 4, 64, 64, 3), dtype=torch.uint8)
    with torch.inference_mode():
        wanted = network(normalise(frames, pixels=network.trunk.pixels))
    ready = compile_network(network, precision=precision)
    for _ in range(3):  # weights are laid out anew at the second call
        got = ready(frames)
        for got_logits, wanted_logits in zip(got, wanted, strict=True):
            assert got_logits.dtype == torch.float32
            assert _close(got_logits, wanted_logits, 1e-4 if precision is Precision.FP32 else 0.1)


def _close(got: Tensor | None, wanted: Tensor | None, tolerance: float) -> bool:
    """Largest difference relative to the largest number."""
    assert got is not None
    assert wanted is not None
    assert got.shape == wanted.shape
    got, wanted = got.detach(), wanted.detach()
    scale = float(wanted.abs().max())
    return scale > 0 and float((got - wanted).abs().max()) <= tolerance * scale
