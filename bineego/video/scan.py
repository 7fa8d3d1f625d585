"""When each frame of a file is on screen, found without decoding, from its packets (`packets.py`).

The few files whose packets have no times (AVI with B-frames, raw streams) are decoded once; the times are those of the
frames that come out.
Damaged times are repaired (`clock.py`) and reported.
"""

from __future__ import annotations

import itertools
import logging
import math
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from av.packet import Packet
from av.video.stream import VideoStream

from bineego.errors import InputInvalid
from bineego.types import Floats, Ints
from bineego.video.clock import LONGEST_PAUSE, Clock
from bineego.video.damage import Damage
from bineego.video.decode import decoded_frames, packets_of
from bineego.video.pace import as_usual, even_step
from bineego.video.packets import OF_ALL, FilePackets, read_packets
from bineego.video.probe import nothing_decodes, open_video
from bineego.video.tables import disagreements
from bineego.video.timeline import NEVER_SHOWN, FrameTimeline
from bineego.words import many

log = logging.getLogger(__name__)

FROM_ZERO = ("asf", "nut")  # formats whose length counts from 0 on their clock, wherever they start
ENOUGH = 64
"""Frames among which a decoder that changes the order of frames has changed it."""

LONGEST_STILL = 60
"""Seconds from frame to frame, on average, that a video of more than an hour may have; slide shows are far below."""


def scan(path: Path | str, stream: int = 0) -> FrameTimeline:
    """The timeline of a file.

    Args:
        stream: which of its pictures, from 0, where it has several.

    Raises:
        InputMissing, InputInvalid: see `probe.open_video`; or nothing in it decodes, or a few frames claim hours.
    """
    found = read_packets(path, stream, edited=True)
    if found.may_be_coded and _steps_back(path, found):
        log.warning("%s: its times are in the order of decoding; its frames are shown in their own order", path)
        found = found.coded()
    clock = found.mended()
    if found.may_hide_frames(clock):
        whole = read_packets(path, stream, edited=False)
        unedited = whole.mended()
        if len(unedited.doubtful):
            found, clock = whole, unedited
    clock = replace(clock, doubtful=clock.doubtful[~found.hidden[clock.doubtful]])
    ticks, lengths = np.where(found.hidden, NEVER_SHOWN, clock.pts), found.lengths
    shown = ticks != NEVER_SHOWN
    by_order = bool((~shown & ~found.hidden).any() or not shown.any())
    if by_order:
        positions = _decoded_ticks(path, clock, found)
        frame_ticks, last_length = np.arange(len(positions), dtype=np.int64), 0.0
    else:
        frame_ticks, first = np.unique(ticks[shown], return_index=True)
        positions, last_length = frame_ticks, float(lengths[shown][first[-1]] * found.time_base)
    zero = found.zero_by(clock, Fraction(int(positions[0])) * found.time_base)
    times = _seconds(positions, found.time_base, zero)
    if not 0 < last_length <= LONGEST_PAUSE:
        last_length = float(np.median(np.diff(times))) if len(times) > 1 else float(found.usual * found.time_base)
    duration = float(times[-1]) + last_length
    end = found.end_by(clock)
    if end is not None and len(times) > 1 and times[-1] < float(end - zero) < duration:
        duration = float(end - zero)  # the length of a frame is that of its decoding
    _check_length(path, duration, len(times))
    contradictions = disagreements(Path(path)) if found.container.startswith("mov") else []
    holes, uneven = (np.zeros((0, 2)), 0) if by_order or found.container.startswith("mov") else holes_of(times)
    timeline = FrameTimeline(
        times=times,
        ticks=frame_ticks,
        duration=duration,
        by_order=by_order,
        packet_ticks=ticks,
        rewritten=bool((clock.pts != found.pts).any()),
        entries=found.entries,
        marks=found.marks,
        time_base=found.time_base,
        edited=found.edited,
        stream=found.stream,
        doubtful=_seconds(np.sort(ticks[clock.doubtful][shown[clock.doubtful]]), found.time_base, zero),
        damage=Damage(
            doubtful=len(clock.doubtful) + uneven,
            holes=tuple((round(start, 2), round(end, 2)) for start, end in holes.tolist()),
            ends=_wrong_end(found, clock, duration, zero),
            broken=len(contradictions),
            unread=found.unread,
        ),
    )
    _report(path, timeline, clock, found)
    for words in contradictions:
        log.warning("%s: its tables contradict each other: %s; are its times right?", path, words)
    return timeline


def _check_length(path: Path | str, duration: float, frames: int) -> None:
    """Work grows with the length, and a header of twenty bytes can claim any."""
    if duration > LONGEST_PAUSE and duration > frames * LONGEST_STILL:
        raise InputInvalid(
            f"claims {duration:.0f} s for {many(frames, 'frame')}: one every {duration / frames:.0f} s; "
            f"the limit for more than an hour is one every {LONGEST_STILL} s",
            where=str(path),
            remedy="its time stamps are wrong; for new ones: ffmpeg -i VIDEO -vf setpts=N/FR/TB OUT.mp4",
        )


def _report(path: Path | str, timeline: FrameTimeline, clock: Clock, found: FilePackets) -> None:
    """Say what is not as the file has it."""
    duration, usual = timeline.duration, float(found.usual * found.time_base)
    if found.n_streams > 1 and found.stream == 0:
        log.warning(
            "%s: %s in one file (a camera with several lenses?); only the first is read; --stream 1 reads the second",
            path, many(found.n_streams, "video stream"),
        )  # fmt: skip
    if found.raw:
        log.warning(
            "%s: a raw stream has no times; read at %.6g frames per second, %.2f s in all", path, 1 / usual, duration
        )
    if len(clock.doubtful):
        where = f", the first at {timeline.doubtful[0]:.2f} s" if len(timeline.doubtful) else ""
        log.warning(
            "%s: damaged times of %s%s; interpolated between their neighbours",
            path,
            many(len(clock.doubtful), "frame"),
            where,
        )
    if len(clock.joins):
        log.warning("%s: its clock jumps %d time(s); the parts are joined without a gap", path, len(clock.joins))
    if found.unread:
        log.warning(
            "%s: the last %.0f %% are not read: another recording begins there, on which FFmpeg does not go on; "
            "join recordings with: ffmpeg -f concat",
            path, 100 * found.unread,
        )  # fmt: skip
    if timeline.damage.ends is None:
        return
    promised = timeline.damage.ends[1]
    if promised > duration:
        log.warning("%s: ends early at %.2f s; its header says %.2f s", path, duration, promised)
    else:
        log.warning(
            "%s: has %.2f s of video, but its header says %.2f s: are its times right?", path, duration, promised
        )


def _wrong_end(found: FilePackets, clock: Clock, duration: float, zero: Fraction) -> tuple[float, float] | None:
    """Where the video ends, and where its header says, seconds; None where they agree, or it does not say."""
    if found.promised is None:
        return None
    own_end, usual = found.end_by(clock), float(found.usual * found.time_base)
    two_frames = min(2 * usual, 0.1 * found.promised)  # of a file of one frame, all of it
    if own_end is not None:
        promised, tolerance = float(own_end - zero), max(0.5, two_frames)
    else:  # it may cover sound that goes on, or be a little off
        before = max(0.0, float(zero)) if found.container.startswith(FROM_ZERO) else 0.0
        promised, tolerance = found.promised - before, 1 + 0.1 * found.promised
    told = own_end is not None or found.container.startswith(OF_ALL)
    longer = told and duration - promised > max(0.5, two_frames) and not len(clock.joins)
    return (round(duration, 2), round(promised, 2)) if longer or promised - duration > tolerance else None


def holes_of(times: Floats) -> tuple[Floats, int]:
    """Stretches (H, 2) without a frame, where frames are evenly apart elsewhere; and steps that are otherwise uneven.

    A file in which more than a few steps are uneven has a variable rate.
    """
    steps = np.diff(times)
    usual = even_step(steps, 1)
    if usual is None:
        return np.zeros((0, 2)), 0
    uneven = ~as_usual(steps, usual, 1)
    wide = uneven & (steps > 1.5 * usual)
    return np.stack([times[:-1][wide], times[1:][wide]], axis=1), int((uneven & ~wide).sum())


def _seconds(ticks: Ints, time_base: Fraction, zero: Fraction) -> Floats:
    """Ticks as seconds after `zero`, each rounded once wherever `zero` is a whole number of ticks."""
    offset = zero / time_base
    whole = math.floor(offset)
    seconds: Floats = (ticks - whole) * time_base.numerator / time_base.denominator
    rest = float((offset - whole) * time_base)
    return seconds - rest if rest else seconds


def _steps_back(path: Path | str, found: FilePackets) -> bool:
    """Whether the first frames come out of the decoder with times that step back."""
    container, stream = open_video(path, edited=found.edited, stream=found.stream)
    with container:
        frames = decoded_frames(packets_of(container, stream, path), stream.codec_context)
        times = [frame.pts for frame in itertools.islice(frames, ENOUGH) if frame.pts is not None]
    return any(later < earlier for earlier, later in itertools.pairwise(times))


def _decoded_ticks(path: Path | str, clock: Clock, found: FilePackets) -> Ints:
    """Presentation ticks of the frames that a full decode gives, increasing.

    A frame's own estimate is its presentation time, its packet's decoding time, or the usual distance to the frame
    before. Where these step back, or nothing but pictures is there, and every packet has a decoding time and gives a
    frame, the frames come at the decoding times in order, all of them as much later as the estimates mostly are.
    """
    container, stream = open_video(path, edited=found.edited, stream=found.stream)
    stream.thread_type = "FRAME"
    ticks: list[int] = []
    with container:
        packets = _retimed(packets_of(container, stream, path), clock)
        for frame in decoded_frames(packets, stream.codec_context):
            tick = frame.pts if frame.pts is not None else frame.dts
            if tick is None:
                tick = ticks[-1] + found.usual if ticks else 0
            ticks.append(tick)
    if not ticks:
        raise nothing_decodes(path)
    estimated, told = np.array(ticks, np.int64), np.sort(clock.dts[~found.hidden])
    if not found.raw and (np.diff(estimated) > 0).all():
        return estimated
    estimated = _apart(estimated)
    if len(told) == len(ticks) and told[0] != NEVER_SHOWN:
        return _apart(told + int(np.median(estimated - told)))
    return estimated


def _apart(ticks: Ints) -> Ints:
    """Sorted ticks made distinct, each at least one after the one before."""
    order = np.arange(len(ticks))
    return np.maximum.accumulate(ticks - order) + order


def _retimed(packets: Iterator[Packet[VideoStream]], clock: Clock) -> Iterator[Packet[VideoStream]]:
    """Packets with the times of the repaired clock."""
    for packet, pts, dts in zip(packets, clock.pts.tolist(), clock.dts.tolist(), strict=False):
        packet.pts = None if pts == NEVER_SHOWN else pts
        packet.dts = None if dts == NEVER_SHOWN else dts
        yield packet
