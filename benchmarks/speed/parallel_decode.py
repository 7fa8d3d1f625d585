"""One long video decoded by several processes against one: wall time, memory, and equality to the last bit.

    python -m benchmarks.speed.parallel_decode [--workers 2] [--runs 3] [--seconds 40] [--keep FOLDER]

Makes a 3840x1920 H.264 video (key frames up to 60 frames apart, B-frames) and reads 16 frames a second of it to
256x256, with `VideoReader` on one thread (the peer), on one thread a core, and with `read_parallel`, interleaved.
Opening and the pass over the packets is in all of them, and the start of the workers in the last.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.common import Clip, write_clip

RUN = """
import hashlib, resource, sys, time
import numpy as np
from bineego.video.frames import on_screen
from bineego.video.parallel import read_parallel
from bineego.video.reader import VideoReader
path, way, workers = sys.argv[1], sys.argv[2], int(sys.argv[3])
start = time.perf_counter()
reader = VideoReader(path, threads=1 if way == "one thread" else 0)
wanted = np.unique(on_screen(reader.times, np.arange(0, reader.duration, 1 / 16)))
if way == "workers":
    frames = read_parallel(path, indices=wanted, workers=workers, reader=reader)
else:
    frames = reader.read(wanted)
digest = hashlib.blake2b()
for index, picture, seconds in frames:
    digest.update(f"{index} {seconds!r}".encode() + picture.tobytes())
wall = time.perf_counter() - start
memory = [resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print(wall, digest.hexdigest(), *memory)
"""
WAYS = ("one thread", "threads", "workers")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=40)
    parser.add_argument("--keep", type=Path, help="folder where the test video is kept, or is already")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"parallel_{options.seconds}.mp4"
        if not path.exists():
            clip = Clip(name="4K", width=3840, height=1920, codec="libx264", seconds=options.seconds)
            write_clip(clip, path, keyint=60)
        walls: dict[str, list[float]] = {way: [] for way in WAYS}
        memory: dict[str, str] = {}
        digests = set()
        for _ in range(options.runs):
            for way in WAYS:
                command = [sys.executable, "-c", RUN, str(path), way, str(options.workers)]
                out = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
                walls[way].append(float(out[0]))
                digests.add(out[1])
                memory[way] = f"{float(out[2]):.0f} + {float(out[3]):.0f}"
    print(f"{options.workers} workers, {os.cpu_count()} cores, {options.seconds} s of 3840x1920 H.264")
    print("| way | wall s | ratio to one thread: min | median | max | peak MB: parent + largest worker |")
    print("|---|---|---|---|---|---|")
    for way in WAYS:
        ratios = [peer / mine for peer, mine in zip(walls["one thread"], walls[way], strict=True)]
        values = " | ".join(f"{f(ratios):.2f}" for f in (min, statistics.median, max))
        print(f"| {way} | {statistics.median(walls[way]):.2f} | {values} | {memory[way]} |")
    print("frames and times: " + ("identical" if len(digests) == 1 else "DIFFERENT"))
    if len(digests) != 1:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
