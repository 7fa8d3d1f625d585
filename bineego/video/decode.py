"""Packets to frames: the loop that both the sequential reader and the parallel workers run."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, cast

import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from av.video.stream import VideoStream

from bineego.types import Ints, Pixels
from bineego.video.frames import FrameOptions
from bineego.video.probe import Orientation
from bineego.video.timeline import NEVER_SHOWN, FrameTimeline

log = logging.getLogger(__name__)

Skip = Literal["DEFAULT", "NONREF"]
DECODE: Skip = "DEFAULT"
DROP: Skip = "NONREF"  # the decoder leaves out the packet if no other frame refers to it

DROPPING = frozenset({"h264", "hevc", "mpeg1video", "mpeg2video", "mpeg4", "vp8", "vp9"})
"""Decoders that apply the choice to every packet exactly. (dav1d takes it once, at its start.)"""


def packets_of(container: InputContainer, stream: VideoStream, path: Path | str) -> Iterator[Packet[VideoStream]]:
    """The packets with content, in file order. A file that breaks off ends there."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except FFmpegError as error:
            log.debug("%s: reading ends early (%s)", path, error.strerror)
            return
        if packet is None:
            return
        if packet.size:
            yield packet


def decoded_frames(
    packets: Iterable[Packet[VideoStream]],
    context: VideoCodecContext,
    *,
    needed: Sequence[bool] | None = None,
    ticks: Sequence[int | None] | None = None,
    on_trouble: Callable[[int], None] | None = None,
) -> Iterator[VideoFrame]:
    """Frames in the order the decoder gives them; packets that it cannot decode are passed over.

    Exact drop (docs/facts.md): a packet whose frame nobody asked for, and that no other frame refers
    to, is not decoded at all; every other frame comes out bit-identical to a full decode, frame threads or not.

    Args:
        needed: (P,) whether each packet's frame is asked for; None = all are.
        ticks: (P,) presentation time to give each packet in place of its own; None = its own.
        on_trouble: called with the number of a packet that is marked as damaged, or at which the decoder fails. What
            it then makes of the pictures after that is its best guess.
    """
    mode: Skip = DECODE
    context.skip_frame = mode
    for at, packet in enumerate(packets):
        if needed is not None:
            wanted = DECODE if at >= len(needed) or needed[at] else DROP
            if wanted != mode:
                context.skip_frame = mode = wanted
        if ticks is not None and at < len(ticks):
            packet.pts = ticks[at]
        if packet.is_corrupt and on_trouble is not None:
            on_trouble(at)
        try:
            yield from context.decode(packet)
        except FFmpegError as error:
            log.debug("packet %d cannot be decoded (%s)", at, error.strerror)
            if on_trouble is not None:
                on_trouble(at)
    try:
        yield from context.decode(None)
    except FFmpegError as error:
        log.debug("the last packets cannot be decoded (%s)", error.strerror)


class Converter:
    """Decoded pictures to RGB arrays of the size asked for, standing as a player shows them.

    One scaler for all frames: setting one up for each costs several times the scaling itself.
    """

    def __init__(self, options: FrameOptions) -> None:
        self._options = options
        self._scaler = VideoReformatter()
        self._orientation: Orientation | None = None
        self._shape: tuple[int, int] = (0, 0)

    def __call__(self, frame: VideoFrame) -> Pixels:
        """uint8 (H, W, 3), RGB; H and W are the same for all frames of a video, even if its own size changes."""
        if self._orientation is None:
            self._orientation = Orientation.of(frame)
            width, height = frame.width, frame.height
            if self._orientation.transposed:
                width, height = height, width
            self._shape = self._options.shape(width, height)
        height, width = self._shape
        if self._orientation.transposed:
            height, width = width, height
        scaled = self._scaler.reformat(
            frame, width=width, height=height, format="rgb24", interpolation=Interpolation.AREA, threads=1
        )
        picture = cast(Pixels, scaled.to_ndarray())
        return picture if self._orientation == Orientation() else self._orientation.apply(picture)


def wanted_frames(
    packets: Iterable[Packet[VideoStream]],
    context: VideoCodecContext,
    timeline: FrameTimeline,
    wanted: Ints,
    convert: Converter,
    *,
    first_packet: int = 0,
    on_trouble: Callable[[float], None] | None = None,
) -> Iterator[tuple[int, Pixels | None, float]]:
    """The frames asked for, as they leave the decoder: (position in `wanted`, picture, seconds).

    The picture is None where the decoder says that it is damaged; a frame that never comes is not yielded at all.
    Times may step back where the file's do. Ends early once all have come.

    Args:
        packets: from `first_packet` of the timeline on.
        wanted: indices (K,) into `timeline.times`, distinct.
        convert: makes the pictures.
        on_trouble: called with the time (s) of damaged data that the decoder met, whether or not a frame is lost by it.
    """
    ticks = timeline.ticks[wanted]
    position_of = {tick: position for position, tick in enumerate(ticks.tolist())}
    needed = rewritten = None
    packet_ticks = timeline.packet_ticks[first_packet:]
    if not timeline.by_order and context.name in DROPPING:
        # The last frame is always decoded: the video's true length depends on it.
        needed = (np.isin(packet_ticks, ticks) | (packet_ticks == timeline.ticks[-1])).tolist()
    if not timeline.by_order and (
        timeline.rewritten or first_packet
    ):  # after a seek, packets may have lost their times
        rewritten = [None if tick == NEVER_SHOWN else tick for tick in packet_ticks.tolist()]
    promised = set(timeline.ticks.tolist())

    def tell(packet: int) -> None:
        tick = int(packet_ticks[packet]) if packet < len(packet_ticks) else NEVER_SHOWN
        if on_trouble is not None and tick != NEVER_SHOWN:
            on_trouble(float(timeline.times[timeline.index_at(tick)]))

    frames = decoded_frames(packets, context, needed=needed, ticks=rewritten, on_trouble=tell)
    for order, frame in enumerate(frames):
        tick = order if timeline.by_order else frame.pts
        if tick is None:
            continue
        seconds = None
        if tick not in promised:
            # The packet promised another time; the frame's own counts, in the place it takes among the others.
            seconds = float(timeline.times[0] + (tick - int(timeline.ticks[0])) * timeline.time_base)
            tick = int(timeline.ticks[timeline.index_at(tick)])
        position = position_of.pop(tick, None)
        if position is None:
            continue
        if seconds is None:
            seconds = float(timeline.times[wanted[position]])
        yield position, None if frame.is_corrupt else convert(frame), seconds
        if not position_of:
            return
