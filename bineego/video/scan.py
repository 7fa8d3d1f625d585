"""When each frame of a file is on screen, found without decoding: one pass over its packets.

Packets carry exact presentation times; headers, frame rates and frame counts are not trusted. The few files whose
packets have none (AVI with B-frames, raw streams) are decoded once; the times are those of the frames that come out.
"""

from __future__ import annotations

import logging
import math
import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from bineego.types import Bools, Floats, Ints
from bineego.video.decode import decoded_frames, packets_of
from bineego.video.keyframes import is_clean_entry
from bineego.video.probe import AV_TIME_BASE, nothing_decodes, open_video, promised_duration, start_time
from bineego.video.timeline import NEVER_SHOWN, Timeline

log = logging.getLogger(__name__)

MAX_STEP_BACK = 1.0  # seconds; decoding times only grow, so a larger step back is where two recordings were joined
MAX_STEP_AHEAD = 3600.0  # seconds; no recording pauses for longer, but damaged times do
OWN_LENGTHS = ("mov", "mxf")  # formats that write down the picture's own length; FFmpeg's for others may be a guess
DURATION_TAG = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)")  # Matroska: "00:01:00.064000000"


def scan(path: Path | str) -> Timeline:
    """The timeline of a file.

    Raises:
        InputMissing, InputInvalid: see `probe.open_video`; or nothing in it decodes.
    """
    container, stream = open_video(path)
    with container:
        packets = _read_packets(container, stream, path)
        rate = stream.average_rate or stream.guessed_rate
        usual = float(1 / rate) if rate else 0.0
        time_base = stream.time_base or Fraction(1, 1000)
        zero = start_time(container, stream)
        promised = promised_duration(container, stream)
        own_end = _own_end(container, stream)
    if not len(packets.marks):
        raise nothing_decodes(path)
    shown = packets.ticks[packets.ticks != NEVER_SHOWN]
    if packets.complete and len(shown):
        ticks, first = np.unique(shown, return_index=True)
        last_length = float(packets.lengths[packets.ticks != NEVER_SHOWN][first[-1]] * time_base)
        positions = ticks
    else:
        positions = _decoded_ticks(path, max(1, round(usual / time_base)))
        ticks, last_length = np.arange(len(positions), dtype=np.int64), 0.0
    # A frame earlier than the container's start time means that the start time was a wrong guess.
    first_time = Fraction(int(positions[0])) * time_base
    zero = first_time if zero is None else min(zero, first_time)
    times = _seconds(positions, time_base, zero)
    if not 0 < last_length <= MAX_STEP_AHEAD:
        last_length = float(np.median(np.diff(times))) if len(times) > 1 else usual
    duration = float(times[-1]) + last_length
    if own_end is not None:
        promised, tolerance = float(own_end - zero), max(0.5, 2 * usual)
    else:  # it may cover sound that goes on, or be a little off
        tolerance = 1 + 0.1 * (promised or 0)
    if promised is not None and promised - duration > tolerance:
        log.warning("%s: breaks off at %.2f s; its header promises %.2f s", path, duration, promised)
    return Timeline(
        times=times,
        ticks=ticks,
        duration=duration,
        by_order=not packets.complete,
        packet_ticks=packets.ticks,
        rewritten=packets.rewritten,
        entries=packets.entries,
        marks=packets.marks,
        time_base=time_base,
    )


def _own_end(container: InputContainer, stream: VideoStream) -> Fraction | None:
    """Seconds on the container's clock at which the picture itself ends by the header, or None where only a length of
    the whole file is there."""
    container_format = container.format.name
    if container_format.startswith("matroska"):
        found = DURATION_TAG.fullmatch(stream.metadata.get("DURATION", ""))
        if found is None:
            return None
        hours, minutes, seconds = map(Fraction, found.groups())
        end = 3600 * hours + 60 * minutes + seconds
        # Cutting tools leave the tag of the longer original.
        stale = container.duration is not None and end > Fraction(container.duration, AV_TIME_BASE) + 1
        return None if stale else end
    if container_format.startswith(OWN_LENGTHS) and stream.duration and stream.time_base:
        return Fraction(((stream.start_time or 0) + stream.duration) * stream.time_base)
    return None


def _seconds(ticks: Ints, time_base: Fraction, zero: Fraction) -> Floats:
    """Ticks as seconds after `zero`, each rounded once wherever `zero` is a whole number of ticks."""
    offset = zero / time_base
    whole = math.floor(offset)
    seconds: Floats = (ticks - whole) * time_base.numerator / time_base.denominator
    rest = float((offset - whole) * time_base)
    return seconds - rest if rest else seconds


@dataclass(frozen=True, kw_only=True, eq=False)
class _Packets:
    ticks: Ints
    lengths: Ints
    entries: Bools
    marks: Ints
    complete: bool  # every shown packet has a presentation time
    rewritten: bool


def _read_packets(container: InputContainer, stream: VideoStream, path: Path | str) -> _Packets:
    time_base = stream.time_base or Fraction(1, 1000)
    step_back = -max(1, int(MAX_STEP_BACK / time_base))
    step_ahead = max(1, int(MAX_STEP_AHEAD / time_base))
    codec, extradata = stream.codec_context.name, stream.codec_context.extradata or b""
    ticks, lengths, entries, marks = [], [], [], []
    complete, repaired, offset, jumps = True, False, 0, 0
    clock: int | None = None  # decoding time of the packet before, joined
    length = 1
    for packet in packets_of(container, stream, path):
        pts, dts = packet.pts, packet.dts
        if dts is not None:
            if clock is not None and not step_back <= dts + offset - clock <= step_ahead:
                offset = clock + length - dts
                jumps += 1
            clock = dts + offset
            if pts is not None and abs(pts - dts) > step_ahead:  # no reordering reaches that far: a damaged time
                pts, repaired = dts, True
        length = packet.duration or length
        hidden = packet.is_discard or (codec in ("vp8", "libvpx") and _is_invisible_vp8(packet))
        if hidden:
            ticks.append(NEVER_SHOWN)
        elif pts is None:
            complete = False
            ticks.append(NEVER_SHOWN)
        else:
            ticks.append(pts + offset)
        lengths.append(packet.duration or 0)
        entries.append(packet.is_keyframe and not hidden and is_clean_entry(codec, packet, extradata))
        marks.append((_mark(pts), _mark(dts), _mark(packet.pos), packet.size))
    if jumps and complete:
        log.warning("%s: its clock jumps %d time(s); the parts are joined without a gap", path, jumps)
    return _Packets(
        ticks=np.array(ticks, np.int64),
        lengths=np.array(lengths, np.int64),
        entries=np.array(entries, np.bool_),
        marks=np.array(marks, np.int64).reshape(-1, 4),
        complete=complete,
        rewritten=repaired or bool(jumps),
    )


def _mark(value: int | None) -> int:
    return NEVER_SHOWN if value is None else value


def packet_mark(packet: Packet[VideoStream]) -> tuple[int, int, int, int]:
    """What `Timeline.marks` holds of a packet."""
    return _mark(packet.pts), _mark(packet.dts), _mark(packet.pos), packet.size


def _is_invisible_vp8(packet: Packet[VideoStream]) -> bool:
    """VP8 keeps reference pictures that are never shown in packets of their own (RFC 6386, 9.1: show_frame)."""
    return not memoryview(packet)[0] & 0x10


def _decoded_ticks(path: Path | str, usual: int) -> Ints:
    """Presentation ticks of the frames that a full decode gives, made increasing.

    Args:
        usual: ticks between two frames where neither has a time.
    """
    container, stream = open_video(path)
    stream.thread_type = "FRAME"
    ticks: list[int] = []
    with container:
        for frame in decoded_frames(packets_of(container, stream, path), stream.codec_context):
            tick = frame.pts if frame.pts is not None else frame.dts
            least = ticks[-1] + 1 if ticks else 0
            if tick is None:
                tick = ticks[-1] + usual if ticks else 0
            ticks.append(max(tick, least))
    if not ticks:
        raise nothing_decodes(path)
    return np.array(ticks, np.int64)
