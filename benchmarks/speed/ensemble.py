"""CPU time of `bineego ensemble` on 1,000,000 rows (5 models, 5,000 videos, 38 labels), and what doubling them costs.

Prints one line per method: CPU seconds of the fusing with reading and writing, in a process of its own (the start of
the program included), peak memory, and the factor from half the rows. Targets: under 20 s, at most 2.3 times.

    python -m benchmarks.speed.ensemble [--rows 1000000] [--repeats 1]
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from bineego import segments
from bineego.formats import csv

MODELS, VIDEOS, LABELS = 5, 5_000, 38
WEIGHTS = "0.62,0.57,0.51,0.47,0.44"
VIDEO_LENGTH = 360.0  # seconds: the mean of 360+x


def write_models(folder: Path, rows: int, seed: int = 0) -> list[Path]:
    """Prediction files of models that see the same events, each with errors of its own, on a grid of half a second."""
    random = np.random.default_rng(seed)
    events = rows // MODELS
    video, label = random.integers(VIDEOS, size=events), random.integers(LABELS, size=events)
    start = random.uniform(0, VIDEO_LENGTH, events)
    length = random.lognormal(2.0, 1.0, events)
    paths = []
    for model in range(MODELS):
        low = np.round((start + random.normal(0, 1.0, events)) * 2) / 2
        high = low + np.maximum(0.5, np.round((length * random.lognormal(0, 0.2, events)) * 2) / 2)
        table = segments.make(
            [f"video_{i:04d}" for i in video], [f"action {i}" for i in label], low, high, random.random(events)
        )
        paths.append(folder / f"model_{model}.csv")
        csv.write_segments(table.iloc[random.permutation(events)], paths[-1])
    return paths


def cpu_seconds(command: list[str]) -> float:
    """CPU seconds (user and system) of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of all models together")
    parser.add_argument("--repeats", type=int, default=1, help="the fastest of this many runs counts")
    options = parser.parse_args()
    print(f"{'method':8} {'rows':>10} {'CPU s':>8} {'x half':>7}")
    with tempfile.TemporaryDirectory() as name:
        sizes = (options.rows // 2, options.rows)
        inputs = {}
        for rows in sizes:
            folder = Path(name) / str(rows)
            folder.mkdir()
            inputs[rows] = write_models(folder, rows)
        for method in ("paper", "average"):
            half = 0.0
            for rows in sizes:
                command = [sys.executable, "-m", "bineego", "-q", "ensemble", *map(str, inputs[rows])]
                command += ["--weights", WEIGHTS, "--method", method, "-o", str(Path(name) / "out.csv")]
                seconds = min(cpu_seconds(command) for _ in range(options.repeats))
                factor = f"{seconds / half:7.2f}" if half else " " * 7
                print(f"{method:8} {rows:10,d} {seconds:8.2f} {factor}", flush=True)
                half = seconds
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"peak memory of the largest run: {peak:,.0f} MiB")


if __name__ == "__main__":
    main()
