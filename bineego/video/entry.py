"""Packets from a place in the middle of a file on, without those before it: the exact ones, or those of the whole file.

Seeking alone is not to be trusted: containers without an index guess, and some land behind what was asked for. So a
landing is recognised by the marks that the pass over all packets took down, and where it is not, the file is read from
its start; packets cost little as long as nobody decodes them.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.stream import VideoStream

from bineego.types import Bools
from bineego.video.decode import packets_of
from bineego.video.packets import packet_mark
from bineego.video.probe import open_video
from bineego.video.timeline import NEVER_SHOWN, FrameTimeline


def clean_entries(timeline: FrameTimeline) -> Bools:
    """Packets (P,) where everything stored before is shown before, and decoding may begin."""
    ticks = timeline.packet_ticks
    latest_before = np.concatenate([[NEVER_SHOWN], np.maximum.accumulate(ticks)[:-1]])
    return timeline.entries & (latest_before < ticks)


def entry_before(timeline: FrameTimeline, tick: int) -> int:
    """The last packet from which a decoder gives the frame of `tick`, and all after it, as it does from the start."""
    if timeline.by_order:
        return 0
    entries = np.flatnonzero(clean_entries(timeline) & (timeline.packet_ticks <= tick))
    return int(entries[-1]) if len(entries) else 0


@contextlib.contextmanager
def opened_at(
    path: Path, timeline: FrameTimeline, first: int, stop: int | None = None
) -> Iterator[tuple[Iterator[Packet[VideoStream]], VideoStream]]:
    """Packets `first` to before `stop`, and their stream."""
    container, stream = open_video(path, edited=timeline.edited, stream=timeline.stream)
    try:
        packets = _sought(container, stream, path, timeline, first)
        if packets is None:
            container.close()
            container, stream = open_video(path, edited=timeline.edited, stream=timeline.stream)
            packets = itertools.islice(packets_of(container, stream, path), first, None)
        yield itertools.islice(packets, None if stop is None else stop - first), stream
    finally:
        container.close()


def _sought(
    container: InputContainer, stream: VideoStream, path: Path, timeline: FrameTimeline, first: int
) -> Iterator[Packet[VideoStream]] | None:
    """Packets from `first` on, or None where the seek landed behind it or at an unknown place."""
    pts, dts, _, _ = timeline.marks[first].tolist()
    if first == 0:
        return packets_of(container, stream, path)
    try:
        container.seek(dts if dts != NEVER_SHOWN else pts, stream=stream)
    except (FFmpegError, OverflowError):
        return None
    packets = packets_of(container, stream, path)
    landed = next(packets, None)
    if landed is None:
        return None
    # Times may be missing right after a seek; position and size are always there.
    same = np.flatnonzero((timeline.marks[:, 2:] == packet_mark(landed)[2:]).all(axis=1))
    if len(same) != 1 or same[0] > first:
        return None
    return itertools.islice(itertools.chain([landed], packets), first - int(same[0]), None)
