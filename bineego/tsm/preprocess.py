"""Pixels -> network input: ImageNet's mean and deviation, as all trunks' weights expect.

Shape suffixes: N clips, T frames, H height, W width, C = 3 colours.
"""

from __future__ import annotations

import functools

import torch
from torch import Tensor

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)


def normalise(frames_NTHWC: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """uint8 (N, T, H, W, 3) RGB -> (N, T, 3, H, W) of `dtype`.

    The result keeps its colours side by side in memory (channels_last picture by picture): nothing is transposed.
    """
    if frames_NTHWC.dtype != torch.uint8 or frames_NTHWC.ndim != 5 or frames_NTHWC.shape[-1] != 3:
        raise ValueError(f"uint8 (N, T, H, W, 3) wanted, not {frames_NTHWC.dtype} {tuple(frames_NTHWC.shape)}")
    scale, offset = _constants(frames_NTHWC.device)
    pixels = frames_NTHWC.float()
    pixels.mul_(scale).add_(offset)
    return pixels.to(dtype).permute(0, 1, 4, 2, 3)


@functools.cache
def _constants(device: torch.device) -> tuple[Tensor, Tensor]:
    """Scale and offset (3,) of the colours. They stay on the device: every upload would make a GPU's caller wait."""
    with torch.inference_mode(False):  # training uses the same tensors
        mean, std = (torch.tensor(values, dtype=torch.float64, device="cpu") for values in (MEAN, STD))
        return (1 / (255 * std)).float().to(device), (-mean / std).float().to(device)
