"""Random changes of a clip that keep its label. numpy; every choice comes from the generator that is passed in.

Shape suffixes: T frames, H height, W width.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bineego.types import Pixels

CROP_SCALES = (1.0, 0.875, 0.75, 0.66)
"""Sides of random crops against the whole (TSM)."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What is done to all frames of one clip.

    Attributes:
        flip: mirror left and right.
        turn: share of the width by which a panorama is rolled, [0, 1).
        crop: (top, left, height, width) as shares of the picture; None = the whole.
    """

    flip: bool = False
    turn: float = 0.0
    crop: tuple[float, float, float, float] | None = None


def draw_change(rng: np.random.Generator, *, flip: bool, yaw: bool, crop: bool) -> Change:
    """A random change; the same numbers are drawn whatever is allowed, so that options do not disturb each other."""
    mirrored, turn = rng.random() < 0.5, rng.random()
    height, width = rng.choice(CROP_SCALES, 2)
    top, left = rng.random(2) * (1 - height), rng.random(2)[0] * (1 - width)
    return Change(
        flip=flip and bool(mirrored),
        turn=float(turn) if yaw else 0.0,
        crop=(float(top[0]), float(left), float(height), float(width)) if crop else None,
    )


def apply(change: Change, frames_THWC: Pixels) -> Pixels:
    """The changed frames, of the same shape. Rolls before it crops: a panorama has no edge to crop at."""
    out = frames_THWC
    columns = round(change.turn * out.shape[2]) % out.shape[2]
    if columns:
        out = np.roll(out, columns, axis=2)
    if change.crop is not None:
        out = _crop(out, *change.crop)
    if change.flip:
        out = out[:, :, ::-1]
    return np.ascontiguousarray(out)


def jittered(rng: np.random.Generator, low: float, high: float, duration: float) -> tuple[float, float]:
    """The interval moved by up to half its length either way, inside the video [0, duration]."""
    length = high - low
    moved = low + (rng.random() - 0.5) * length
    moved = min(max(0.0, moved), max(0.0, duration - length))
    return moved, moved + length


def _crop(frames_THWC: Pixels, top: float, left: float, height: float, width: float) -> Pixels:
    import torch
    from torch.nn import functional

    _, h, w, _ = frames_THWC.shape
    y, x = round(top * h), round(left * w)
    part = frames_THWC[:, y : y + max(1, round(height * h)), x : x + max(1, round(width * w))]
    pixels = torch.from_numpy(np.ascontiguousarray(part)).permute(0, 3, 1, 2).float()
    resized = functional.interpolate(pixels, size=(h, w), mode="bilinear", align_corners=False)
    result: Pixels = resized.round_().clamp_(0, 255).to(torch.uint8).permute(0, 2, 3, 1).numpy()
    return result
