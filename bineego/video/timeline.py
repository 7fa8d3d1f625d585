"""When each frame of a file is on screen."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from bineego.types import Bools, Floats, Ints
from bineego.video.damage import Damage

NEVER_SHOWN = np.iinfo(np.int64).min
"""Tick of a packet that a player does not show: cut off by an edit list, or invisible by its codec's rules."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FrameTimeline:
    """The frames of a file in order of presentation (F of them), and its packets in file order (P of them).

    Attributes:
        times: seconds (F,), increasing; 0 is what a player shows as 0:00.
        ticks: presentation time (F,) in `time_base` units, as decoded frames carry it; their ordinals if `by_order`.
        duration: seconds: the last frame's time plus its own duration.
        by_order: packets have no times; the n-th decoded frame is the n-th of `times`.
        packet_ticks: tick (P,) of the frame in each packet, or `NEVER_SHOWN`.
        rewritten: packets must be given their tick before decoding (the file's own times jump).
        entries: (P,) decoding may begin at this packet and gives what decoding from the start gives.
        marks: (P, 4) pts, dts, position and size as the file has them, to recognise a packet after a seek.
        time_base: seconds per tick.
        edited: the file is read with its edit list; not where a damaged time would make that hide frames.
        stream: which of the file's pictures it is of (`probe.pictures_of`).
        doubtful: seconds (D,) of the frames whose own times are damaged; they were set by their neighbours.
        damage: what the packets alone tell of it.
    """

    times: Floats
    ticks: Ints
    duration: float
    by_order: bool
    packet_ticks: Ints
    rewritten: bool
    entries: Bools
    marks: Ints
    time_base: Fraction
    edited: bool = True
    stream: int = 0
    doubtful: Floats = field(default_factory=lambda: np.zeros(0))
    damage: Damage = field(default_factory=Damage)

    def index_at(self, tick: int) -> int:
        """Index of the frame that is on screen at `tick`."""
        return max(0, int(np.searchsorted(self.ticks, tick, side="right")) - 1)

    def seconds_after(self, index: int) -> float:
        """End of frame `index`: the next frame's time, or the end of the video."""
        return float(self.times[index + 1]) if index + 1 < len(self.times) else self.duration
