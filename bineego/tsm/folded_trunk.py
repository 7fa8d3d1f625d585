"""A trunk made ready for inference: its convolutions folded with their normalisation and fused with what follows them.

Shape suffixes: B = N clips * T frames, C channels, H height, W width, F features.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from bineego.tsm.fused_conv import Conv, OneDnnConv, PlainConv, fold
from bineego.tsm.preprocess import normalise
from bineego.tsm.shift import temporal_shift
from bineego.tsm.trunk import ConvBN, ResidualBlock, ShiftedTrunk


class FoldedTrunk:
    """No gradient and no state; several threads may share it.

    Args:
        trunk: in evaluation mode; it is left as it is.
        dtype: of the arithmetic.
        fused: use oneDNN's fused operators.
    """

    def __init__(self, trunk: ShiftedTrunk, *, dtype: torch.dtype, device: torch.device, fused: bool) -> None:
        self.device, self.dtype, self._fused = device, dtype, fused
        self._pixels, self._pools = trunk.pixels, trunk.pools
        self._stem = self._conv(trunk.stem())
        blocks = list(trunk.residual_blocks())
        self._blocks = [self._block(block) for block in blocks]
        # The last block that makes the picture smaller begins the last resolution.
        self._n_fine = max(i for i, block in enumerate(blocks) if any(max(c.conv.stride) > 1 for c in block.main))
        last = trunk.last()
        self._last = None if last is None else self._conv(last)

    def features(self, frames_NTHWC: Tensor) -> Tensor:
        """Features (B, F) in float32, averaged over the picture, of uint8 frames."""
        return self.maps(frames_NTHWC)[1].mean((2, 3), dtype=torch.float32)

    def maps(self, frames_NTHWC: Tensor) -> tuple[Tensor, Tensor]:
        """Of uint8 frames: maps (B, C, H, W) before the picture shrinks a last time, and the last maps (B, F, H, W)."""
        n_frames = frames_NTHWC.shape[1]
        frames_NTCHW = normalise(frames_NTHWC.to(self.device), self.dtype, pixels=self._pixels)
        x = self._stem(frames_NTCHW.flatten(0, 1))
        if self._pools:
            x = functional.max_pool2d(x, 3, 2, 1)
        for block in self._blocks[: self._n_fine]:
            x = block(x, n_frames)
        middle = x
        for block in self._blocks[self._n_fine :]:
            x = block(x, n_frames)
        return middle, x if self._last is None else self._last(x)

    def _conv(self, pair: ConvBN) -> Conv:
        folded = fold(pair, self.dtype, self.device)
        return OneDnnConv(folded, pair.act) if self._fused else PlainConv(folded, pair.act)

    def _block(self, block: ResidualBlock) -> _Block:
        return _Block(
            main=[self._conv(pair) for pair in block.main],
            skip=None if block.skip is None else self._conv(block.skip),
            has_skip=block.has_skip,
            shift_div=block.shift_div,
        )


class _Block:
    """A residual block of folded convolutions."""

    def __init__(self, *, main: list[Conv], skip: Conv | None, has_skip: bool, shift_div: int) -> None:
        self.main, self.skip, self.has_skip, self.shift_div = main, skip, has_skip, shift_div

    def __call__(self, x: Tensor, n_frames: int) -> Tensor:
        y = temporal_shift(x, n_frames, self.shift_div) if self.shift_div else x
        *inner, last = self.main
        for conv in inner:
            y = conv(y)
        if not self.has_skip:
            return last(y)
        # The block's input is not needed again: the sum may be written over it.
        return last(y, x if self.skip is None else self.skip(x))
