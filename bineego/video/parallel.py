"""One video decoded by several processes, from key frame to key frame, joined without a seam.

The file is cut at key packets where decoding may begin afresh (`keyframes`). Each worker takes every n-th part with one
decoding thread; the parts are handed on in order, so what waits is bounded by the workers' queues. Where a part meets
damage, the rest is read in sequence, so that the result is always the sequential one.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from bineego.errors import WorkerLost
from bineego.types import Floats, Ints
from bineego.video.damage import Damage
from bineego.video.decode import Converter, wanted_frames
from bineego.video.entry import clean_entries, opened_at
from bineego.video.frames import FrameOptions, TimedFrame
from bineego.video.reader import Found, VideoReader, check_indices, in_order
from bineego.video.timeline import NEVER_SHOWN, FrameTimeline
from bineego.workers import TRIES, Worker, set_aside

log = logging.getLogger(__name__)

PARTS_PER_WORKER = 8
"""More parts share the work more evenly; each costs a seek and a decoder to fill."""

MIN_PART = 16
"""Packets. Shorter parts are joined to the next: with key frames only, a part each would be all seeking."""

WAITING_BYTES = 256 * 2**20
"""Pictures that may wait for their turn, over all workers."""


def read_parallel(
    path: Path | str,
    options: FrameOptions | None = None,
    indices: ArrayLike | None = None,
    workers: int | None = None,
    *,
    reader: VideoReader | None = None,
) -> Iterator[TimedFrame]:
    """The frames of `VideoReader(path, options).read(indices)`, equal to the last bit, decoded by `workers` processes.

    Args:
        indices: sorted, distinct indices into the reader's `times`; None = all.
        workers: None = one a core. With one, or where the file cannot be cut, this is the sequential read.
        reader: one of this file and these options, where the caller has it; its `damaged` and `duration` are set as by
            its own `read`.

    Raises:
        InputMissing, InputInvalid: as the reader.
        WorkerLost: the processes that decoded it were killed, or crashed, twice.
    """
    reader = reader or VideoReader(path, options)
    wanted = check_indices(indices, len(reader.times))
    workers = workers or os.cpu_count() or 1
    parts = plan_parts(reader.timeline, reader.kept[wanted], workers)
    if workers < 2 or len(parts) < 2:
        return reader.deliver(wanted)
    return reader.deliver(wanted, _joined(reader, wanted, parts, min(workers, len(parts))))


class ParallelReader:
    """A `VideoReader` whose frames are decoded by several processes."""

    def __init__(self, reader: VideoReader, decoders: int) -> None:
        self.reader, self.decoders = reader, decoders

    @property
    def times(self) -> Floats:
        return self.reader.times

    @property
    def duration(self) -> float:
        return self.reader.duration

    @property
    def damage(self) -> Damage:
        return self.reader.damage

    def read(self, indices: Ints) -> Iterator[TimedFrame]:
        """See `read_parallel`."""
        return read_parallel(self.reader.path, self.reader.options, indices, self.decoders, reader=self.reader)


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """A run of packets that one worker decodes.

    Attributes:
        first: its first packet, a clean entry.
        stop: the packet after its last one. Frames shown before the next part's first, but stored after that, belong
            to this part: `stop` is behind them.
        position: of its first frame among all that are wanted.
        wanted: indices (K,) into the timeline, of this part.
    """

    first: int
    stop: int
    position: int
    wanted: Ints


def plan_parts(timeline: FrameTimeline, wanted: Ints, workers: int) -> list[Part]:
    """Cut a file for `workers` processes; one part where it cannot be cut, none where nothing is wanted."""
    n_packets = len(timeline.packet_ticks)
    if timeline.by_order or len(wanted) == 0:
        return [Part(first=0, stop=n_packets, position=0, wanted=wanted)] if len(wanted) else []
    least = max(MIN_PART, n_packets // (PARTS_PER_WORKER * workers))
    cuts = [0]
    for cut in np.flatnonzero(clean_entries(timeline)).tolist():
        if cut - cuts[-1] >= least:
            cuts.append(cut)
    parts = []
    ticks = timeline.ticks[wanted]
    lows = [NEVER_SHOWN, *timeline.packet_ticks[cuts[1:]].tolist()]
    for number, (cut, low) in enumerate(zip(cuts, lows, strict=True)):
        last = number + 1 == len(cuts)
        start = int(np.searchsorted(ticks, low))
        end = len(ticks) if last else int(np.searchsorted(ticks, lows[number + 1]))
        if end > start:
            stop = n_packets if last else _behind_leading(timeline, cuts[number + 1])
            parts.append(Part(first=cut, stop=stop, position=start, wanted=wanted[start:end]))
    return parts


def _behind_leading(timeline: FrameTimeline, cut: int) -> int:
    """The packet after the last that is stored after packet `cut` and shown before it; `cut` if there is none."""
    ticks = timeline.packet_ticks
    # Leading pictures follow their key packet at once; one more key packet ends the search.
    later = np.flatnonzero(timeline.entries[cut + 1 :])
    end = cut + 1 + int(later[0]) if len(later) else len(ticks)
    leading = np.flatnonzero((ticks[cut:end] < ticks[cut]) & (ticks[cut:end] != NEVER_SHOWN))
    return cut + int(leading[-1]) + 1 if len(leading) else cut


def _joined(reader: VideoReader, wanted: Ints, parts: list[Part], workers: int) -> Generator[Found, None, None]:
    done = 0
    for left in reversed(range(TRIES)):
        behind = [part for part in parts if part.position + len(part.wanted) > done]
        try:
            with contextlib.closing(_in_turn(reader, behind, workers)) as frames:
                for position, picture, seconds in frames:
                    if picture is None or position > done:
                        break  # damage
                    if position == done:
                        yield position, picture, seconds
                        done += 1
            break
        except WorkerLost as error:
            if not left:
                raise set_aside(error) from error
            log.warning("%s: %s; trying again", reader.path, error.message)
    if done < len(wanted):
        # From the start, as what a decoder makes of damage depends on all that it was given before.
        yield from itertools.islice(reader.in_order(wanted), done, None)


def _in_turn(reader: VideoReader, parts: list[Part], workers: int) -> Generator[Found, None, None]:
    """The frames of all parts, one part after the other, as far as they are decoded without trouble.

    Raises:
        WorkerLost: one of the processes has ended.
    """
    picture_bytes = 3 * reader.options.size**2 * (4 if reader.options.keep_aspect else 1)  # 4: panoramas and wider
    ahead = max(8, WAITING_BYTES // (picture_bytes * workers))
    with contextlib.ExitStack() as stack:
        running = []
        for number in range(min(workers, len(parts))):
            share = parts[number::workers]
            worker = Worker(decode_parts, reader.path, reader.options, reader.timeline, share, ahead=ahead)
            stack.callback(worker.close)
            running.append(worker.messages())
        for _, messages in zip(parts, itertools.cycle(running), strict=False):
            yield from itertools.takewhile(lambda found: found is not None, messages)


def decode_parts(
    path: Path, options: FrameOptions, timeline: FrameTimeline, parts: list[Part]
) -> Iterator[Found | None]:
    """Runs in a worker: the frames of its parts, in order, None after each part."""
    convert = Converter(options)
    for part in parts:
        with opened_at(path, timeline, part.first, part.stop) as (packets, stream):
            stream.codec_context.thread_count = 1
            trouble: list[float] = []
            found = wanted_frames(
                packets,
                stream.codec_context,
                timeline,
                part.wanted,
                convert,
                first_packet=part.first,
                on_trouble=trouble.append,
            )
            for position, picture, seconds in in_order(found):
                if trouble:
                    break  # what the decoder makes of damage depends on what went before: read on in sequence
                yield part.position + position, picture, seconds
        yield None
