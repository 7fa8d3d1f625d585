"""Motion of the picture, without a network: of grey pictures of 64 x 64 in blocks of 8 x 8.

Shape suffixes: H height, W width, P = 64 pixels a side, G = 8 blocks a side.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from bineego.types import Pixels

SIDE = 64
BLOCKS = 8
LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601

Singles = NDArray[np.float32]


def grey(picture_HW3: Pixels) -> Singles:
    """A picture (64, 64) in grey, 0 to 255; every pixel is the mean of the area it covers."""
    luma = picture_HW3 @ LUMA
    rows, columns = (_area_weights(size) for size in luma.shape)
    small: Singles = rows @ luma @ columns.T
    return small


@functools.cache
def _area_weights(size: int) -> Singles:
    """(64, size): which share of each old pixel's row lies in each new one's, rows summing to 1."""
    edges = np.linspace(0, size, SIDE + 1)
    left, right = np.arange(size), np.arange(1, size + 1)
    overlap = np.minimum(edges[1:, None], right) - np.maximum(edges[:-1, None], left)
    weights = np.clip(overlap, 0, None) * SIDE / size
    shares: Singles = weights.astype(np.float32)
    return shares


def motion_energy(before_PP: Singles, now_PP: Singles) -> NDArray[np.float16]:
    """Motion energy (129,): log(1 + mean absolute difference) of blocks as they lie, sorted, and of the picture."""
    edge = SIDE // BLOCKS
    blocks = np.abs(now_PP - before_PP).reshape(BLOCKS, edge, BLOCKS, edge).mean((1, 3)).ravel()
    energy = np.concatenate([blocks, np.sort(blocks)[::-1], blocks.mean(keepdims=True)])
    logs: NDArray[np.float16] = np.log1p(energy).astype(np.float16)
    return logs
