"""Pixels -> network input. How a network expects its pictures belongs to its trunk (`ShiftedTrunk.pixels`).

Shape suffixes: N clips, T frames, H height, W width, C = 3 colours.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import torch
from torch import Tensor


class Pixels(NamedTuple):
    """Input = (pixel - mean) / deviation, colour by colour; pixels are 0 to 255."""

    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]


IMAGENET_PIXELS = Pixels(
    mean=(255 * 0.485, 255 * 0.456, 255 * 0.406), deviation=(255 * 0.229, 255 * 0.224, 255 * 0.225)
)
"""ImageNet's mean and deviation, as torchvision's weights expect."""


def normalise(frames_NTHWC: Tensor, dtype: torch.dtype = torch.float32, *, pixels: Pixels = IMAGENET_PIXELS) -> Tensor:
    """uint8 (N, T, H, W, 3) RGB -> (N, T, 3, H, W) of `dtype`.

    The result keeps its colours side by side in memory (channels_last picture by picture): nothing is transposed.
    """
    if frames_NTHWC.dtype != torch.uint8 or frames_NTHWC.ndim != 5 or frames_NTHWC.shape[-1] != 3:
        raise ValueError(f"uint8 (N, T, H, W, 3) wanted, not {frames_NTHWC.dtype} {tuple(frames_NTHWC.shape)}")
    scale, offset = _constants(pixels, frames_NTHWC.device)
    values = frames_NTHWC.float()
    values.mul_(scale).add_(offset)
    return values.to(dtype).permute(0, 1, 4, 2, 3)


@functools.cache
def _constants(pixels: Pixels, device: torch.device) -> tuple[Tensor, Tensor]:
    """Scale and offset (3,) of the colours. They stay on the device: every upload would make a GPU's caller wait."""
    with torch.inference_mode(False):  # training uses the same tensors
        mean, deviation = (torch.tensor(values, dtype=torch.float64, device="cpu") for values in pixels)
        return (1 / deviation).float().to(device), (-mean / deviation).float().to(device)
