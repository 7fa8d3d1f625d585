"""One video to its feature track: decoded once, step by step, in memory that does not hold its pictures.

Shape suffixes: T steps, B frames at a time, H height, W width, D features of one kind.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from bineego.features import sound
from bineego.features.kinds import Kind
from bineego.features.motion import directed_motion, grey, motion_energy
from bineego.features.options import FeatureOptions
from bineego.features.steps import step_edges, step_times
from bineego.features.track import FeatureTrack
from bineego.kept import Kept
from bineego.types import Pixels
from bineego.video.frames import TimedFrame, on_screen
from bineego.video.reader import VideoReader
from bineego.video.sound import has_sound, read_sound

if TYPE_CHECKING:
    from bineego.tsm.feature_network import FeatureNetwork

BATCH_PIXELS = 16 * 128 * 128
"""Pixels that go through the network at once: more leave the processor's caches."""

CONTEXT = 8
"""Frames before and after those of a batch that a trunk with a shift sees too."""

VERSION = 2
"""Of the features' definition: part of the key of cached tracks."""

Halves = NDArray[np.float16]
Rows = dict[str, Halves]


class FeatureMaker:
    """Makes feature tracks.

    Args:
        options: how.
        network: None = only the kinds that need none.
        hears: whether the sound is read too, of videos that have some.

    Attributes:
        reader: of the latest video, which knows of its damage.
    """

    def __init__(self, options: FeatureOptions, network: FeatureNetwork | None, *, hears: bool = False) -> None:
        self.options, self._network, self.hears = options, network, hears
        self.reader: VideoReader | None = None
        self.made_by = made_by(options, {} if network is None else network.made_by)

    def track(
        self,
        path: Path,
        video_id: str,
        threads: int = 0,
        kept: Kept | None = None,
        *,
        stream: int = 0,
        start: float = 0.0,
        end: float | None = None,
    ) -> Iterator[float | FeatureTrack]:
        """The share that is done, now and then, and at last the track.

        Args:
            threads: decoding threads; 0 = one a core.
            kept: keeps what is done of a long video, and has what an interrupted call has done.
            stream: which picture of a file that has several.
            start, end: the part of the video, seconds; the track's times count from `start`.

        Raises:
            InputMissing, InputInvalid: the file is not there, or is not a video that can be decoded.
        """
        options = self.options
        reader = VideoReader(
            path, options.frames, backend=options.backend, threads=threads, stream=stream, start=start, end=end
        )
        self.reader = reader
        shown_T = on_screen(reader.times, step_times(reader.duration, options.rate))
        # With its last frame the reader learns how much of a damaged video there is.
        wanted, row_T = np.unique(np.append(shown_T, len(reader.times) - 1), return_inverse=True)
        columns: dict[str, Halves] = {}
        done = 0
        if kept is not None:
            for kind, values in kept.load().items():
                columns[kind] = np.empty((len(wanted), values.shape[1]), np.float16)
                columns[kind][: len(values)] = values
                done = len(values)

        def so_far() -> Rows | None:
            return {kind: whole[:done] for kind, whole in columns.items()} if done else None

        lead = min(done, max(1, CONTEXT if self._shifts else 0))
        # Of products of matrices as small as these, several threads of OpenBLAS make more work than one.
        alone = threadpool_limits(1, user_api="blas")
        with alone, contextlib.nullcontext() if kept is None else kept.saved_on_the_way_out(so_far):
            for rows in self._rows(reader.read(wanted[done - lead :]), lead):
                count = len(next(iter(rows.values())))
                for kind, values in rows.items():
                    whole = columns.setdefault(kind, np.empty((len(wanted), values.shape[1]), np.float16))
                    whole[done : done + count] = values
                done += count
                if kept is not None and kept.due():
                    kept.save(so_far() or {})
                yield done / len(wanted)
        n_steps = len(step_edges(reader.duration, options.rate)) - 1
        row_T = row_T[:n_steps]
        kinds = {kind: _taken(whole, row_T) for kind, whole in columns.items()}
        heard = self._heard(path, reader)
        yield FeatureTrack(
            video_id=video_id,
            times=step_times(reader.duration, options.rate),
            rate=options.rate,
            duration=reader.duration,
            kinds=kinds | heard,
            made_by=self.made_by | ({Kind.SOUND.value: sound.VERSION} if heard else {}),
            damage=reader.damage,
        )

    def _heard(self, path: Path, reader: VideoReader) -> Rows:
        """Features of the sound, if it is read and the video has some."""
        if not self.hears or not has_sound(path):
            return {}
        blocks = read_sound(path, reader.timeline, start=reader.start, end=reader.start + reader.duration)
        return {Kind.SOUND: sound.sound_features(blocks, reader.duration, self.options.rate)}

    def _rows(self, frames: Iterator[TimedFrame], lead: int = 0) -> Iterator[Rows]:
        """Features of distinct frames in order, some at a time; the first `lead` have theirs."""
        batch = max(1, BATCH_PIXELS // self.options.size**2)
        before: NDArray[np.float32] | None = None
        if lead and not self._shifts:
            before, lead = grey(next(frames).picture), 0
        for pictures, own in _batches(frames, batch, CONTEXT if self._shifts else 0, lead):
            if before is None and own.start:
                before = grey(pictures[own.start - 1])
            rows: Rows = {}
            if self._network is not None:
                final, mid = self._network(pictures)
                rows |= {Kind.FINAL: final[own], Kind.MID: mid[own]}
            seen = [grey(picture) for picture in pictures[own]]
            pairs = list(pairwise([seen[0] if before is None else before, *seen]))
            before = seen[-1]
            rows[Kind.MOTION] = np.stack([motion_energy(*pair) for pair in pairs])
            rows[Kind.DIRECTION] = np.stack([directed_motion(*pair) for pair in pairs])
            yield rows

    @property
    def _shifts(self) -> bool:
        return self._network is not None and self._network.shifts


def _taken(rows: Halves, wanted_T: NDArray[np.int64]) -> Halves:
    """Rows by index; not copied where they lie as they are wanted, which is so for most videos."""
    in_order = np.array_equal(wanted_T, np.arange(len(wanted_T)))
    return rows[: len(wanted_T)] if in_order else rows[wanted_T]


def made_by(options: FeatureOptions, network: dict[str, Any]) -> dict[str, Any]:
    """All that features depend on beside the video, as plain values."""
    return {
        **network,
        "size": options.size,
        "keep_aspect": options.keep_aspect,
        "rate": options.rate,
        "backend": str(options.backend),
        "version": VERSION,
    }


def _batches(frames: Iterator[TimedFrame], size: int, context: int, before: int = 0) -> Iterator[tuple[Pixels, slice]]:
    """Pictures (B, H, W, 3) of up to `size` frames with up to `context` more on either side, and which are its own.

    Args:
        before: how many of the first frames are there for the others' sake alone.
    """
    held: list[Pixels] = []
    for _, picture, _ in frames:
        held.append(picture)
        if len(held) == before + size + context:
            yield np.stack(held), slice(before, before + size)
            keep = min(context, before + size)
            held = held[before + size - keep :]
            before = keep
    while len(held) > before:
        count = min(size, len(held) - before)
        yield np.stack(held), slice(before, before + count)
        held = held[before + count - min(context, before + count) :]
        before = min(context, before + count)
