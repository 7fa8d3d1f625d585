"""Reading a video: frames with their seconds, in order, each exactly as a full decode gives it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bineego.errors import InputInvalid
from bineego.video.decode import Converter, decoded_frames, packets_of
from bineego.video.frames import FrameOptions, capped
from bineego.video.probe import nothing_decodes, open_video
from bineego.video.timeline import NEVER_SHOWN, Timeline, scan

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

log = logging.getLogger(__name__)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Picture = NDArray[np.uint8]
TimedFrame = tuple[int, Picture, float]
"""Index into `VideoReader.times`, RGB picture (H, W, 3), presentation time in seconds."""

HOLD = 16
"""Frames kept back for one that is late: files with times that run backward exist. Then it counts as damaged."""


class Backend(StrEnum):
    """What decodes."""

    PYAV = "pyav"
    OPENCV = "opencv"


class VideoReader:
    """One video file. The pass over its packets is made here, decoding in `read`.

    Args:
        path: a plain local file.
        options: size of the frames.
        backend: `OPENCV` decodes every frame and hides damage; it is there to compare with, and for builds of it that
            know codecs which the default does not.
        threads: decoding threads; 0 = one a core.
        timeline: that of the file, where the caller has it.

    Attributes:
        times: seconds (F,) of the frames that are kept under `frames.MAX_RATE`; 0 is what a player shows as 0:00.
        duration: seconds; after a `read` to the end, the length of what could be decoded.
        damaged: frames of the latest `read` that could not be decoded; the last good one stood in for each.

    Raises:
        InputMissing: not there, not a plain file, or not readable.
        InputInvalid: empty, no video, or no frame of it decodes.
    """

    def __init__(
        self,
        path: Path | str,
        options: FrameOptions | None = None,
        *,
        backend: Backend = Backend.PYAV,
        threads: int = 0,
        timeline: Timeline | None = None,
    ) -> None:
        self.path = Path(path)
        self.options = options or FrameOptions()
        self.backend = Backend(backend)
        self.timeline = timeline or scan(self.path)
        self.kept = capped(self.timeline.times)
        self.times: Floats = self.timeline.times[self.kept]
        self.duration = self.timeline.duration
        self.damaged = 0
        self._threads = threads

    def read(self, indices: ArrayLike | None = None) -> Iterator[TimedFrame]:
        """Frames in order of presentation: (index, uint8 (H, W, 3) RGB, seconds), one for each index asked for.

        Args:
            indices: sorted, distinct indices into `times`; None = all.

        Raises:
            InputInvalid: no frame could be decoded.
        """
        wanted = check_indices(indices, len(self.times))
        self.damaged = 0
        if len(wanted) == 0:
            return iter(())
        return self._deliver(wanted)

    def _deliver(self, wanted: Ints) -> Iterator[TimedFrame]:
        if self.backend is Backend.OPENCV:
            from bineego.video.opencv import read_opencv

            found: Iterable[tuple[int, Picture | None, float]] = read_opencv(
                self.path, self.options, self.timeline, self.kept[wanted]
            )
        else:
            found = self._decode(self.kept[wanted])
        delivery = Delivery(self.path, wanted, self.times)
        yield from delivery.run(found)
        if delivery.missing and self.backend is Backend.PYAV and self._threads != 1:
            # An error among the last packets takes frames of other decoding threads with it.
            delivery.retry = decode_frames(self.path, self.options, self.timeline, self.kept[delivery.rest], threads=1)
        yield from delivery.finish()
        self.damaged = delivery.damaged
        if wanted[-1] == len(self.times) - 1 and delivery.last_good is not None:
            last = int(np.searchsorted(self.timeline.times, delivery.last_good + 1e-9, side="right")) - 1
            self.duration = self.timeline.seconds_after(max(0, last))
        delivery.warn()
