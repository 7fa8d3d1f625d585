"""One long video decoded by several processes against one thread: wall time, memory, and equality to the last bit.

    python -m benchmarks.speed.parallel_decode [--rounds 3] [--seconds 40]

The video is 3840x1920 H.264 with key frames up to 60 frames apart and B-frames; 16 frames a second of it are read to
256x256. Opening and the pass over the packets is in all ways, and the start of the workers in the last. Every way is
called in a process of its own.
"""

from __future__ import annotations

import hashlib
import os
import resource
import statistics
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.common import Cell, apart, asked, in_turn, parser, peak_memory, ratio, report, write_clip
from bineego.video.frames import on_screen
from bineego.video.parallel import read_parallel
from bineego.video.reader import VideoReader

WAYS = ONE, THREADS, PROCESSES = ("one thread", "FFmpeg's threads", "processes, from key frame to key frame")
WORKERS = os.cpu_count() or 1


class Reading(NamedTuple):
    """Seconds, a digest of frames and times, and MiB of the process and of its largest worker."""

    wall: float
    digest: str
    own: float
    largest: float


def read(path: Path, way: str) -> Reading:
    """Read the video once."""
    start = time.perf_counter()
    reader = VideoReader(path, threads=1 if way == ONE else 0)
    wanted = np.unique(on_screen(reader.times, np.arange(0, reader.duration, 1 / 16)))
    parallel = way == PROCESSES
    frames = read_parallel(path, indices=wanted, workers=WORKERS, reader=reader) if parallel else reader.read(wanted)
    digest = hashlib.blake2b()
    for index, picture, seconds in frames:
        digest.update(f"{index} {seconds!r}".encode() + picture.tobytes())
    wall = time.perf_counter() - start
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return Reading(wall=wall, digest=digest.hexdigest(), own=peak_memory(), largest=largest)


def main() -> None:
    made = parser(__doc__, rounds=3)
    made.add_argument("--seconds", type=int, default=40)
    made.set_defaults(width=3840, height=1920)
    call = asked(made, seconds=4, width=160, height=96)
    digests: set[str] = set()
    memory: dict[str, tuple[float, float | None]] = {}

    def seconds(way: str) -> float:
        found: Reading = apart(read, path, way)
        digests.add(found.digest)
        memory[way] = found.own, found.largest if way == PROCESSES else None
        return found.wall

    with tempfile.TemporaryDirectory() as scratch:
        path = write_clip(Path(scratch) / "long.mp4", call.width, call.height, call.seconds, keyint=60)
        walls = in_turn({way: partial(seconds, way) for way in WAYS}, call.rounds)
    if len(digests) != 1:
        raise SystemExit("frames or times DIFFER")
    rows: list[list[Cell]] = [
        [way, statistics.median(wall), ratio(walls[ONE], wall), *memory[way]] for way, wall in walls.items()
    ]
    columns = {"way": "", "wall s": ".2f", "times one thread": ".2f", "MiB": ".0f", "largest worker, MiB": ".0f"}
    report(call, columns, rows, note=f"{WORKERS} processes; frames and times are identical.")


if __name__ == "__main__":
    main()
