"""What the rest of the house knows of a trunk, and the pieces that several trunks are made of.

Shape suffixes: B = N clips * T frames, C channels, H height, W width, F features.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional

from bineego.tsm.preprocess import IMAGENET_PIXELS, Pixels


class Act(Enum):
    """What follows a convolution: PyTorch's name of the fused form, with its numbers."""

    NONE = ("none", ())
    RELU = ("relu", ())
    RELU6 = ("hardtanh", (0.0, 6.0))


class ConvBN(NamedTuple):
    """A convolution, its batch normalisation and its activation: what inference folds into one."""

    conv: nn.Conv2d
    norm: nn.BatchNorm2d
    act: Act


class ResidualBlock(NamedTuple):
    """A residual block as a list of its parts, in the order of the data.

    The last activation of `main` follows the addition of the skip path.
    """

    main: tuple[ConvBN, ...]
    skip: ConvBN | None  # a projection; None = the input itself
    shift_div: int  # see `temporal_shift`; 0 = no shift
    has_skip: bool = True


class ShiftedTrunk(nn.Module, ABC):
    """What the rest of the house knows of a trunk: what tells one from another is in the trunks' own files.

    Attributes:
        n_features: F, numbers that it gives for a picture.
        pools: whether a 3 x 3 maximum with stride 2 follows the stem.
        pixels: how its weights expect pictures.
    """

    n_features: int
    pools: bool
    pixels: Pixels = IMAGENET_PIXELS

    @abstractmethod
    def forward(self, x_BCHW: Tensor, n_frames: int) -> Tensor:
        """Features (B, F), averaged over the picture."""

    @abstractmethod
    def stages(self) -> list[nn.Module]:
        """All layers in five parts, from the picture on: what can be frozen one by one."""

    @abstractmethod
    def stem(self) -> ConvBN:
        """The first convolution."""

    @abstractmethod
    def residual_blocks(self) -> Iterator[ResidualBlock]:
        """All blocks, in order."""

    @abstractmethod
    def last(self) -> ConvBN | None:
        """The convolution after all blocks, if there is one."""


def conv(n_in: int, n_out: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    """A convolution that keeps the size of the picture where the stride is 1."""
    return nn.Conv2d(n_in, n_out, kernel, stride, padding=kernel // 2, groups=groups, bias=False)


class ConvBNReLU6(nn.Sequential):
    """A convolution with its normalisation and MobileNet's activation."""

    def __init__(self, layer: nn.Conv2d) -> None:
        super().__init__(layer, nn.BatchNorm2d(layer.out_channels), nn.ReLU6(inplace=True))

    def pair(self) -> ConvBN:
        """What inference folds."""
        return ConvBN(self[0], self[1], Act.RELU6)  # type: ignore[arg-type]


def pad_same(x_BCHW: Tensor, kernel: tuple[int, ...], stride: tuple[int, ...]) -> Tensor:
    """Zeros around a picture as TensorFlow's "same" puts them: what is odd goes below and to the right."""
    pads = []
    for size, k, s in zip(reversed(x_BCHW.shape[2:]), reversed(kernel), reversed(stride), strict=True):
        total = max((-(-size // s) - 1) * s + k - size, 0)
        pads += [total // 2, total - total // 2]
    return functional.pad(x_BCHW, pads)


class SameConv2d(nn.Conv2d):
    """A convolution with TensorFlow's "same" padding, which depends on the size of the picture."""

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """A picture of ceil(H / stride) x ceil(W / stride)."""
        return super().forward(pad_same(x_BCHW, self.kernel_size, self.stride))
