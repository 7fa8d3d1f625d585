"""The temporal shift against a slow reference written from the rule."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from bineego.tsm.shift import temporal_shift


def slow_shift(x_BCHW: Tensor, n_frames: int, shift_div: int) -> Tensor:
    """Channel by channel, frame by frame: [0, fold) from t + 1, [fold, 2 fold) from t - 1, the rest as it is."""
    fold = x_BCHW.shape[1] // shift_div
    rows = []
    for b in range(x_BCHW.shape[0]):
        t, row = b % n_frames, []
        for c in range(x_BCHW.shape[1]):
            step = 1 if c < fold else -1 if c < 2 * fold else 0
            inside = 0 <= t + step < n_frames
            row.append(x_BCHW[b + step, c] if inside else torch.zeros_like(x_BCHW[b, c]))
        rows.append(torch.stack(row))
    return torch.stack(rows)


@given(
    n_clips=st.integers(1, 3),
    n_frames=st.integers(1, 5),
    channels=st.integers(1, 20),
    size=st.integers(1, 3),
    shift_div=st.integers(2, 9),
    channels_last=st.booleans(),
)
def test_forward_and_gradient_equal_the_reference(
    n_clips: int, n_frames: int, channels: int, size: int, shift_div: int, channels_last: bool
) -> None:
    x = torch.randn(n_clips * n_frames, channels, size, size + 1)
    if channels_last:
        x = x.contiguous(memory_format=torch.channels_last)
    weight = torch.randn_like(x)
    ours, theirs = x.clone().requires_grad_(), x.clone().requires_grad_()
    got, wanted = temporal_shift(ours, n_frames, shift_div), slow_shift(theirs, n_frames, shift_div)
    assert torch.equal(got, wanted)
    assert torch.equal(temporal_shift(x, n_frames, shift_div), wanted)  # the path without a gradient
    # The sum of the input is there because a clip of one frame may be shifted out altogether.
    ((got * weight).sum() + ours.sum()).backward()
    ((wanted * weight).sum() + theirs.sum()).backward()
    assert torch.equal(ours.grad, theirs.grad)


def test_memory_format_is_kept_and_input_untouched() -> None:
    x = torch.randn(8, 16, 4, 4).contiguous(memory_format=torch.channels_last)
    before = x.clone()
    assert temporal_shift(x, 4).is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(x, before)


def test_gradient_by_finite_differences() -> None:
    x = torch.randn(6, 8, 2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: temporal_shift(x, 3, 4), (x,))


def test_clips_do_not_see_each_other() -> None:
    x = torch.randn(8, 8, 2, 2)
    other = x.clone()
    other[4:] = 0
    assert torch.equal(temporal_shift(x, 4)[:4], temporal_shift(other, 4)[:4])


def test_half_a_clip_is_refused() -> None:
    with pytest.raises(RuntimeError):
        temporal_shift(torch.randn(7, 8, 2, 2), 4)
