"""torchvision's image networks as trunks that carry the temporal shift.

A trunk keeps torchvision's modules and their names, so that its state dict is torchvision's without the classifier.
Which blocks shift (official implementation, `blockres`):
- ResNet and ResNeXt: before conv1 of every residual block, the skip path untouched; trunks with 23 or more blocks in
  stage 3 shift every other block of every stage.
- MobileNetV2: before the expansion convolution of those inverted residuals that expand and have a skip connection.

Shape suffixes: B = N clips * T frames, C channels, H height, W width, F features.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torchvision
from torch import Tensor, nn
from torchvision.models.mobilenetv2 import InvertedResidual, MobileNetV2
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

from bineego.tsm.config import NetworkConfig, Trunk
from bineego.tsm.shift import temporal_shift

DEEP_STAGE = 23
"""Blocks in stage 3 from which on only every other block shifts."""


class ConvBN(NamedTuple):
    """A convolution and the batch normalisation that follows it: what inference folds into one."""

    conv: nn.Conv2d
    norm: nn.BatchNorm2d


class ResidualBlock(NamedTuple):
    """A residual block as a list of its parts, in the order of the data."""

    main: tuple[ConvBN, ...]
    skip: ConvBN | None  # a projection; None = the input itself
    shifted: bool
    has_skip: bool = True


class ShiftedResNet(nn.Module):
    """A ResNet or ResNeXt without its classifier.

    Args:
        net: torchvision's network; its modules are taken over.
        shift: whether blocks shift at all.
        shift_div: see `temporal_shift`.
    """

    def __init__(self, net: ResNet, *, shift: bool = True, shift_div: int = 8) -> None:
        super().__init__()
        self.conv1, self.bn1, self.relu, self.maxpool = net.conv1, net.bn1, net.relu, net.maxpool
        self.layer1, self.layer2, self.layer3, self.layer4 = net.layer1, net.layer2, net.layer3, net.layer4
        self.n_features: int = net.fc.in_features
        self.shift_div = shift_div
        self.every = 0 if not shift else 2 if len(net.layer3) >= DEEP_STAGE else 1

    def forward(self, x_BCHW: Tensor, n_frames: int) -> Tensor:
        """Features (B, F), averaged over the picture."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(x_BCHW))))
        for block, shifted in self._blocks():
            x = self._residual(block, x, n_frames if shifted else 0)
        features: Tensor = x.mean((2, 3))
        return features

    def _blocks(self) -> Iterator[tuple[BasicBlock | Bottleneck, bool]]:
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            for i, block in enumerate(stage):
                yield block, self.every > 0 and i % self.every == 0

    def _residual(self, block: BasicBlock | Bottleneck, x: Tensor, n_frames: int) -> Tensor:
        """torchvision's block, with its first convolution seeing shifted channels where n_frames > 0."""
        y = temporal_shift(x, n_frames, self.shift_div) if n_frames else x
        y = block.bn2(block.conv2(block.relu(block.bn1(block.conv1(y)))))
        if isinstance(block, Bottleneck):
            y = block.bn3(block.conv3(block.relu(y)))
        y += x if block.downsample is None else block.downsample(x)
        out: Tensor = block.relu(y)
        return out

    def stem(self) -> ConvBN:
        """The first convolution."""
        return ConvBN(self.conv1, self.bn1)

    def residual_blocks(self) -> Iterator[ResidualBlock]:
        """All blocks, in order."""
        for block, shifted in self._blocks():
            main = [ConvBN(block.conv1, block.bn1), ConvBN(block.conv2, block.bn2)]
            if isinstance(block, Bottleneck):
                main.append(ConvBN(block.conv3, block.bn3))
            skip = None if block.downsample is None else ConvBN(block.downsample[0], block.downsample[1])
            yield ResidualBlock(tuple(main), skip, shifted)


class ShiftedMobileNetV2(nn.Module):
    """MobileNetV2 without its classifier; arguments as for `ShiftedResNet`."""

    def __init__(self, net: MobileNetV2, *, shift: bool = True, shift_div: int = 8) -> None:
        super().__init__()
        self.features = net.features
        self.n_features: int = net.last_channel
        self.shift_div = shift_div
        self.shift = shift

    def forward(self, x_BCHW: Tensor, n_frames: int) -> Tensor:
        """Features (B, F), averaged over the picture."""
        x = x_BCHW
        for layer in self.features:
            x = self._shifted(layer, x, n_frames) if self._shifts(layer) else layer(x)
        return x.mean((2, 3))

    def _shifted(self, layer: InvertedResidual, x: Tensor, n_frames: int) -> Tensor:
        branch: Tensor = layer.conv(temporal_shift(x, n_frames, self.shift_div))
        return x + branch

    def _shifts(self, layer: nn.Module) -> bool:
        # An inverted residual that expands has one part more than one that does not.
        return self.shift and isinstance(layer, InvertedResidual) and layer.use_res_connect and len(layer.conv) == 4

    def stem(self) -> ConvBN:
        """The first convolution."""
        return ConvBN(self.features[0][0], self.features[0][1])

    def last(self) -> ConvBN:
        """The convolution after all blocks."""
        return ConvBN(self.features[-1][0], self.features[-1][1])

    def residual_blocks(self) -> Iterator[ResidualBlock]:
        """All inverted residuals, in order."""
        for layer in self.features:
            if isinstance(layer, InvertedResidual):
                *inner, conv, norm = layer.conv
                main = (*(ConvBN(part[0], part[1]) for part in inner), ConvBN(conv, norm))
                yield ResidualBlock(main, None, self._shifts(layer), layer.use_res_connect)


AnyTrunk = ShiftedResNet | ShiftedMobileNetV2


def build_trunk(config: NetworkConfig) -> AnyTrunk:
    """The trunk of a network, with torchvision's random weights."""
    net = torchvision.models.get_model(config.trunk.value, weights=None)
    if config.trunk is Trunk.MOBILENET_V2:
        return ShiftedMobileNetV2(net, shift=config.shift, shift_div=config.shift_div)
    return ShiftedResNet(net, shift=config.shift, shift_div=config.shift_div)
