"""`localize` with one worker and with two, on this machine and on Ray: the wall of the command, start included.

    python -m benchmarks.speed.workers [--videos 12] [--seconds 20] [--rounds 3]

Every worker has one core: with one worker the other core is idle. ResNet-50, t = 0.5, 128 x 128, bf16, random weights
(time does not depend on them). Sides take turns. Ray is left out where it is not installed.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from benchmarks.common import Cell, Clip, Spread, parser, ratio, report, take_turns, write_clip
from benchmarks.speed.localize import write_model


def run(folder: Path, model: Path, engine: str, jobs: int) -> None:
    """One call of the command, on one core for each worker."""
    line = ["localize", folder, "--model", model, "--engine", engine, "--jobs", str(jobs), "--overwrite", "-o", "out"]
    cores = ",".join(str(core) for core in sorted(os.sched_getaffinity(0))[:jobs])
    subprocess.run(
        ["taskset", "-c", cores, sys.executable, "-m", "bineego", *map(str, line)],
        cwd=model.parent, env=os.environ | {"OMP_NUM_THREADS": "1"}, check=True, capture_output=True,
    )  # fmt: skip


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--videos", type=int, default=12)
    made.add_argument("--seconds", type=int, default=20)
    made.add_argument("--rounds", type=int, default=3)
    call = made.parse_args()
    if call.dry:
        call.videos, call.seconds, call.rounds = 2, 2, 1
    engines = ["local", *["ray"] * (importlib.util.find_spec("ray") is not None and not call.dry)]
    with tempfile.TemporaryDirectory() as scratch:
        folder, model = Path(scratch) / "videos", Path(scratch) / "model.safetensors"
        folder.mkdir()
        write_model(model, size=32 if call.dry else 128, trunk="resnet18" if call.dry else "resnet50")
        for number in range(call.videos):
            clip = Clip(name=f"v{number}", width=320, height=240, seconds=call.seconds)
            write_clip(clip, folder / f"v{number:02d}.mp4")
        sides = {
            f"{engine}, {jobs}": partial(run, folder, model, engine, jobs) for engine in engines for jobs in (1, 2)
        }
        times = take_turns(sides, call.rounds, warm_up=0, clock=time.perf_counter)
    rows: list[list[Cell]] = []
    for engine in engines:
        for jobs in (1, 2):
            mine = times[f"{engine}, {jobs}"]
            rows.append([engine, jobs, Spread.of(mine).cell, ratio(times[f"{engine}, 1"], mine).cell])
    columns = {"engine": "", "workers": ".0f", "wall s": ".0f", "times one worker": ".2f"}
    note = f"{call.videos} videos of {call.seconds} s, {call.rounds} rounds, one core a worker."
    report(call, columns, rows, note=note)


if __name__ == "__main__":
    main()
