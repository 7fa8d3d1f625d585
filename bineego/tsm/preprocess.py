"""Pixels -> network input: ImageNet's mean and deviation, as all trunks' weights expect.

Shape suffixes: N clips, T frames, H height, W width, C = 3 colours.
"""

from __future__ import annotations

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
    device = frames_NTHWC.device
    scale = 1 / (255 * torch.tensor(STD, dtype=torch.float64))
    offset = -torch.tensor(MEAN, dtype=torch.float64) / torch.tensor(STD, dtype=torch.float64)
    pixels = frames_NTHWC.float()
    pixels.mul_(scale.float().to(device)).add_(offset.float().to(device))
    return pixels.to(dtype).permute(0, 1, 4, 2, 3)
