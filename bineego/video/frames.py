"""Frames that carry their time: the only form in which pixels travel through the program."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from bineego.types import Ints, Pixels
from bineego.video.options import Backend, FrameOptions

__all__ = ["MAX_RATE", "Backend", "FrameOptions", "TimedFrame", "capped", "on_screen"]


MAX_RATE = 32.0
"""Frames kept per second of video. Sources up to 32 fps keep every frame; faster ones lose those that are never on
screen at a multiple of 1/32 s. Training's cache and live reading share it, so both see the same frames."""


class TimedFrame(NamedTuple):
    """One frame of a video.

    Attributes:
        position: among the frames that are kept.
        picture: uint8 (H, W, 3), RGB.
        time: of presentation, seconds; 0 is what a player shows as 0:00.
    """

    position: int
    picture: Pixels
    time: float


def on_screen(frame_times: ArrayLike, moments: ArrayLike) -> Ints:
    """Index of the frame on screen at each moment: the latest presentation time <= moment.

    Args:
        frame_times: (F,) seconds, increasing, F > 0.
        moments: any shape, seconds. Before the first frame the first is given.
    """
    times = np.asarray(frame_times, np.float64)
    # Moments are sums of float64; one a hair before a frame's time means that frame.
    found = np.searchsorted(times, np.asarray(moments, np.float64) + 1e-6, side="right") - 1
    return np.clip(found, 0, None).astype(np.int64)


def capped(frame_times: ArrayLike, max_rate: float = MAX_RATE) -> Ints:
    """Indices of the frames kept under `max_rate`: those on screen at some multiple of 1 / max_rate.

    Frame times (F,) increase. The choice depends on the times alone, so every reader makes the same one.
    """
    times = np.asarray(frame_times, np.float64)
    if len(times) == 0:
        return np.zeros(0, np.int64)
    last_tick = int(np.floor(times[-1] * max_rate + 1e-6)) + 1
    first_tick = int(np.floor(times[0] * max_rate + 1e-6))
    ticks = np.arange(first_tick, last_tick + 1) / max_rate
    return np.unique(on_screen(times, ticks))
