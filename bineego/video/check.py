"""A video decoded once from end to end, for what its decoder says of it.

Decoders patch most of what is damaged and pass it on as good; only FFmpeg's log tells. It cannot be read where Python
decodes (a log function of Python needs the interpreter's lock, and freeing a decoder waits for it, see
`probe.open_video`), but FFmpeg's own writes to standard error without it. So this runs in a separate process, whose
standard error is a file.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from av.codec.context import CodecContext
from av.error import FFmpegError
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from bineego.errors import WorkerLost
from bineego.video.damage import Damage
from bineego.video.decode import packets_of
from bineego.video.probe import open_video
from bineego.video.scan import scan
from bineego.video.structure import broken_parts
from bineego.video.timeline import NEVER_SHOWN, FrameTimeline
from bineego.workers import Worker

STRICTER = {"vp9": "libvpx-vp9", "vp8": "libvpx"}
"""Decoders that notice when the data of a picture ends too early, where FFmpeg's own does not."""


def examine(path: Path, stream: int = 0) -> Damage:
    """All damage to a video that can be noticed. Costs about as much as decoding it once with one thread.

    Raises:
        InputMissing, InputInvalid: see `scan`.
    """
    timeline = scan(path, stream)
    damage = timeline.damage.with_broken(broken_parts(path))
    worker = Worker(damaged_packets, path, stream, timeline.edited)
    with contextlib.closing(worker):
        try:
            lost, packets = next(worker.messages())
        except WorkerLost:  # the decoder crashed
            lost, packets = 0, [0]
    return damage.at((_seconds(packet, timeline) for packet in packets), lost=lost)


def _seconds(packet: int, timeline: FrameTimeline) -> float:
    """When a packet, or the nearest one before it that is shown, is on screen."""
    if timeline.by_order:
        return float(timeline.times[min(packet, len(timeline.times) - 1)])
    shown = timeline.packet_ticks[: packet + 1]
    shown = shown[shown != NEVER_SHOWN]
    return float(timeline.times[timeline.index_at(int(shown[-1]))]) if len(shown) else float(timeline.times[0])


def damaged_packets(path: Path, stream: int, edited: bool) -> Iterator[tuple[int, list[int]]]:
    """Runs in a separate process: frames that are lost, and the packets at which FFmpeg met an error."""
    with tempfile.TemporaryFile() as log:
        os.dup2(log.fileno(), 2)
        yield _decode(path, stream, edited, log.fileno())


def _decode(path: Path, number: int, edited: bool, log: int) -> tuple[int, list[int]]:
    container, stream = open_video(path, edited=edited, stream=number, logged=True)
    lost, damaged, at, size = 0, [], 0, 0
    with container:
        context: VideoCodecContext | None = None
        for at, packet in enumerate(packets_of(container, stream, path)):
            context = context or _decoder(stream, packet)
            failed = packet.is_corrupt
            try:
                lost += sum(frame.is_corrupt for frame in context.decode(packet))
            except FFmpegError:
                lost, failed = lost + 1, True
            grown = os.fstat(log).st_size
            if failed or grown > size:
                damaged.append(at)
            size = grown
        if context is not None:
            with contextlib.suppress(FFmpegError):
                lost += sum(frame.is_corrupt for frame in context.decode(None))
    if os.fstat(log).st_size > size:
        damaged.append(at)
    return lost, damaged


def _decoder(stream: VideoStream, first: Packet[VideoStream]) -> VideoCodecContext:
    """One thread, so that what is logged is of the packet at hand; the stricter of two, if it can decode this."""
    name = STRICTER.get(stream.codec_context.name)
    if name is not None:
        with contextlib.suppress(FFmpegError, ValueError):
            _stricter(name, stream).decode(first)  # it may not know this kind (10 bit), or not be there
            return _stricter(name, stream)
    stream.codec_context.thread_count = 1
    return stream.codec_context


def _stricter(name: str, stream: VideoStream) -> VideoCodecContext:
    context = cast(VideoCodecContext, CodecContext.create(name, "r"))
    context.extradata = stream.codec_context.extradata
    context.thread_count = 1
    return context
