"""The sound of a video file as samples on the clock of its pictures.

Decoded by FFmpeg through PyAV, as the pictures are. Gaps are silence, and so is what cannot be decoded.
Shape suffixes: N samples.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from av import AudioResampler
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.error import FFmpegError
from numpy.typing import NDArray

from bineego.errors import BineegoError
from bineego.video.probe import exact, open_video
from bineego.video.timeline import FrameTimeline

RATE = 16_000
"""Samples a second: voices, steps and blows lie below 8 kHz."""

BLOCK = 1 << 18
"""Samples that are delivered at once: 16 seconds."""

Samples = NDArray[np.float32]


def has_sound(path: Path) -> bool:
    """Whether a video file has a sound track that can be decoded; False for a file that is not a video."""
    try:
        container, _ = open_video(path)
    except BineegoError:
        return False
    with container:
        return any(_is_known(stream) for stream in container.streams.audio)


def read_sound(
    path: Path, timeline: FrameTimeline, *, start: float = 0.0, end: float | None = None
) -> Iterator[Samples]:
    """The first sound track, `BLOCK` samples (N, 2) at a time, from -1 to 1: left and right.

    One channel is both; of more than two the first two are taken.

    Args:
        timeline: that of the file's pictures.
        start, end: the part, seconds; None = to the end of the pictures.

    Raises:
        InputMissing, InputInvalid: the file is not there, or is not a video.
    """
    end = timeline.duration if end is None else min(end, timeline.duration)
    count = max(1, round((end - start) * RATE))
    zero = 0.0 if timeline.by_order else float(timeline.ticks[0] * timeline.time_base) - float(timeline.times[0])
    return _dense(_pieces(path, zero + start), count)


def _is_known(stream: AudioStream) -> bool:
    return stream.codec_context is not None and stream.codec_context.codec is not None


def _pieces(path: Path, zero: float) -> Iterator[tuple[int, Samples]]:
    """Samples (N, 2) with the number of their first one, counted from second `zero` of the file's clock."""
    container, _ = open_video(path)
    with container:
        stream = next((stream for stream in container.streams.audio if _is_known(stream)), None)
        if stream is None:
            return
        resampler = AudioResampler(format="fltp", rate=RATE)
        following = 0
        for frame in _resampled(_decoded(container.demux(stream)), resampler):
            time_base = exact(frame.time_base)
            if frame.pts is not None and time_base is not None:
                following = round((float(frame.pts * time_base) - zero) * RATE)
            channels = frame.to_ndarray()
            yield following, np.ascontiguousarray(channels[[0, min(1, len(channels) - 1)]].T, np.float32)
            following += channels.shape[1]


def _decoded(packets: Iterator[object]) -> Iterator[AudioFrame | None]:
    """Frames, and at last None; packets that cannot be decoded are left out."""
    while True:
        try:
            packet = next(packets)
            yield from packet.decode()  # type: ignore[attr-defined]
        except StopIteration:
            break
        except FFmpegError:
            continue
    yield None


def _resampled(frames: Iterator[AudioFrame | None], resampler: AudioResampler) -> Iterator[AudioFrame]:
    for frame in frames:
        try:
            yield from resampler.resample(frame)
        except (FFmpegError, ValueError):  # a change of format in the middle
            continue


def _dense(pieces: Iterator[tuple[int, Samples]], count: int) -> Iterator[Samples]:
    """Pieces as blocks without gaps, `count` samples in all."""
    base, block = 0, np.zeros((BLOCK, 2), np.float32)
    for first, samples in pieces:
        while len(samples) and first < count:
            skipped = max(0, base - first)
            first, samples = first + skipped, samples[skipped:]
            room = samples[: max(0, base + BLOCK - first)]
            block[first - base : first - base + len(room)] = room
            first, samples = first + len(room), samples[len(room) :]
            if len(samples):
                yield block[: count - base]
                base, block = base + BLOCK, np.zeros((BLOCK, 2), np.float32)
    while base < count:
        yield block[: count - base]
        base, block = base + BLOCK, np.zeros((BLOCK, 2), np.float32)
