"""Image networks that carry the temporal shift, without their classifiers.

Architecture, names of the tensors and initial weights are torchvision's, so that its weights fit and a seed gives the
same network. They are built here because the shift sits inside the blocks, and because importing torchvision costs
more than a second of every start.
Sources: He et al., "Deep Residual Learning", table 1, with the stride in the 3 x 3 convolution; Xie et al.,
"Aggregated Residual Transformations", table 1; Sandler et al., "MobileNetV2", table 2.

Which blocks shift (official implementation, `blockres`):
- ResNet and ResNeXt: before conv1 of every residual block, the skip path untouched; trunks with 23 or more blocks in
  stage 3 shift every other block of every stage.
- MobileNetV2: before the expansion convolution of those inverted residuals that expand and have a skip connection.
EfficientNet-Lite0 is in `efficientnet`.

Shape suffixes: B = N clips * T frames, C channels, H height, W width, F features.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, pairwise

from torch import Tensor, nn
from torch.nn import functional

from bineego.tsm.config import NetworkConfig, Trunk
from bineego.tsm.efficientnet import ShiftedEfficientNetLite0
from bineego.tsm.shift import temporal_shift
from bineego.tsm.trunk import Act, ConvBN, ConvBNReLU6, ResidualBlock, ShiftedTrunk, conv

DEEP_STAGE = 23
"""Blocks in stage 3 from which on only every other block shifts."""

IMAGENET_CLASSES = 1000


@dataclass(frozen=True, kw_only=True)
class ResNetShape:
    """What tells one ResNet or ResNeXt from another.

    Attributes:
        depths: blocks of each of the four stages.
        bottleneck: blocks of three convolutions, not two; they give four times as many channels.
        groups: of the 3 x 3 convolution of a bottleneck.
        width: channels of a group in the first stage.
    """

    depths: tuple[int, int, int, int]
    bottleneck: bool = True
    groups: int = 1
    width: int = 64


RESNETS = {
    Trunk.RESNET18: ResNetShape(depths=(2, 2, 2, 2), bottleneck=False),
    Trunk.RESNET34: ResNetShape(depths=(3, 4, 6, 3), bottleneck=False),
    Trunk.RESNET50: ResNetShape(depths=(3, 4, 6, 3)),
    Trunk.RESNET101: ResNetShape(depths=(3, 4, 23, 3)),
    Trunk.RESNEXT50_32X4D: ResNetShape(depths=(3, 4, 6, 3), groups=32, width=4),
    Trunk.RESNEXT101_32X8D: ResNetShape(depths=(3, 4, 23, 3), groups=32, width=8),
    Trunk.RESNEXT101_64X4D: ResNetShape(depths=(3, 4, 23, 3), groups=64, width=4),
}

INVERTED_RESIDUALS = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
"""MobileNetV2's stages: expansion, output channels, blocks, stride of the first block."""


class Residual(nn.Module):
    """A residual block of a ResNet: two convolutions, or three that make a bottleneck.

    Attributes:
        n_out: channels that it gives.
        shift_div: see `temporal_shift`; 0 = no shift.
    """

    def __init__(self, n_in: int, channels: int, stride: int, shape: ResNetShape, shift_div: int) -> None:
        super().__init__()
        self.shift_div = shift_div
        if shape.bottleneck:
            inner = channels * shape.width // 64 * shape.groups
            self.n_out = 4 * channels
            convs = [conv(n_in, inner, 1), conv(inner, inner, 3, stride, shape.groups), conv(inner, self.n_out, 1)]
        else:
            self.n_out = channels
            convs = [conv(n_in, channels, 3, stride), conv(channels, channels, 3)]
        self.n_convs = len(convs)
        for number, layer in enumerate(convs, 1):
            self.add_module(f"conv{number}", layer)
            self.add_module(f"bn{number}", nn.BatchNorm2d(layer.out_channels))
        same_shape = stride == 1 and n_in == self.n_out
        self.downsample = (
            None if same_shape else nn.Sequential(conv(n_in, self.n_out, 1, stride), nn.BatchNorm2d(self.n_out))
        )

    def forward(self, x_BCHW: Tensor, n_frames: int) -> Tensor:
        """act(main(shift(x)) + skip(x))."""
        y = temporal_shift(x_BCHW, n_frames, self.shift_div) if self.shift_div else x_BCHW
        *inner, last = self.main()
        for layer, norm, _ in inner:
            y = functional.relu(norm(layer(y)), inplace=True)
        y = last.norm(last.conv(y))
        y += x_BCHW if self.downsample is None else self.downsample(x_BCHW)
        return functional.relu(y, inplace=True)

    def main(self) -> tuple[ConvBN, ...]:
        """The convolutions beside the skip connection."""
        numbers = range(1, self.n_convs + 1)
        return tuple(ConvBN(self.get_submodule(f"conv{i}"), self.get_submodule(f"bn{i}"), Act.RELU) for i in numbers)  # type: ignore[arg-type]

    def parts(self) -> ResidualBlock:
        """For inference."""
        skip = None if self.downsample is None else ConvBN(self.downsample[0], self.downsample[1], Act.NONE)  # type: ignore[arg-type]
        return ResidualBlock(self.main(), skip, self.shift_div)


class ShiftedResNet(ShiftedTrunk):
    """A ResNet or ResNeXt.

    Args:
        shape: which.
        shift_div: see `temporal_shift`; 0 = no block shifts.
    """

    pools = True

    def __init__(self, shape: ResNetShape, shift_div: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 64, 7, 2, padding=3, bias=False), nn.BatchNorm2d(64)
        every = 2 if shape.depths[2] >= DEEP_STAGE else 1
        n_in = 64
        for stage, depth in enumerate(shape.depths):
            blocks = []
            for i in range(depth):
                stride = 2 if stage > 0 and i == 0 else 1
                block = Residual(n_in, 64 << stage, stride, shape, shift_div if i % every == 0 else 0)
                blocks.append(block)
                n_in = block.n_out
            self.add_module(f"layer{stage + 1}", nn.Sequential(*blocks))
        self.n_features = n_in

    def forward(self, x_BCHW: Tensor, n_frames: int) -> Tensor:
        """Features (B, F), averaged over the picture."""
        x = functional.relu(self.bn1(self.conv1(x_BCHW)), inplace=True)
        x = functional.max_pool2d(x, 3, 2, 1)
        for block in self._blocks():
            x = block(x, n_frames)
        return x.mean((2, 3))

    def stages(self) -> list[nn.Module]:
        """The stem and the four stages."""
        return [nn.ModuleList([self.conv1, self.bn1]), *self._layers()]

    def _layers(self) -> Iterator[nn.Module]:
        return (self.get_submodule(f"layer{number}") for number in range(1, 5))

    def _blocks(self) -> Iterator[Residual]:
        yield from chain.from_iterable(layer.children() for layer in self._layers())

    def stem(self) -> ConvBN:
        """The first convolution."""
        return ConvBN(self.conv1, self.bn1, Act.RELU)

    def residual_blocks(self) -> Iterator[ResidualBlock]:
        """All blocks, in order."""
        return (block.parts() for block in self._blocks())

    def last(self) -> None:
        """No convolution follows the blocks."""


class InvertedResidual(nn.Module):
    """A block of MobileNetV2: expand, filter every channel on its own, project.

    Attributes:
        stride: of the filter; where it is 2, the picture gets smaller.
        has_skip: whether the input is added.
        shift_div: see `temporal_shift`; 0 = no shift.
    """

    def __init__(self, n_in: int, n_out: int, stride: int, expansion: int, shift_div: int) -> None:
        super().__init__()
        inner = n_in * expansion
        self.stride = stride
        self.has_skip = stride == 1 and n_in == n_out
        self.shift_div = shift_div if self.has_skip and expansion > 1 else 0
        expand = [ConvBNReLU6(conv(n_in, inner, 1))] if expansion > 1 else []
        depthwise = ConvBNReLU6(conv(inner, inner, 3, stride, groups=inner))
        self.conv = nn.Sequential(*expand, depthwise, conv(inner, n_out, 1), nn.BatchNorm2d(n_out))

    def forward(self, x_BCHW: Tensor, n_frames: int) -> Tensor:
        """main(shift(x)), plus x where there is a skip connection."""
        y: Tensor = self.conv(temporal_shift(x_BCHW, n_frames, self.shift_div) if self.shift_div else x_BCHW)
        return x_BCHW + y if self.has_skip else y

    def parts(self) -> ResidualBlock:
        """For inference."""
        *inner, project, norm = self.conv
        main = (*(part.pair() for part in inner), ConvBN(project, norm, Act.NONE))  # type: ignore[arg-type, operator]
        return ResidualBlock(main, None, self.shift_div, self.has_skip)


class ShiftedMobileNetV2(ShiftedTrunk):
    """MobileNetV2; `shift_div` as for `ShiftedResNet`."""

    pools = False

    def __init__(self, shift_div: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [ConvBNReLU6(conv(3, 32, 3, 2))]
        n_in = 32
        for expansion, n_out, depth, stride in INVERTED_RESIDUALS:
            for i in range(depth):
                layers.append(InvertedResidual(n_in, n_out, stride if i == 0 else 1, expansion, shift_div))
                n_in = n_out
        self.n_features = 1280
        self.features = nn.Sequential(*layers, ConvBNReLU6(conv(n_in, self.n_features, 1)))

    def forward(self, x_BCHW: Tensor, n_frames: int) -> Tensor:
        """Features (B, F), averaged over the picture."""
        stem, *blocks, last = self.features
        x: Tensor = stem(x_BCHW)
        for block in blocks:
            x = block(x, n_frames)
        x = last(x)
        return x.mean((2, 3))

    def stages(self) -> list[nn.Module]:
        """The layers of one resolution are a stage; stem and last convolution belong to the first and last one."""
        layers = list(self.features)
        starts = [i for i, layer in enumerate(layers) if isinstance(layer, InvertedResidual) and layer.stride > 1]
        return [nn.ModuleList(layers[a:b]) for a, b in pairwise([0, *starts, len(layers)])]

    def stem(self) -> ConvBN:
        """The first convolution."""
        first: ConvBNReLU6 = self.features[0]  # type: ignore[assignment]
        return first.pair()

    def last(self) -> ConvBN:
        """The convolution after all blocks."""
        last: ConvBNReLU6 = self.features[-1]  # type: ignore[assignment]
        return last.pair()

    def residual_blocks(self) -> Iterator[ResidualBlock]:
        """All inverted residuals, in order."""
        return (layer.parts() for layer in self.features if isinstance(layer, InvertedResidual))


def build_trunk(config: NetworkConfig) -> ShiftedTrunk:
    """The trunk of a network, with random weights."""
    shift_div = config.shift_div if config.shift else 0
    trunk: ShiftedTrunk
    match config.trunk:
        case Trunk.EFFICIENTNET_LITE0:
            trunk = ShiftedEfficientNetLite0(shift_div)
        case Trunk.MOBILENET_V2:
            trunk = ShiftedMobileNetV2(shift_div)
        case _:
            trunk = ShiftedResNet(RESNETS[config.trunk], shift_div)
    # torchvision draws a classifier's numbers before the convolutions': drawn here too, for the sake of seeds.
    nn.Linear(trunk.n_features, IMAGENET_CLASSES)
    for module in trunk.modules():
        # Meta tensors hold no numbers, yet drawing them would load PyTorch's compiler: a second of every start.
        if isinstance(module, nn.Conv2d) and not module.weight.is_meta:
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    return trunk
