"""Pixels to network input."""

from __future__ import annotations

import pytest
import torch

from bineego.tsm.preprocess import Pixels, normalise

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, as torchvision documents them


def test_values_and_layout() -> None:
    frames = torch.randint(0, 256, (2, 3, 4, 5, 3), dtype=torch.uint8)
    got = normalise(frames)
    assert got.shape == (2, 3, 3, 4, 5)
    for c in range(3):
        wanted = (frames[..., c].double() / 255 - MEAN[c]) / STD[c]
        torch.testing.assert_close(got[:, :, c].double(), wanted, rtol=0, atol=1e-6)
    assert got.flatten(0, 1).is_contiguous(memory_format=torch.channels_last)
    assert normalise(frames, torch.bfloat16).dtype == torch.bfloat16


def test_other_pixels() -> None:
    frames = torch.tensor([[[[[0, 10, 255]]]]], dtype=torch.uint8)
    pixels = Pixels(mean=(0, 5, 127), deviation=(1, 2, 128))
    assert normalise(frames, pixels=pixels).flatten().tolist() == [0, 2.5, 1]


@pytest.mark.parametrize("frames", [torch.zeros(1, 2, 4, 4, 3), torch.zeros(1, 2, 3, 4, 4, dtype=torch.uint8)])
def test_wrong_input_is_refused(frames: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="uint8"):
        normalise(frames)
