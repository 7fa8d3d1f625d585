"""EfficientNet-Lite0 with the temporal shift: a small trunk whose ImageNet weights come as a Python package.

Source: Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", table 1, in its Lite
form: no squeeze and excitation, ReLU6. It was trained with TensorFlow, so padding, the normalisation's epsilon and the
range of the pixels are that framework's. The shift sits where MobileNetV2's does: before the expansion of those
inverted residuals that expand and have a skip connection.

Shape suffixes: B = N clips * T frames, C channels, H height, W width, F features.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from torch import Tensor, nn

from bineego.tsm.preprocess import Pixels
from bineego.tsm.shift import temporal_shift
from bineego.tsm.trunk import Act, ConvBN, ResidualBlock, SameConv2d, ShiftedTrunk

STAGES = (
    (1, 16, 1, 3, 1),
    (6, 24, 2, 3, 2),
    (6, 40, 2, 5, 2),
    (6, 80, 3, 3, 2),
    (6, 112, 3, 5, 1),
    (6, 192, 4, 5, 2),
    (6, 320, 1, 3, 1),
)
"""Expansion, output channels, blocks, kernel, stride of the first block."""

EPSILON = 1e-3  # of the batch normalisation


class Layer(nn.Sequential):
    """A convolution, its normalisation and, mostly, ReLU6."""

    def __init__(
        self, n_in: int, n_out: int, kernel: int, stride: int = 1, groups: int = 1, act: Act = Act.RELU6
    ) -> None:
        kind, padding = (nn.Conv2d, kernel // 2) if stride == 1 else (SameConv2d, 0)
        layer = kind(n_in, n_out, kernel, stride, padding, groups=groups, bias=False)
        super().__init__(layer, nn.BatchNorm2d(n_out, eps=EPSILON))
        self.act = act
        if act is Act.RELU6:
            self.append(nn.ReLU6(inplace=True))

    def parts(self) -> ConvBN:
        """What inference folds."""
        return ConvBN(self[0], self[1], self.act)  # type: ignore[arg-type]


class Block(nn.Module):
    """An inverted residual: expand, filter every channel on its own, project.

    Attributes:
        stride: of the filter.
        has_skip: whether the input is added.
        shift_div: see `temporal_shift`; 0 = no shift.
    """

    def __init__(self, n_in: int, n_out: int, kernel: int, stride: int, expansion: int, shift_div: int) -> None:
        super().__init__()
        inner = n_in * expansion
        self.stride = stride
        self.has_skip = stride == 1 and n_in == n_out
        self.shift_div = shift_div if self.has_skip and expansion > 1 else 0
        self.expand = Layer(n_in, inner, 1) if expansion > 1 else None
        self.depthwise = Layer(inner, inner, kernel, stride, groups=inner)
        self.project = Layer(inner, n_out, 1, act=Act.NONE)

    def forward(self, x_BCHW: Tensor, n_frames: int) -> Tensor:
        """main(shift(x)), plus x where there is a skip connection."""
        y = temporal_shift(x_BCHW, n_frames, self.shift_div) if self.shift_div else x_BCHW
        for layer in self._layers():
            y = layer(y)
        return x_BCHW + y if self.has_skip else y

    def _layers(self) -> list[Layer]:
        return [layer for layer in (self.expand, self.depthwise, self.project) if layer is not None]

    def parts(self) -> ResidualBlock:
        """For inference."""
        return ResidualBlock(tuple(layer.parts() for layer in self._layers()), None, self.shift_div, self.has_skip)


class ShiftedEfficientNetLite0(ShiftedTrunk):
    """EfficientNet-Lite0.

    Args:
        shift_div: see `temporal_shift`; 0 = no block shifts.
    """

    n_features = 1280
    pools = False
    pixels = Pixels(mean=(127.0, 127.0, 127.0), deviation=(128.0, 128.0, 128.0))

    def __init__(self, shift_div: int) -> None:
        super().__init__()
        self.conv_stem = Layer(3, 32, 3, 2)
        blocks = []
        n_in = 32
        for expansion, n_out, depth, kernel, stride in STAGES:
            for i in range(depth):
                blocks.append(Block(n_in, n_out, kernel, stride if i == 0 else 1, expansion, shift_div))
                n_in = n_out
        self.blocks = nn.ModuleList(blocks)
        self.conv_last = Layer(n_in, self.n_features, 1)

    def forward(self, x_BCHW: Tensor, n_frames: int) -> Tensor:
        """Features (B, F), averaged over the picture."""
        x: Tensor = self.conv_stem(x_BCHW)
        for block in self.blocks:
            x = block(x, n_frames)
        x = self.conv_last(x)
        return x.mean((2, 3))

    def stages(self) -> list[nn.Module]:
        """The layers of one resolution are a stage; stem and last convolution belong to the first and last one."""
        layers = [self.conv_stem, *self._blocks(), self.conv_last]
        starts = [i for i, layer in enumerate(layers) if isinstance(layer, Block) and layer.stride > 1]
        return [nn.ModuleList(layers[a:b]) for a, b in pairwise([0, *starts, len(layers)])]

    def stem(self) -> ConvBN:
        """The first convolution."""
        return self.conv_stem.parts()

    def residual_blocks(self) -> Iterator[ResidualBlock]:
        """All inverted residuals, in order."""
        return (block.parts() for block in self._blocks())

    def last(self) -> ConvBN:
        """The convolution after all blocks."""
        return self.conv_last.parts()

    def _blocks(self) -> list[Block]:
        return list(self.blocks)  # type: ignore[arg-type]
