"""Opening video files that nobody vouches for: plain local files only, in the container formats listed here.

FFmpeg takes far more than files: `concat:`, `subfile,,` and `http:` open through a "path", and a play list named
`.mp4` opens whatever it names. So a path reaches FFmpeg only as `file:` and an absolute path, with every other
protocol and every format that opens further files switched off.

Exit codes of what is raised here: not there or not readable = 3 (`InputMissing`); read, but empty, no video, or damaged
beyond use = 4 (`InputInvalid`).
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol, cast

import av
import av.logging
import numpy as np
from av.buffer import Buffer
from av.container import InputContainer
from av.container.core import Flags
from av.error import FFmpegError
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from bineego.errors import InputInvalid, InputMissing
from bineego.types import Pixels

FORMATS = (
    "mov", "mp4", "matroska", "webm", "avi", "mpegts", "mpeg", "mpegvideo", "flv", "asf", "ogg", "mxf", "h264", "hevc",
    "m4v", "obu", "ivf", "nut", "rm", "wtv", "dv", "mjpeg", "yuv4mpegpipe", "gif", "apng",
)  # fmt: skip
"""FFmpeg's names of the formats that are opened. None of them opens a second file; play lists and image patterns do."""

RAW_JPEG, RAW_JPEG_ENDINGS = "mjpeg", (".mjpeg", ".mjpg")
"""The one format that goes by its ending: by its content such a file is a picture."""

MAX_PIXELS = 16384 * 16384
"""Largest picture decoded. A header may claim any size; this is four times 16K panoramic video."""

_COVER = Disposition.attached_pic
_GEN_PTS = cast(int, Flags.gen_pts.value)
AV_TIME_BASE = 1_000_000  # container times are in microseconds
_LENIENT: dict[str, Any] = {} if int(av.__version__.split(".")[0]) >= 19 else {"metadata_errors": "replace"}
"""Titles and tags are not ours to judge: old files have them in any encoding. PyAV 19 takes them as they are."""


class Ratio(Protocol):
    """A rational number of PyAV: a `Fraction` up to release 18, a type of its own from 19 on."""

    @property
    def numerator(self) -> int: ...
    @property
    def denominator(self) -> int: ...


@dataclass(frozen=True, kw_only=True)
class Orientation:
    """How decoded pictures are turned to stand as a player shows them: first transposed, then mirrored."""

    transposed: bool = False
    left_right: bool = False
    upside_down: bool = False

    def apply(self, picture_HWC: Pixels) -> Pixels:
        """The turned picture, contiguous."""
        if self.transposed:
            picture_HWC = picture_HWC.transpose(1, 0, 2)
        if self.left_right:
            picture_HWC = picture_HWC[:, ::-1]
        if self.upside_down:
            picture_HWC = picture_HWC[::-1]
        return np.ascontiguousarray(picture_HWC)

    @classmethod
    def of(cls, frame: VideoFrame) -> Orientation:
        """From the display matrix that decoding left on a frame: x' = a x + c y, y' = b x + d y."""
        matrix = bytes(cast(Buffer, frame.side_data.get("DISPLAYMATRIX", b"")))
        if len(matrix) >= 36:
            a, b, _, c, d = np.frombuffer(matrix, "=i4", 5).tolist()
            if abs(a) + abs(d) >= abs(b) + abs(c):
                return cls(left_right=a < 0, upside_down=d < 0)
            return cls(transposed=True, left_right=c < 0, upside_down=b < 0)
        return cls()


@dataclass(frozen=True, kw_only=True)
class VideoInfo:
    """What a file says of itself, with the first frame decoded.

    Attributes:
        width, height: pixels of the picture as a player shows it, after rotation.
        duration: length that the header promises, seconds, or None. The true length is a `FrameTimeline`'s.
    """

    width: int
    height: int
    duration: float | None


def open_video(
    path: Path | str, *, edited: bool = True, stream: int = 0, logged: bool = False
) -> tuple[InputContainer, VideoStream]:
    """The opened container and its video stream; the caller closes the container.

    Args:
        edited: whether the edit list of an MP4 cuts frames off.
        stream: which of several pictures (`pictures_of`), from 0.
        logged: whether FFmpeg writes its errors to standard error (descriptor 2), for a process that reads them there.

    Raises:
        InputMissing: not there, not a plain file, or not readable.
        InputInvalid: empty, no video, or damaged beyond use.
    """
    path = Path(path)
    check_plain_file(path)
    # Older torchvision lets FFmpeg's threads log through Python: freeing a decoder, which holds the interpreter's lock,
    # then waits for a thread that waits for the lock.
    av.logging.set_level(None)
    if logged:  # by FFmpeg's own function, which knows nothing of Python
        av.logging.restore_default_callback()
        av.logging.set_libav_level(av.logging.ERROR)
    options = {"protocol_whitelist": "file", "format_whitelist": ",".join(FORMATS)}
    if not edited:
        options["ignore_editlist"] = "1"
    try:
        # The absolute path after `file:` is taken as it is, so `a:b.mp4` and `concat:x` are file names.
        name, named = f"file:{path.absolute()}", RAW_JPEG if path.suffix.casefold() in RAW_JPEG_ENDINGS else None
        container = av.open(name, format=named, options=options, **_LENIENT)
    except FFmpegError as error:
        raise InputInvalid(
            "not a video, or damaged beyond use",
            where=path,
            remedy=f"check whether it plays, or make a new copy (FFmpeg says: {error.strerror})",
        ) from error
    # PyAV asks for invented presentation times; where a file has none, the decoder's are the right ones.
    container.flags &= ~_GEN_PTS
    streams = pictures_of(container)
    if not streams or streams[0].codec_context is None:
        container.close()
        raise InputInvalid("contains no video", where=path, remedy="name a file with a video stream")
    if not 0 <= stream < len(streams):
        container.close()
        there = "one video stream, 0" if len(streams) == 1 else f"video streams 0 to {len(streams) - 1}"
        raise InputInvalid(f"has no video stream {stream}", where=path, remedy=f"it has {there}")
    chosen = streams[stream]
    chosen.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
    return container, chosen


def pictures_of(container: InputContainer) -> list[VideoStream]:
    """The video streams of a file: one a lens, in those of some cameras. A cover picture is none."""
    return [video for video in container.streams.video if not video.disposition & _COVER]


def check_plain_file(path: Path) -> None:
    """Refuse anything but a readable, plain, non-empty local file.

    Raises:
        InputMissing, InputInvalid: see `open_video`.
    """
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            what = "a folder" if stat.S_ISDIR(found.st_mode) else "a device or pipe"
            raise InputMissing(f"is {what}, not a video file", where=path)
        os.close(os.open(path, os.O_RDONLY))
    except FileNotFoundError as error:
        raise InputMissing("no such file", where=path, remedy="check the path") from error
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputMissing(
            f"cannot be read ({reason})", where=repr(str(path)) if "\0" in str(path) else path
        ) from error
    if found.st_size == 0:
        raise InputInvalid("the file is empty", where=path, remedy="make a new copy of it")


def exact(ratio: Ratio | None) -> Fraction | None:
    """A rational number of PyAV, None where FFmpeg has none: PyAV says None or 0 then, as its release has it."""
    return Fraction(ratio.numerator, ratio.denominator) if ratio else None


def start_time(container: InputContainer, stream: VideoStream) -> Fraction | None:
    """Seconds at which a player's clock says 0:00, or None where the container does not say.

    The container rounds it to microseconds; the stream that it came from has it exactly.
    """
    start = cast(int | None, container.start_time)
    if start is None:
        return None
    rounded = Fraction(start, AV_TIME_BASE)
    for candidate in (stream, *container.streams):
        time_base = exact(candidate.time_base)
        if candidate.start_time is not None and time_base is not None:
            own: Fraction = candidate.start_time * time_base
            if abs(own - rounded) <= Fraction(1, AV_TIME_BASE):
                return own
    return rounded


def promised_duration(container: InputContainer, stream: VideoStream) -> float | None:
    """Length in seconds by the header, or None."""
    time_base = exact(stream.time_base)
    if stream.duration is not None and time_base is not None:
        return float(stream.duration * time_base)
    return None if container.duration is None else container.duration / AV_TIME_BASE


def probe(path: Path | str) -> VideoInfo:
    """What the file says of itself. Decodes up to the first good frame.

    Raises:
        InputMissing: not there, not a plain file, or not readable.
        InputInvalid: empty, no video, or no frame of it decodes.
    """
    container, stream = open_video(path)
    with container:
        frame = _first_frame(container, stream)
        if frame is None:
            raise nothing_decodes(path)
        width, height = frame.width, frame.height
        if Orientation.of(frame).transposed:
            width, height = height, width
        return VideoInfo(width=width, height=height, duration=promised_duration(container, stream))


def nothing_decodes(path: Path | str) -> InputInvalid:
    """The error of a file that opens and gives no picture."""
    return InputInvalid(
        "no frame of it can be decoded", where=path, remedy="check whether it plays, or make a new copy"
    )


def _first_frame(container: InputContainer, stream: VideoStream) -> VideoFrame | None:
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except FFmpegError:
            return None
        if packet is None:
            return None
        try:
            for frame in packet.decode():
                if not frame.is_corrupt:
                    return frame
        except FFmpegError:
            continue
