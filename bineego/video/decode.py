"""Packets to frames: the loop that both the sequential reader and the parallel workers run."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from bineego.video.frames import FrameOptions
from bineego.video.probe import Orientation

log = logging.getLogger(__name__)

DECODE = "DEFAULT"
DROP = "NONREF"  # the decoder leaves out the packet if no other frame refers to it


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
) -> Iterator[VideoFrame]:
    """Frames in the order the decoder gives them; packets that it cannot decode are passed over.

    Exact drop (facts, performance, "Decoding"): a packet whose frame nobody asked for, and that no other frame refers
    to, is not decoded at all; every other frame comes out bit-identical to a full decode, frame threads or not.

    Args:
        needed: (P,) whether each packet's frame is asked for; None = all are.
        ticks: (P,) presentation time to give each packet in place of its own; None = its own.
    """
    mode = DECODE
    context.skip_frame = mode
    for at, packet in enumerate(packets):
        if needed is not None:
            wanted = DECODE if at >= len(needed) or needed[at] else DROP
            if wanted != mode:
                context.skip_frame = mode = wanted
        if ticks is not None and at < len(ticks):
            packet.pts = ticks[at]
        try:
            yield from context.decode(packet)
        except FFmpegError as error:
            log.debug("packet %d does not decode (%s)", at, error.strerror)
    try:
        yield from context.decode(None)
    except FFmpegError as error:
        log.debug("the last packets do not decode (%s)", error.strerror)


class Converter:
    """Decoded pictures to RGB arrays of the size asked for, standing as a player shows them.

    One scaler for all frames: setting one up for each costs several times the scaling itself.
    """

    def __init__(self, options: FrameOptions) -> None:
        self._options = options
        self._scaler = VideoReformatter()
        self._orientation: Orientation | None = None
        self._shape: tuple[int, int] = (0, 0)

    def __call__(self, frame: VideoFrame) -> NDArray[np.uint8]:
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
        picture: NDArray[np.uint8] = scaled.to_ndarray()
        return picture if self._orientation == Orientation() else self._orientation.apply(picture)
