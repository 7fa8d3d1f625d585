"""What one pass over the packets of a file tells: its times as they stand, where decoding may begin, its headers.

Packets carry exact presentation times; headers, frame rates and frame counts are not trusted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from bineego.types import Bools, Ints
from bineego.video.clock import Clock, mend
from bineego.video.decode import packets_of
from bineego.video.headers import PLACEHOLDER, STATED, stated_length
from bineego.video.keyframes import is_clean_entry
from bineego.video.pace import Pace
from bineego.video.probe import (
    AV_TIME_BASE,
    exact,
    nothing_decodes,
    open_video,
    pictures_of,
    promised_duration,
    start_time,
)
from bineego.video.structure import unread_share
from bineego.video.tables import shown_length
from bineego.video.timeline import NEVER_SHOWN

OWN_LENGTHS = ("mov", "mxf")  # formats that write down the picture's own length; FFmpeg's for others may be a guess
OF_ALL = ("matroska", "avi", "flv", "asf")  # formats that write down the length of all that is in them
NO_LENGTH = ("mpegts", "mpeg")  # formats without a length: FFmpeg's is the distance of time stamps, right or wrong
PTS_ONLY = ("matroska", "asf", "ogg", "nut", "rm", "wtv")  # formats whose decoding times FFmpeg makes up
RAW = ("h264", "hevc", "mpegvideo", "obu", "mjpeg")  # formats of pictures alone, without any time

IN_ORDER = 0.01
"""Share of times that may be earlier than the one before, by damage, in a file whose codec does not reorder frames."""

WRAP = Fraction(1 << 33, 90_000)
"""Seconds after which the clock of MPEG files starts anew, 26.5 hours."""

HEADER = 4096
"""Bytes that a container may have before its first packet, at most, where FFmpeg guesses a length."""

DURATION_TAG = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)")  # Matroska: "00:01:00.064000000"


@dataclass(frozen=True, kw_only=True, eq=False)
class FilePackets:
    """What one pass over a file's P packets tells.

    Attributes:
        pts, dts: times (P,) as the file has them, ticks; `NEVER_SHOWN` where there is none.
        lengths: (P,) ticks, 0 where not told.
        hidden: (P,) packets that a player does not show.
        entries, marks: see `FrameTimeline`.
        n_promised: frames that the header counts, 0 where it does not.
        usual: ticks from one frame to the next.
        zero: what a player shows as 0:00, seconds on the file's clock; None where the container does not say.
        started: tick at which FFmpeg says that the picture starts, or `NEVER_SHOWN`.
        others: when the first of the other streams starts, seconds on the file's clock.
        promised: length by the header, seconds.
        own_end: seconds on its clock at which the picture ends, where the file says; see `_own_end`.
        reorders: whether the decoder may give frames in another order than that of their packets.
        edited: whether its edit list was heeded.
        stream: which of its pictures this is, from 0.
        n_streams: how many it has.
        unread: see `unread_share`.
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
    started: int
    others: Fraction | None
    promised: float | None
    own_end: Fraction | None
    reorders: bool
    edited: bool
    stream: int
    n_streams: int
    unread: float

    @property
    def raw(self) -> bool:
        """Whether the file is nothing but pictures."""
        return self.container in RAW

    @property
    def may_be_coded(self) -> bool:
        """Whether what the file calls presentation times may be decoding times: they only grow, though frames are
        reordered. Programs write that which copy an AVI into another container."""
        return self.reorders and bool((self.pts != NEVER_SHOWN).all() and (np.diff(self.pts) > 0).all())

    def coded(self) -> FilePackets:
        """The same with its times taken for decoding times."""
        return replace(self, pts=np.full_like(self.pts, NEVER_SHOWN), dts=self.pts)

    def mended(self) -> Clock:
        """Its repaired clock."""
        known = self.pts[self.pts != NEVER_SHOWN]
        end = self.own_end
        promised = None if end is None or not len(known) else round(end / self.time_base) - int(known[0])
        pace = Pace(
            usual=self.usual,
            second=max(1, round(1 / self.time_base)),
            by_dts=not (self.container.startswith(PTS_ONLY) and len(known)),
            by_lengths=self.container.startswith("mov"),
            in_order=not self.reorders and int((np.diff(known) < 0).sum()) <= max(1, IN_ORDER * len(known)),
            promised=promised,
            within=self._within(),
            stamped=self._stamped(),
        )
        # What an edit list hides has a time like all others; what is no picture of its own need not.
        return mend(self.pts, self.dts, pace, None if self.container.startswith("mov") else self.hidden)

    def _within(self) -> tuple[int, int] | None:
        """The first and the last tick that the header leaves room for; None where it does not say."""
        own = self.container.startswith("mov") and self.edited and self.started != NEVER_SHOWN
        if not (own or self.container.startswith(OF_ALL)):
            return None
        end = self.own_end if self.own_end is not None else self.promised
        return (self.started if own else 0, round(end / self.time_base)) if end else None

    def _stamped(self) -> tuple[int, int]:
        """Packets that share the first time stamp, and the last: FFmpeg tells the place of the first of them alone."""
        placed = np.flatnonzero(self.marks[:, 2] != NEVER_SHOWN)
        if self.container not in NO_LENGTH or len(placed) < 2:
            return 1, 1
        return max(1, int(placed[1])), len(self.marks) - int(placed[-1])

    def moved(self, clock: Clock) -> int:
        """By how many ticks the repaired clock has moved the packet whose time FFmpeg took for the start."""
        known = self.pts != NEVER_SHOWN
        starts = np.flatnonzero(known & (self.pts == self.started))[:1]
        return int((clock.pts - self.pts)[starts].sum())

    def zero_by(self, clock: Clock, first: Fraction) -> Fraction:
        """What a player would show as 0:00 if the clock were whole, seconds on it; the first frame is at `first`."""
        zero = self.zero
        if zero is not None and self.moved(clock):  # FFmpeg may count one stream from before its clock starts anew
            zero = None if self.others is None else first + (self.others - first + WRAP / 2) % WRAP - WRAP / 2
        # A frame earlier than the container's start time means that the start time was a wrong guess.
        return first if zero is None else min(zero, first)

    def end_by(self, clock: Clock) -> Fraction | None:
        """`own_end` if the clock were whole."""
        if self.own_end is None or not self.container.startswith(OWN_LENGTHS):
            return self.own_end
        return self.own_end + self.moved(clock) * self.time_base

    def may_hide_frames(self, clock: Clock) -> bool:
        """Whether an edit list may hide frames because of a damaged time."""
        if not self.container.startswith("mov") or int((~self.hidden).sum()) >= self.n_promised:
            return False
        known = self.dts[self.dts != NEVER_SHOWN]
        leaps = len(known) > 1 and int(np.diff(known).max()) > 2 * self.usual
        return leaps or bool(self.hidden[clock.doubtful].any())


def read_packets(path: Path | str, number: int, *, edited: bool) -> FilePackets:
    """One pass over the packets of a file's picture `number`."""
    container, stream = open_video(path, edited=edited, stream=number)
    with container:
        codec, extradata = stream.codec_context.name, stream.codec_context.extradata or b""
        time_base = exact(stream.time_base) or Fraction(1, 1000)
        entries, hidden, lengths, marks, reached = [], [], [], [], 0
        for packet in packets_of(container, stream, path):
            unseen = packet.is_discard or _shows_nothing(codec, packet)
            hidden.append(unseen)
            lengths.append(packet.duration or 0)
            entries.append(packet.is_keyframe and not unseen and is_clean_entry(codec, packet, extradata))
            marks.append(packet_mark(packet))
            reached = max(reached, (packet.pos or 0) + packet.size)
        if not marks:
            raise nothing_decodes(path)
        marks_P4 = np.array(marks, np.int64)
        # Headers take no time, whatever FFmpeg gives them.
        times = np.where(np.array(hidden)[:, None] & (codec == "theora"), NEVER_SHOWN, marks_P4[:, :2])
        return FilePackets(
            pts=times[:, 0],
            dts=times[:, 1],
            lengths=np.array(lengths, np.int64),
            hidden=np.array(hidden, np.bool_),
            entries=np.array(entries, np.bool_),
            marks=marks_P4,
            time_base=time_base,
            container=container.format.name,
            n_promised=stream.frames,
            usual=_usual(stream, np.array(lengths, np.int64), time_base),
            zero=start_time(container, stream),
            started=_mark(stream.start_time),
            others=_first_start(container, stream),
            promised=_told_length(Path(path), container, stream),
            own_end=_own_end(Path(path), container, stream, number),
            reorders=stream.codec_context.has_b_frames,
            edited=edited,
            stream=number,
            n_streams=len(pictures_of(container)),
            unread=round(unread_share(Path(path), reached), 2),
        )


def _first_start(container: InputContainer, stream: VideoStream) -> Fraction | None:
    """When the first of the other streams starts, seconds."""
    starts = [
        other.start_time * base
        for other in container.streams
        if other.index != stream.index and other.start_time is not None and (base := exact(other.time_base))
    ]
    return min(starts, default=None)


def _told_length(path: Path, container: InputContainer, stream: VideoStream) -> float | None:
    """Length by the header, seconds; None where it does not say, or FFmpeg makes one up.

    Recordings that were never closed, or went through a pipe, have none: then it is the size of the file by the rate of
    the streams whose rate is known, in most cases of the sound alone, and may be many times too long.
    """
    length, name = promised_duration(container, stream), container.format.name
    if name in STATED:
        return stated_length(path, name)
    if not length or name in NO_LENGTH or stream.frames >= PLACEHOLDER:
        return None
    rate = sum(other.codec_context.bit_rate or 0 for other in container.streams if other.codec_context is not None)
    guessed = 0 <= (container.size or 0) - length * rate / 8 < HEADER
    return None if rate and guessed and not name.startswith(OWN_LENGTHS) else length


def _own_end(path: Path, container: InputContainer, stream: VideoStream, number: int) -> Fraction | None:
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
    time_base = exact(stream.time_base)
    if container_format == "avi":  # FFmpeg's duration of a file that was cut is scaled to its size, the count is not
        return stream.frames * time_base if time_base and 0 < stream.frames < PLACEHOLDER else None
    if container_format.startswith(OWN_LENGTHS) and stream.duration and time_base:
        # FFmpeg's length of an MP4 is that of decoding; a last frame may be shown long after it is decoded.
        n = len(pictures_of(container))
        shown = shown_length(path, number, n) if container_format.startswith("mov") else Fraction(0)
        return (stream.start_time or 0) * time_base + max(stream.duration * time_base, shown)
    return None


def _usual(stream: VideoStream, lengths: Ints, time_base: Fraction) -> int:
    """Ticks from one frame to the next: what the packets say, or else the header.

    Of raw streams the header's average is the demuxer's own 25; the packets' lengths come from the stream itself.
    """
    if (lengths > 0).any():
        return int(np.median(lengths[lengths > 0]))
    rate = exact(stream.guessed_rate) or exact(stream.average_rate)
    return max(1, round(1 / (rate * time_base))) if rate else 1


def _mark(value: int | None) -> int:
    return NEVER_SHOWN if value is None else value


def packet_mark(packet: Packet[VideoStream]) -> tuple[int, int, int, int]:
    """What `FrameTimeline.marks` holds of a packet."""
    return _mark(packet.pts), _mark(packet.dts), _mark(packet.pos), packet.size


def _shows_nothing(codec: str, packet: Packet[VideoStream]) -> bool:
    """Whether a packet is one of those that a player never shows.

    VP8 keeps reference pictures in packets of their own (RFC 6386, 9.1: show_frame). Theora's headers come again where
    recordings are joined (its specification, 6.1: the first bit of a packet).
    """
    if codec in ("vp8", "libvpx"):
        return not memoryview(packet)[0] & 0x10
    return codec == "theora" and bool(memoryview(packet)[0] & 0x80)
