"""OpenCV as a second decoder, with the times and the size of the first. cv2 is imported only here.

It decodes every frame, hides damage, and is given only files that `probe` has accepted.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from bineego.errors import InputInvalid, UsageError
from bineego.types import Ints, Pixels
from bineego.video.frames import FrameOptions
from bineego.video.probe import FORMATS, check_plain_file
from bineego.video.timeline import Timeline

CAPTURE_OPTIONS = "OPENCV_FFMPEG_CAPTURE_OPTIONS"  # the only way to hand options to its FFmpeg


def wanted_frames_opencv(
    path: Path, options: FrameOptions, timeline: Timeline, wanted: Ints
) -> Iterator[tuple[int, Pixels | None, float]]:
    """As `decode.wanted_frames`: (position in `wanted`, picture, seconds), through OpenCV.

    Args:
        wanted: indices (K,) into `timeline.times`.

    Raises:
        UsageError: OpenCV cannot be imported.
        InputInvalid: OpenCV cannot open the file.
    """
    cv2 = import_cv2()
    position_of = {index: position for position, index in enumerate(wanted.tolist())}
    capture = _open(cv2, path)
    try:
        order, first = 0, 0.0
        while position_of and capture.grab():
            index = order
            if not timeline.by_order:
                # OpenCV counts from the stream's start, which may be later than 0:00.
                clock = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
                first = clock if order == 0 else first
                index = _nearest(timeline, float(timeline.times[0]) + clock - first)
            order += 1
            position = position_of.pop(index, None)
            if position is None:
                continue
            good, picture = capture.retrieve()
            seconds = float(timeline.times[index])
            yield position, _resized(cv2, picture, options) if good else None, seconds
        if order == 0:
            raise InputInvalid("OpenCV can decode no frame of it", where=path, remedy="use the default backend, pyav")
    finally:
        capture.release()


def import_cv2() -> ModuleType:
    """The module, or an error that says how to do without.

    Raises:
        UsageError: it cannot be imported.
    """
    try:
        import cv2
    except ImportError as error:
        raise UsageError(
            f"OpenCV cannot be loaded ({error})",
            remedy="leave out --backend opencv, or install the system's libGL, or: pip install opencv-python-headless",
        ) from error
    module: ModuleType = cv2
    return module


def _open(cv2: ModuleType, path: Path) -> Any:
    check_plain_file(path)
    with _environment(CAPTURE_OPTIONS, f"protocol_whitelist;file|format_whitelist;{','.join(FORMATS)}"):
        capture = cv2.VideoCapture(f"file:{path.absolute()}", cv2.CAP_FFMPEG)
    if not capture.isOpened():
        raise InputInvalid("OpenCV cannot open it", where=path, remedy="use the default backend, pyav")
    return capture


@contextlib.contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _nearest(timeline: Timeline, seconds: float) -> int:
    after = int(np.searchsorted(timeline.times, seconds))
    around = [index for index in (after - 1, after) if 0 <= index < len(timeline.times)]
    return min(around, key=lambda index: abs(float(timeline.times[index]) - seconds))


def _resized(cv2: ModuleType, picture_bgr: Pixels, options: FrameOptions) -> Pixels:
    height, width = options.shape(picture_bgr.shape[1], picture_bgr.shape[0])
    scaled = cv2.resize(picture_bgr, (width, height), interpolation=cv2.INTER_AREA)
    rgb: Pixels = cv2.cvtColor(scaled, cv2.COLOR_BGR2RGB)
    return rgb
