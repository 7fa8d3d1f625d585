"""Motion of the picture, without a network: of grey pictures of 64 x 64, in blocks.

Shape suffixes: H height, W width, P = 64 pixels a side.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from bineego.types import Pixels

SIDE = 64
BLUR = 2.0  # pixels; sensor noise has slopes too, and they would be taken for movement
LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601

Singles = NDArray[np.float32]
Halves = NDArray[np.float16]


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


def motion_energy(before_PP: Singles, now_PP: Singles) -> Halves:
    """Motion energy (129,): log(1 + mean absolute difference) of blocks as they lie, sorted, and of the picture."""
    return _in_blocks(np.abs(now_PP - before_PP), 8)


def directed_motion(before_PP: Singles, now_PP: Singles) -> Halves:
    """Motion up, down, left and right (132,): 33 numbers each, of 4 x 4 blocks as in `motion_energy`.

    A pattern of slope s that moves by v changes by -s v: the product of change and slope, turned round, has the sign of
    the movement, whatever is brighter. Energy and absolute changes cannot tell a movement from its reverse; this can.
    """
    blur = _blur_weights()
    before, now = blur @ before_PP @ blur.T, blur @ now_PP @ blur.T
    change = now - before
    down, right = (-change * slope for slope in np.gradient((before + now) / 2))
    parts = [_in_blocks(np.clip(sign * way, 0, None), 4) for way in (down, right) for sign in (-1, 1)]
    return np.concatenate(parts)


def _in_blocks(energy_PP: Singles, blocks: int) -> Halves:
    """log(1 + mean) of the blocks as they lie, of the blocks from the largest to the least, and of the whole."""
    edge = SIDE // blocks
    means = energy_PP.reshape(blocks, edge, blocks, edge).mean((1, 3)).ravel()
    logs: Halves = np.log1p(np.concatenate([means, np.sort(means)[::-1], means.mean(keepdims=True)])).astype(np.float16)
    return logs


@functools.cache
def _blur_weights() -> Singles:
    """(64, 64): a Gaussian of `BLUR` pixels along one side; beyond the edges the picture is repeated."""
    distance = np.arange(SIDE)[:, None] - np.arange(-SIDE, 2 * SIDE)
    weights = np.exp(-0.5 * (distance / BLUR) ** 2)
    weights /= weights.sum(axis=1, keepdims=True)
    inside = weights[:, SIDE : 2 * SIDE].copy()
    inside[:, 0] += weights[:, :SIDE].sum(axis=1)
    inside[:, -1] += weights[:, 2 * SIDE :].sum(axis=1)
    return inside.astype(np.float32)
