"""Reading a video: frames with their seconds, in order, each exactly as a full decode gives it."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from bineego.errors import InputInvalid
from bineego.types import Floats, Ints, Pixels
from bineego.video.damage import Damage
from bineego.video.decode import Converter, wanted_frames
from bineego.video.entry import entry_before, opened_at
from bineego.video.frames import Backend, FrameOptions, TimedFrame, capped, on_screen
from bineego.video.probe import nothing_decodes
from bineego.video.scan import scan
from bineego.video.structure import broken_parts
from bineego.video.timeline import FrameTimeline

__all__ = ["Backend", "Found", "VideoReader", "check_indices", "in_order"]

log = logging.getLogger(__name__)


"""Index into `VideoReader.times`, RGB picture (H, W, 3), presentation time in seconds."""

Found = tuple[int, Pixels | None, float]
"""Position among the frames asked for, its picture, seconds: what a backend gives, in its own order. Without a picture
the frame is damaged, and the seconds mean nothing."""

HOLD = 16
"""Frames kept back for one that is late: files with times that run backward exist. Then it counts as damaged."""


class VideoReader:
    """One video file. The pass over its packets is made here, decoding in `read`.

    Args:
        path: a plain local file.
        options: size of the frames.
        backend: what decodes. OpenCV decodes every frame and hides damage; it is there to compare with.
        threads: decoding threads; 0 = one a core.
        timeline: that of the file, where the caller has it.
        stream: which of the file's pictures, from 0, where it has several.
        start, end: the part to read, seconds; its times count from `start`. None = to the end of the video.

    Attributes:
        times: seconds (F,) of the frames that are kept under `frames.MAX_RATE`; 0 is what a player shows as 0:00, or
            `start`.
        duration: seconds; after a `read` to the last frame, the length of what could be decoded.
        damaged: frames of the latest `read` that could not be decoded; the last good one stood in for each.

    Raises:
        InputMissing: not there, not a plain file, or not readable.
        InputInvalid: empty, no video, no frame of it decodes, or it ends before `start`.
    """

    def __init__(
        self,
        path: Path | str,
        options: FrameOptions | None = None,
        *,
        backend: Backend = Backend.PYAV,
        threads: int = 0,
        timeline: FrameTimeline | None = None,
        stream: int = 0,
        start: float = 0.0,
        end: float | None = None,
    ) -> None:
        self.path = Path(path)
        self.options = options or FrameOptions()
        self.backend = Backend(backend)
        self.timeline = timeline or scan(self.path, stream)
        self.start, self.end = start, self.timeline.duration if end is None else min(end, self.timeline.duration)
        if start and start >= self.timeline.duration:
            raise InputInvalid(f"ends at {self.timeline.duration:.2f} s, before {start:g} s", where=self.path)
        self.kept = self._within(capped(self.timeline.times))
        self.times: Floats = self._counted(self.timeline.times[self.kept])
        self.duration = self.end - start
        self.damaged = 0
        self._threads = threads
        self._trouble: list[float] = []
        self._lost: list[float] = []

    def _within(self, kept: Ints) -> Ints:
        """Of these frames those of the part, from the one that is on screen when it begins."""
        if not self.start and self.end == self.timeline.duration:
            return kept
        times = self.timeline.times[kept]
        return kept[int(on_screen(times, self.start)) : int(np.searchsorted(times, self.end))]

    def _counted(self, seconds: Floats) -> Floats:
        """Times on the clock of the video as those of the part; the frame on screen at its start is there at 0."""
        return np.maximum(seconds - self.start, 0.0) if self.start else seconds

    @property
    def damage(self) -> Damage:
        """What is noticed of the file without decoding, and what the latest `read` met. Reads the file once more."""
        return self.timeline.damage.with_broken(broken_parts(self.path)).at(
            [*self._trouble, *self._lost], lost=self.damaged
        )

    def read(self, indices: ArrayLike | None = None) -> Iterator[TimedFrame]:
        """Frames in order of presentation: (index, uint8 (H, W, 3) RGB, seconds), one for each index asked for.

        Args:
            indices: sorted, distinct indices into `times`; None = all.

        Raises:
            InputInvalid: no frame could be decoded.
        """
        return self.deliver(check_indices(indices, len(self.times)))

    def deliver(self, wanted: Ints, found: Generator[Found, None, None] | None = None) -> Iterator[TimedFrame]:
        """Frames `wanted` in order, from what a decoder has `found` (by default this reader's own).

        Frames that were not found are replaced and counted; what was is passed on as it comes.
        """
        self.damaged = 0
        self._trouble.clear()
        self._lost.clear()
        if len(wanted) == 0:
            return
        last: Pixels | None = None
        last_good, waiting = 0, 0
        # Closed with this generator, not when nothing holds it any more: processes may decode for it.
        with contextlib.closing(self.in_order(wanted) if found is None else found) as frames:
            for position, picture, seconds in frames:
                if picture is None:
                    seconds = float(self.times[wanted[position]]) + self.start
                    self._lost.append(seconds)
                    self.damaged += 1
                    if last is None:
                        waiting += 1  # nothing good before it: the first good frame will be used
                        continue
                    picture = last
                else:
                    last, last_good = picture, position
                for early in range(position - waiting, position):
                    yield TimedFrame(int(wanted[early]), picture, float(self.times[wanted[early]]))
                waiting = 0
                shown = max(0.0, seconds - self.start) if self.start else seconds
                yield TimedFrame(int(wanted[position]), picture, shown)
        if last is None:
            raise nothing_decodes(self.path)
        if wanted[-1] == len(self.times) - 1:
            decoded = self.timeline.seconds_after(int(self.kept[wanted[last_good]]))
            self.duration = min(decoded, self.end) - self.start
        if self.damaged:
            log.warning(
                "%s: %d of %d frames are damaged, the first at %.2f s; each is replaced by the last good frame",
                self.path, self.damaged, len(wanted), self._lost[0],
            )  # fmt: skip
        elif self._trouble:
            log.warning("%s: damaged data near %.2f s; the decoder patched the pictures", self.path, self._trouble[0])

    def in_order(self, wanted: Ints) -> Generator[Found, None, None]:
        """Every position of `wanted` once and in order, with None for what does not decode."""
        done = yield from in_order(self._decoded(wanted, self._threads))
        if 0 < done < len(wanted) and self.backend is Backend.PYAV and self._threads != 1:
            # An error among the last packets takes along what other decoding threads had ready.
            again = in_order(self._decoded(wanted[done:], 1))
            done += yield from _shifted(again, done)
        yield from _nothing(done, len(wanted))

    def _decoded(self, wanted: Ints, threads: int) -> Iterator[Found]:
        frames = self.kept[wanted]
        if self.backend is Backend.OPENCV:
            from bineego.video.opencv import can_read, vouched, wanted_frames_opencv

            if can_read(self.path, self.timeline):
                theirs = _all(wanted_frames_opencv(self.path, self.options, self.timeline, frames), len(frames))
                yield from vouched(theirs, lambda: _all(self._own(frames, threads), len(frames)), self.path)
                return
        yield from self._own(frames, threads)

    def _own(self, frames: Ints, threads: int) -> Iterator[Found]:
        """Decoded by PyAV, from the last place before the first frame where decoding may begin.

        Where there is damage after that, all is decoded again from the start of the file, as what a decoder makes of
        damage depends on all that it was given before.
        """
        first = entry_before(self.timeline, int(self.timeline.ticks[frames[0]]))
        yield from self._own_from(first, frames, threads)
        if first and self._trouble:
            self._trouble.clear()
            yield from self._own_from(0, frames, threads)

    def _own_from(self, first: int, frames: Ints, threads: int) -> Iterator[Found]:
        """Decoded from packet `first` on; only to the first damage, where that is not the start of the file."""
        with opened_at(self.path, self.timeline, first) as (packets, stream):
            stream.thread_type = "FRAME"
            stream.codec_context.thread_count = threads
            found = wanted_frames(
                packets,
                stream.codec_context,
                self.timeline,
                frames,
                Converter(self.options),
                first_packet=first,
                on_trouble=self._trouble.append,
            )
            for one in found:
                if first and self._trouble:
                    return
                yield one


def in_order(found: Iterable[Found], hold: int = HOLD) -> Generator[Found, None, int]:
    """Sort by position; one that is not there after `hold` later ones have come is given up (None).

    Returns:
        The first position that neither came nor was given up.
    """
    held: dict[int, Found] = {}
    at = 0
    for item in found:
        if item[0] < at:
            continue  # given up already
        held[item[0]] = item
        while at in held or len(held) > hold:
            yield held.pop(at, (at, None, 0.0))
            at += 1
    while held:
        yield held.pop(at, (at, None, 0.0))
        at += 1
    return at


def _all(found: Iterable[Found], count: int) -> Iterator[Found]:
    """`in_order`, and None for what does not come before the end."""
    done = yield from in_order(found)
    yield from _nothing(done, count)


def _nothing(start: int, stop: int) -> Iterator[Found]:
    """Positions without a picture."""
    return ((position, None, 0.0) for position in range(start, stop))


def _shifted(found: Generator[Found, None, int], by: int) -> Generator[Found, None, int]:
    """`found` with `by` added to its positions."""
    while True:
        try:
            position, picture, seconds = next(found)
        except StopIteration as end:
            return int(end.value)
        yield position + by, picture, seconds


def check_indices(indices: ArrayLike | None, count: int) -> Ints:
    """Indices (K,) to read of `count` frames: all for None; sorted and distinct is the caller's duty."""
    if indices is None:
        return np.arange(count, dtype=np.int64)
    wanted = np.asarray(indices, np.int64)
    if wanted.ndim != 1 or np.any(np.diff(wanted) <= 0) or (len(wanted) and not 0 <= wanted[0] <= wanted[-1] < count):
        raise ValueError(f"indices must be sorted, distinct and within 0..{count - 1}")
    return wanted
