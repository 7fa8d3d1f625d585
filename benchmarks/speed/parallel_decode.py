"""One long video decoded by several processes against one thread: wall time, memory, and equality to the last bit.

    python -m benchmarks.speed.parallel_decode [--workers 2] [--rounds 3] [--seconds 40] [--keep FOLDER]

The video is 3840x1920 H.264 with key frames up to 60 frames apart and B-frames; 16 frames a second of it are read to
256x256. Opening and the pass over the packets is in all ways, and the start of the workers in the last.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.common import Cell, Clip, Spread, parser, ratio, report, usage_of, write_clip

WAYS = ("one thread", "FFmpeg's threads", "processes, from key frame to key frame")


def run(path: Path, way: str, workers: int) -> dict[str, Any]:
    """Read the video once."""
    import numpy as np

    from bineego.video.frames import on_screen
    from bineego.video.parallel import read_parallel
    from bineego.video.reader import VideoReader

    start = time.perf_counter()
    reader = VideoReader(path, threads=1 if way == WAYS[0] else 0)
    wanted = np.unique(on_screen(reader.times, np.arange(0, reader.duration, 1 / 16)))
    by_workers = way == WAYS[2]
    frames = read_parallel(path, indices=wanted, workers=workers, reader=reader) if by_workers else reader.read(wanted)
    digest = hashlib.blake2b()
    for index, picture, seconds in frames:
        digest.update(f"{index} {seconds!r}".encode() + picture.tobytes())
    wall = time.perf_counter() - start
    own, children = (
        resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return {"wall": wall, "digest": digest.hexdigest(), "own": own, "largest worker": children if by_workers else None}


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    made.add_argument("--rounds", type=int, default=3)
    made.add_argument("--seconds", type=int, default=40)
    made.add_argument("--keep", type=Path, help="folder where the test video is kept, or is already")
    made.add_argument("--way", nargs=2, help="for its own use")
    call = made.parse_args()
    if call.way:
        print(json.dumps(run(Path(call.way[0]), call.way[1], call.workers)))
        return
    clip = Clip(name="4K", width=3840, height=1920, seconds=call.seconds)
    if call.dry:
        clip, call.rounds = Clip(name="dry", width=160, height=96, seconds=4), 1
    with tempfile.TemporaryDirectory() as scratch:
        folder = call.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"parallel_{clip.seconds}.mp4"
        if not path.exists():
            write_clip(clip, path, keyint=60)
        module = [sys.executable, "-m", "benchmarks.speed.parallel_decode", "--workers", str(call.workers), "--way"]
        found: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
        for _ in range(call.rounds):
            for way in WAYS:
                found[way].append(json.loads(usage_of([*module, str(path), way]).out))
    if len({one["digest"] for each in found.values() for one in each}) != 1:
        raise SystemExit("frames or times DIFFER")
    walls = {way: [one["wall"] for one in each] for way, each in found.items()}
    rows: list[list[Cell]] = [
        [way, Spread.of(walls[way]).median, ratio(walls[WAYS[0]], walls[way]).cell, each[-1]["own"],
         each[-1]["largest worker"]]
        for way, each in found.items()
    ]  # fmt: skip
    columns = {"way": "", "wall s": ".2f", "times one thread": ".2f", "MiB": ".0f", "largest worker, MiB": ".0f"}
    report(call, columns, rows, note=f"{call.workers} processes; frames and times are identical.")


if __name__ == "__main__":
    main()
