"""OpenCV as a second decoder, with the times and the size of the first. cv2 is imported only here.

It decodes every frame, hides damage, and is given only files that `probe` has accepted. Where a picture cannot be
converted (interlaced ones, in OpenCV 4 and 5) it says that all went well and gives what was in its memory; so its word
is not taken for it.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from bineego.errors import InputInvalid, UsageError
from bineego.types import Floats, Ints, Pixels
from bineego.video.frames import FrameOptions
from bineego.video.probe import FORMATS, check_plain_file
from bineego.video.timeline import FrameTimeline

log = logging.getLogger(__name__)

Found = tuple[int, Pixels | None, float]
"""As in `reader`: position among the frames asked for, picture, seconds."""

SAME = 8.0
"""Grey levels by which blocks of the same picture may differ on average between two programs. Seen in ten videos of all
kinds: up to 3.5 where pictures are right, 33 and more where they were not converted."""

BLOCK = 8
"""Pixels. Programs differ in how they scale colours up; in the mean of a block that does not show."""

CAPTURE_OPTIONS = "OPENCV_FFMPEG_CAPTURE_OPTIONS"  # the only way to hand options to its FFmpeg


def wanted_frames_opencv(
    path: Path, options: FrameOptions, timeline: FrameTimeline, wanted: Ints
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
            raise InputInvalid(
                "OpenCV cannot decode any frame of it", where=path, remedy="use the default backend, pyav"
            )
    finally:
        capture.release()


def can_read(path: Path, timeline: FrameTimeline) -> bool:
    """Whether OpenCV shows a file as this program does; it knows neither repaired times nor a second stream."""
    if timeline.stream == 0 and timeline.edited and not timeline.rewritten:
        return True
    log.warning(
        "%s: read with PyAV, because OpenCV does not support %s",
        path,
        "several streams in a file" if timeline.stream else "corrected times",
    )
    return False


def vouched(found: Iterator[Found], reference: Callable[[], Iterator[Found]], path: Path) -> Iterator[Found]:
    """What OpenCV found, as long as its pictures are those of the file; from the first that is not, PyAV's.

    A picture that was not converted is the one before it once more, or, at the start, whatever was in memory: these are
    compared with PyAV's. So is one that OpenCV does not give: it ends at the first packet that it cannot use.

    Args:
        found: every position asked for, in order.
        reference: PyAV's frames, for the same positions.
    """
    before: Pixels | None = None
    own: Iterator[Found] | None = None
    for item in found:
        position, picture, _ = item
        if picture is None or before is None or np.array_equal(picture, before):
            own = own or reference()
            right = next((other for other in own if other[0] >= position), None)
            if right is not None and right[1] is not None and (picture is None or _differ(picture, right[1])):
                log.warning("%s: OpenCV cannot read all its frames (is it interlaced?); read with PyAV instead", path)
                yield right
                yield from own
                return
        before = picture
        yield item


def _differ(one: Pixels, other: Pixels) -> bool:
    """Whether two pictures of one size are more apart than two programs' versions of the same one."""
    return bool(np.abs(_blocks(one) - _blocks(other)).mean() > SAME)


def _blocks(picture: Pixels) -> Floats:
    """Mean grey of each block."""
    grey = picture.mean(axis=2)
    height, width = (side // BLOCK for side in grey.shape)
    means: Floats = grey[: height * BLOCK, : width * BLOCK].reshape(height, BLOCK, width, BLOCK).mean(axis=(1, 3))
    return means


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


def _nearest(timeline: FrameTimeline, seconds: float) -> int:
    after = int(np.searchsorted(timeline.times, seconds))
    around = [index for index in (after - 1, after) if 0 <= index < len(timeline.times)]
    return min(around, key=lambda index: abs(float(timeline.times[index]) - seconds))


def _resized(cv2: ModuleType, picture_bgr: Pixels, options: FrameOptions) -> Pixels:
    height, width = options.shape(picture_bgr.shape[1], picture_bgr.shape[0])
    scaled = cv2.resize(picture_bgr, (width, height), interpolation=cv2.INTER_AREA)
    rgb: Pixels = cv2.cvtColor(scaled, cv2.COLOR_BGR2RGB)
    return rgb
