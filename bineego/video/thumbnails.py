"""Small pictures of a video at about given times: the key frames before them, so that hours of video cost seconds."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from av.error import FFmpegError

from bineego.types import Floats, Pixels
from bineego.video.decode import Converter, decoded_frames, packets_of
from bineego.video.frames import FrameOptions
from bineego.video.probe import exact, open_video, start_time


def thumbnails(path: Path | str, times: Floats, height: int) -> Iterator[Pixels]:
    """A picture (height, W, 3) for each of `times` (N,) in seconds, W by the video's own proportions.

    Where nothing decodes, the previous picture is used; if nothing ever does, there are none.

    Raises:
        InputMissing, InputInvalid: see `probe.open_video`.
    """
    container, stream = open_video(path)
    last: Pixels | None = None
    with container:
        zero = start_time(container, stream) or Fraction(0)
        time_base = exact(stream.time_base) or Fraction(1, 1000)
        convert: Converter | None = None
        for seconds in np.asarray(times, np.float64).tolist():
            with contextlib.suppress(FFmpegError, OverflowError):
                container.seek(round((Fraction(seconds) + zero) / time_base), stream=stream, backward=True)
                frame = next(decoded_frames(packets_of(container, stream, path), stream.codec_context), None)
                stream.codec_context.flush_buffers()
                if frame is not None and not frame.is_corrupt:
                    convert = convert or Converter(FrameOptions(size=max(16, height), keep_aspect=True))
                    last = convert(frame)
            if last is not None:
                yield last
