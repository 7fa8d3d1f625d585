"""The residual temporal shift: a quarter of the channels looks one frame ahead or back, at no arithmetic cost.

Source: report, section 3.1; Lin et al., "TSM: Temporal Shift Module for Efficient Video Understanding", section 4; the
official implementation (docs/facts.md). With fold = C // shift_div, channels [0, fold) take frame t + 1, channels
[fold, 2 fold) take frame t - 1, the others stay; beyond the ends of the clip there are zeros.

Shape suffixes: N clips, T frames of a clip, B = N * T, C channels, H height, W width.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def temporal_shift(x_BCHW: Tensor, n_frames: int, shift_div: int = 8) -> Tensor:
    """The shifted copy of `x_BCHW`, in the same memory format; differentiable.

    Args:
        x_BCHW: feature maps of whole clips, frame after frame.
        n_frames: T, frames of a clip; it divides B.
        shift_div: 1 / share of the channels that look ahead (and back).
    """
    if torch.is_grad_enabled() and x_BCHW.requires_grad:
        shifted: Tensor = _Shift.apply(x_BCHW, n_frames, x_BCHW.shape[1] // shift_div)
        return shifted
    return _shift(x_BCHW, n_frames, x_BCHW.shape[1] // shift_div, ahead_first=True)


def _shift(x_BCHW: Tensor, n_frames: int, fold: int, *, ahead_first: bool) -> Tensor:
    """Fill one new buffer; every element is written once."""
    x = x_BCHW.view(-1, n_frames, *x_BCHW.shape[1:])
    out = torch.empty_like(x)
    ahead, back = slice(0, fold), slice(fold, 2 * fold)
    if not ahead_first:
        ahead, back = back, ahead
    out[:, :-1, ahead] = x[:, 1:, ahead]
    out[:, -1, ahead] = 0
    out[:, 1:, back] = x[:, :-1, back]
    out[:, 0, back] = 0
    out[:, :, 2 * fold :] = x[:, :, 2 * fold :]
    return out.flatten(0, 1)


class _Shift(torch.autograd.Function):
    """The gradient of a shift is the shift the other way round; autograd would copy the buffer for every slice."""

    @staticmethod
    def forward(ctx: Any, x_BCHW: Tensor, n_frames: int, fold: int) -> Tensor:
        ctx.n_frames, ctx.fold = n_frames, fold
        return _shift(x_BCHW, n_frames, fold, ahead_first=True)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        return _shift(grads[0], ctx.n_frames, ctx.fold, ahead_first=False), None, None
