"""Convolution + batch normalisation + activation (+ skip connection) as one operator, for inference.

Two forms with the same result: `OneDnnConv` calls the fused operators that PyTorch builds for its own compiler (private
API: they are tried out on small data before they are used), `PlainConv` uses public API only.
Source: docs/facts.md, "TSM forward on the CPU".

Shape suffixes: B pictures, C input channels, K output channels, H height, W width.
"""

from __future__ import annotations

import functools
import logging
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from bineego.tsm.trunk import Act, ConvBN, SameConv2d, pad_same

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, eq=False)
class Folded:
    """A convolution that has swallowed its batch normalisation."""

    weight: Tensor  # (K, C / groups, kernel, kernel)
    bias: Tensor  # (K,)
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int
    same: bool = False  # padded as `SameConv2d` does, before the convolution

    def padded(self, x_BCHW: Tensor) -> Tensor:
        """The picture that the convolution reads."""
        return pad_same(x_BCHW, self.weight.shape[2:], self.stride) if self.same else x_BCHW


def fold(pair: ConvBN, dtype: torch.dtype, device: torch.device) -> Folded:
    """Fold in float64, then convert. Only what the normalisation learnt counts: it is as in `eval()`."""
    conv, norm, _ = pair
    if norm.running_mean is None or norm.running_var is None or isinstance(conv.padding, str):
        raise ValueError("a convolution with explicit padding and a normalisation with running statistics wanted")
    with torch.no_grad():
        scale = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
        weight = conv.weight.double() * scale.view(-1, 1, 1, 1)
        bias = norm.bias.double() - norm.running_mean.double() * scale
        if conv.bias is not None:
            bias += conv.bias.double() * scale
    return Folded(
        weight=weight.to(device, dtype).contiguous(memory_format=torch.channels_last),
        bias=bias.to(device, dtype),
        stride=conv.stride,
        padding=conv.padding,
        dilation=conv.dilation,
        groups=conv.groups,
        same=isinstance(conv, SameConv2d),
    )


class PlainConv:
    """Public operators, the activation and the addition in place."""

    def __init__(self, folded: Folded, act: Act) -> None:
        self.folded, self.act = folded, act

    def __call__(self, x_BCHW: Tensor, skip_BKHW: Tensor | None = None) -> Tensor:
        """act(conv(x) + skip); `skip_BKHW` may be overwritten."""
        f = self.folded
        y = functional.conv2d(f.padded(x_BCHW), f.weight, f.bias, f.stride, f.padding, f.dilation, f.groups)
        if skip_BKHW is not None:
            y += skip_BKHW
        match self.act:
            case Act.RELU:
                y.relu_()
            case Act.RELU6:
                y.clamp_(0, 6)
        return y


class OneDnnConv:
    """oneDNN's fused operators, with weights laid out the way the processor likes them.

    The best layout depends on the input's shape, and a wrong one is several times slower than none at all. So weights
    are laid out for the shape that comes in, once it has come twice in a row; other shapes take the plain weights.
    """

    def __init__(self, folded: Folded, act: Act) -> None:
        f = folded
        self.folded, self.weight, self.bias = f, f.weight, f.bias
        self.geometry = (f.padding, f.stride, f.dilation, f.groups)
        self.act_name: str = act.value[0]
        self.act_numbers: list[float] = list(act.value[1])
        self._laid_out: tuple[torch.Size | None, Tensor] = (None, f.weight)
        self._last_shape: torch.Size | None = None
        self._pointwise: Any = torch.ops.mkldnn._convolution_pointwise.default
        self._add: Any = torch.ops.mkldnn._convolution_pointwise_.binary

    def __call__(self, x_BCHW: Tensor, skip_BKHW: Tensor | None = None) -> Tensor:
        """act(conv(x) + skip); the result is written over `skip_BKHW`."""
        x_BCHW = self.folded.padded(x_BCHW)
        weight = self._weight_for(x_BCHW.shape)
        y: Tensor
        if skip_BKHW is None:
            y = self._pointwise(x_BCHW, weight, self.bias, *self.geometry, self.act_name, self.act_numbers, "")
            return y
        act = None if self.act_name == "none" else self.act_name
        y = self._add(skip_BKHW, x_BCHW, weight, self.bias, *self.geometry, "add", 1.0, act, self.act_numbers, "")
        return y

    def _weight_for(self, shape: torch.Size) -> Tensor:
        laid_out_for, weight = self._laid_out
        if shape == laid_out_for:
            return weight
        again, self._last_shape = shape == self._last_shape, shape
        if not again:
            return self.weight
        new: Tensor = torch.ops.mkldnn._reorder_convolution_weight(self.weight, *self.geometry, list(shape))
        self._laid_out = (shape, new)
        return new


Conv = PlainConv | OneDnnConv


@functools.cache
def onednn_works(dtype: torch.dtype) -> bool:
    """Whether the fused operators are there and compute what they should, tried out on small data."""
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    try:
        return all(_agrees(dtype, groups, act, add) for groups in (1, 4) for act in Act for add in (False, True))
    except (AttributeError, RuntimeError, NotImplementedError, TypeError) as error:
        log.info("PyTorch's fused operators are not used (%s)", type(error).__name__)
        return False


def _agrees(dtype: torch.dtype, groups: int, act: Act, add: bool) -> bool:
    if add and act is Act.RELU6:
        return True  # no trunk needs it, and oneDNN's fused form does not promise it
    generator = torch.Generator().manual_seed(0)

    def random(*shape: int) -> Tensor:
        values = torch.randn(shape, generator=generator).to(dtype)
        return values.contiguous(memory_format=torch.channels_last) if len(shape) == 4 else values

    folded = Folded(
        weight=random(16, 16 // groups, 3, 3),
        bias=random(16),
        stride=(2, 2),
        padding=(1, 1),
        dilation=(1, 1),
        groups=groups,
    )
    x, skip = random(2, 16, 8, 8), random(2, 16, 4, 4)
    wanted = PlainConv(folded, act)(x, skip.clone() if add else None).float()
    fused = OneDnnConv(folded, act)
    got = [fused(x, skip.clone() if add else None) for _ in range(2)]  # plain weights, then laid out ones
    tolerance = 1e-4 if dtype == torch.float32 else 5e-2
    atol = tolerance * float(wanted.abs().max())
    return all(
        torch.allclose(y.float(), wanted, rtol=tolerance, atol=atol)
        and y.is_contiguous(memory_format=torch.channels_last)
        for y in got
    )
