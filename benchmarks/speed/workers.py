"""`localize` with one worker and with two, on this machine and on Ray: the wall of the command, start included.

    python -m benchmarks.speed.workers [--videos 12] [--seconds 20] [--rounds 3]

Every worker has one core: with one worker the other core is idle. ResNet-50, t = 0.5, 128 x 128, bf16, random weights
(time does not depend on them). Sides take turns. Ray is left out where it is not installed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

from benchmarks.common import Cell, asked, in_turn, parser, ratio, report, spread, timed, write_clip
from benchmarks.speed.localize import write_model
from bineego.tsm.config import Trunk


def run(folder: Path, model: Path, engine: str, jobs: int) -> None:
    """One call of the command, on one core for each worker."""
    line = ["localize", folder, "--model", model, "--engine", engine, "--jobs", str(jobs), "--overwrite", "-o", "out"]
    cores = ",".join(str(core) for core in sorted(os.sched_getaffinity(0))[:jobs])
    subprocess.run(
        ["taskset", "-c", cores, sys.executable, "-m", "bineego", *map(str, line)],
        cwd=model.parent, env=os.environ | {"OMP_NUM_THREADS": "1"}, check=True, capture_output=True,
    )  # fmt: skip


def main() -> None:
    made = parser(__doc__, rounds=3)
    made.add_argument("--videos", type=int, default=12)
    made.add_argument("--seconds", type=int, default=20)
    made.set_defaults(size=128, trunk=Trunk.RESNET50, engines=["local", *["ray"] * bool(find_spec("ray"))])
    call = asked(made, videos=2, seconds=2, size=32, trunk=Trunk.RESNET18, engines=["local"])
    ways = [(engine, jobs) for engine in call.engines for jobs in (1, 2)]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "videos"
        folder.mkdir()
        model = write_model(Path(scratch) / "model.safetensors", size=call.size, trunk=call.trunk)
        for number in range(call.videos):
            write_clip(folder / f"v{number:02d}.mp4", 320, 240, call.seconds)
        sides = {
            f"{engine}, {jobs}": timed(time.perf_counter, run, folder, model, engine, jobs) for engine, jobs in ways
        }
        times = in_turn(sides, call.rounds)
    rows: list[list[Cell]] = []
    for (engine, jobs), mine in zip(ways, times.values(), strict=True):
        rows.append([engine, jobs, spread(mine), ratio(times[f"{engine}, 1"], mine)])
    columns = {"engine": "", "workers": ".0f", "wall s": ".0f", "times one worker": ".2f"}
    note = f"{call.videos} videos of {call.seconds} s, {call.rounds} rounds, one core a worker."
    report(call, columns, rows, note=note)


if __name__ == "__main__":
    main()
