"""When each frame of a file is on screen, found without decoding: one pass over its packets.

Packets carry exact presentation times; headers, frame rates and frame counts are not trusted. The few files whose
packets have none (AVI with B-frames, raw streams) are decoded once; the times are those of the frames that come out.
Damaged times are repaired (`clock.py`) and reported.
"""

from __future__ import annotations

import itertools
import logging
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from bineego.errors import InputInvalid
from bineego.types import Bools, Floats, Ints
from bineego.video.clock import LONGEST_PAUSE, Clock, ClockFacts, mend
from bineego.video.damage import Damage
from bineego.video.decode import decoded_frames, packets_of
from bineego.video.keyframes import is_clean_entry
from bineego.video.probe import AV_TIME_BASE, nothing_decodes, open_video, pictures_of, promised_duration, start_time
from bineego.video.timeline import NEVER_SHOWN, FrameTimeline
from bineego.words import many

log = logging.getLogger(__name__)

OWN_LENGTHS = ("mov", "mxf")  # formats that write down the picture's own length; FFmpeg's for others may be a guess
PTS_ONLY = ("matroska", "asf", "ogg", "nut", "rm", "wtv")  # formats whose decoding times FFmpeg makes up
FROM_ZERO = ("asf", "nut")  # formats whose length counts from 0 on their clock, wherever they start
RAW = ("h264", "hevc", "mpegvideo", "obu", "mjpeg")  # formats of pictures alone, without any time
EVEN_STEPS = 12
"""Steps from frame to frame that a file must have to be called even."""

FEW = 4
"""Uneven steps up to which a file, however short, still counts as even."""

ROUNDING = 0.0011
"""Seconds by which even steps differ where a container counts milliseconds."""

ENOUGH = 64
"""Frames among which a decoder that changes the order of frames has changed it."""

LONGEST_STILL = 60
"""Seconds from frame to frame, on average, that a video of more than an hour may have; slide shows are far below."""

DURATION_TAG = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)")  # Matroska: "00:01:00.064000000"


def scan(path: Path | str, stream: int = 0) -> FrameTimeline:
    """The timeline of a file.

    Args:
        stream: which of its pictures, from 0, where it has several.

    Raises:
        InputMissing, InputInvalid: see `probe.open_video`; or nothing in it decodes, or a few frames claim hours.
    """
    found = _read(path, stream, edited=True)
    if found.may_be_coded and _steps_back(path, found):
        log.warning("%s: its times are in the order of decoding; its frames are shown in their own order", path)
        found = found.coded()
    clock = found.mended()
    if found.may_hide_frames(clock):
        whole = _read(path, stream, edited=False)
        unedited = whole.mended()
        if len(unedited.doubtful):
            found, clock = whole, unedited
    ticks, lengths = np.where(found.hidden, NEVER_SHOWN, clock.pts), found.lengths
    shown = ticks != NEVER_SHOWN
    by_order = bool((~shown & ~found.hidden).any() or not shown.any())
    if by_order:
        positions = _decoded_ticks(path, clock, found)
        frame_ticks, last_length = np.arange(len(positions), dtype=np.int64), 0.0
    else:
        frame_ticks, first = np.unique(ticks[shown], return_index=True)
        positions, last_length = frame_ticks, float(lengths[shown][first[-1]] * found.time_base)
    # A frame earlier than the container's start time means that the start time was a wrong guess.
    first_time = Fraction(int(positions[0])) * found.time_base
    zero = first_time if found.zero is None else min(found.zero, first_time)
    times = _seconds(positions, found.time_base, zero)
    if not 0 < last_length <= LONGEST_PAUSE:
        last_length = float(np.median(np.diff(times))) if len(times) > 1 else float(found.usual * found.time_base)
    duration = float(times[-1]) + last_length
    _check_length(path, duration, len(times))
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
            ends=_wrong_end(found, duration, zero, joined=bool(len(clock.joins))),
        ),
    )
    _report(path, timeline, clock, found)
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


def _report(path: Path | str, timeline: FrameTimeline, clock: Clock, found: _File) -> None:
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
    if timeline.damage.ends is None:
        return
    promised = timeline.damage.ends[1]
    if promised > duration:
        log.warning("%s: ends early at %.2f s; its header says %.2f s", path, duration, promised)
    else:
        log.warning(
            "%s: has %.2f s of video, but its header says %.2f s: are its times right?", path, duration, promised
        )


def _wrong_end(found: _File, duration: float, zero: Fraction, *, joined: bool) -> tuple[float, float] | None:
    """Where the video ends, and where its header says, seconds; None where they agree, or it does not say."""
    if found.promised is None:
        return None
    usual = float(found.usual * found.time_base)
    if found.own_end is not None:
        promised, tolerance = float(found.own_end - zero), max(0.5, 2 * usual)
    else:  # it may cover sound that goes on, or be a little off
        before = max(0.0, float(zero)) if found.container.startswith(FROM_ZERO) else 0.0
        promised, tolerance = found.promised - before, 1 + 0.1 * found.promised
    longer = found.own_end is not None and duration - promised > tolerance and not joined
    return (round(duration, 2), round(promised, 2)) if longer or promised - duration > tolerance else None


def holes_of(times: Floats) -> tuple[Floats, int]:
    """Stretches (H, 2) without a frame, where frames are evenly apart elsewhere; and steps that are otherwise uneven.

    A file in which more than a few steps are uneven has a variable rate.
    """
    steps = np.diff(times)
    if len(steps) < EVEN_STEPS:
        return np.zeros((0, 2)), 0
    usual = float(np.median(steps))
    uneven = np.abs(steps - usual) > ROUNDING + 0.02 * usual
    if uneven.sum() > max(FEW, 0.02 * len(steps)):
        return np.zeros((0, 2)), 0
    wide = uneven & (steps > 1.5 * usual)
    return np.stack([times[:-1][wide], times[1:][wide]], axis=1), int((uneven & ~wide).sum())


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
class _File:
    """What one pass over a file's P packets tells.

    Attributes:
        pts, dts: times (P,) as the file has them, ticks; `NEVER_SHOWN` where there is none.
        lengths: (P,) ticks, 0 where not told.
        hidden: (P,) packets that a player does not show.
        entries, marks: see `FrameTimeline`.
        n_promised: frames that the header counts, 0 where it does not.
        usual: ticks from one frame to the next.
        zero: what a player shows as 0:00, seconds on the file's clock; None where the container does not say.
        promised: length by the header, seconds.
        own_end: see `_own_end`.
        reorders: whether the decoder may give frames in another order than that of their packets.
        edited: whether its edit list was heeded.
        stream: which of its pictures this is, from 0.
        n_streams: how many it has.
    """

    pts: Ints
    dts: Ints
    lengths: Ints
    hidden: Bools
    entries: Bools
    marks: Ints
    time_base: Fraction
    container: str
    n_promised: int
    usual: int
    zero: Fraction | None
    promised: float | None
    own_end: Fraction | None
    reorders: bool
    edited: bool
    stream: int
    n_streams: int

    @property
    def raw(self) -> bool:
        """Whether the file is nothing but pictures."""
        return self.container in RAW

    @property
    def may_be_coded(self) -> bool:
        """Whether what the file calls presentation times may be decoding times: they only grow, though frames are
        reordered. Programs write that which copy an AVI into another container."""
        return self.reorders and bool((self.pts != NEVER_SHOWN).all() and (np.diff(self.pts) > 0).all())

    def coded(self) -> _File:
        """The same with its times taken for decoding times."""
        return replace(self, pts=np.full_like(self.pts, NEVER_SHOWN), dts=self.pts)

    def mended(self) -> Clock:
        """Its repaired clock."""
        known = self.pts[self.pts != NEVER_SHOWN]
        end = self.own_end
        promised = None if end is None or not len(known) else round(end / self.time_base) - int(known[0])
        pace = ClockFacts(
            usual=self.usual,
            second=max(1, round(1 / self.time_base)),
            by_dts=not (self.container.startswith(PTS_ONLY) and len(known)),
            promised=promised,
        )
        return mend(self.pts, self.dts, pace)

    def may_hide_frames(self, clock: Clock) -> bool:
        """Whether an edit list may hide frames because of a damaged time."""
        if not self.container.startswith("mov") or int((~self.hidden).sum()) >= self.n_promised:
            return False
        known = self.dts[self.dts != NEVER_SHOWN]
        leaps = len(known) > 1 and int(np.diff(known).max()) > 2 * self.usual
        return leaps or bool(self.hidden[clock.doubtful].any())


def _read(path: Path | str, number: int, *, edited: bool) -> _File:
    """One pass over the packets of a file's picture `number`."""
    container, stream = open_video(path, edited=edited, stream=number)
    with container:
        codec, extradata = stream.codec_context.name, stream.codec_context.extradata or b""
        time_base = stream.time_base or Fraction(1, 1000)
        entries, hidden, lengths, marks = [], [], [], []
        for packet in packets_of(container, stream, path):
            unseen = packet.is_discard or (codec in ("vp8", "libvpx") and _is_invisible_vp8(packet))
            hidden.append(unseen)
            lengths.append(packet.duration or 0)
            entries.append(packet.is_keyframe and not unseen and is_clean_entry(codec, packet, extradata))
            marks.append(packet_mark(packet))
        if not marks:
            raise nothing_decodes(path)
        marks_P4 = np.array(marks, np.int64)
        return _File(
            pts=marks_P4[:, 0],
            dts=marks_P4[:, 1],
            lengths=np.array(lengths, np.int64),
            hidden=np.array(hidden, np.bool_),
            entries=np.array(entries, np.bool_),
            marks=marks_P4,
            time_base=time_base,
            container=container.format.name,
            n_promised=stream.frames,
            usual=_usual(stream, np.array(lengths, np.int64), time_base),
            zero=start_time(container, stream),
            promised=promised_duration(container, stream),
            own_end=_own_end(container, stream),
            reorders=stream.codec_context.has_b_frames,
            edited=edited,
            stream=number,
            n_streams=len(pictures_of(container)),
        )


def _usual(stream: VideoStream, lengths: Ints, time_base: Fraction) -> int:
    """Ticks from one frame to the next: what the packets say, or else the header.

    Of raw streams the header's average is the demuxer's own 25; the packets' lengths come from the stream itself.
    """
    if (lengths > 0).any():
        return int(np.median(lengths[lengths > 0]))
    rate = stream.guessed_rate or stream.average_rate
    return max(1, round(1 / (rate * time_base))) if rate else 1


def _mark(value: int | None) -> int:
    return NEVER_SHOWN if value is None else value


def packet_mark(packet: Packet[VideoStream]) -> tuple[int, int, int, int]:
    """What `FrameTimeline.marks` holds of a packet."""
    return _mark(packet.pts), _mark(packet.dts), _mark(packet.pos), packet.size


def _is_invisible_vp8(packet: Packet[VideoStream]) -> bool:
    """VP8 keeps reference pictures that are never shown in packets of their own (RFC 6386, 9.1: show_frame)."""
    return not memoryview(packet)[0] & 0x10


def _steps_back(path: Path | str, found: _File) -> bool:
    """Whether the first frames come out of the decoder with times that step back."""
    container, stream = open_video(path, edited=found.edited, stream=found.stream)
    with container:
        frames = decoded_frames(packets_of(container, stream, path), stream.codec_context)
        times = [frame.pts for frame in itertools.islice(frames, ENOUGH) if frame.pts is not None]
    return any(later < earlier for earlier, later in itertools.pairwise(times))


def _decoded_ticks(path: Path | str, clock: Clock, found: _File) -> Ints:
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
