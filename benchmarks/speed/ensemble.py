"""CPU time of `bineego ensemble` on 1,000,000 rows (5 models, 5,000 videos, 38 labels), and what doubling them costs.

    python -m benchmarks.speed.ensemble [--rows 1000000] [--repeats 1]

CPU seconds of a process of its own: the start of the program, reading, fusing and writing.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.common import Cell, parser, report, usage_of
from bineego import segments
from bineego.formats import csv

MODELS, VIDEOS, LABELS = 5, 5_000, 38
WEIGHTS = "0.62,0.57,0.51,0.47,0.44"
VIDEO_LENGTH = 360.0  # seconds: the mean of 360+x


def write_models(folder: Path, rows: int, seed: int = 0) -> list[Path]:
    """Prediction files of models that see the same events, each with errors of its own, on a grid of half a second."""
    folder.mkdir()
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


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--rows", type=int, default=1_000_000, help="rows of all models together")
    made.add_argument("--repeats", type=int, default=1, help="the fastest of this many runs counts")
    call = made.parse_args()
    if call.dry:
        call.rows = 1_000
    rows: list[list[Cell]] = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        sizes = (call.rows // 2, call.rows)
        inputs = {size: write_models(folder / str(size), size) for size in sizes}
        for method in ("paper", "average"):
            half = None
            for size in sizes:
                command = [sys.executable, "-m", "bineego", "-q", "ensemble", *map(str, inputs[size])]
                command += ["--weights", WEIGHTS, "--method", method, "-o", str(folder / "out.csv")]
                best = min((usage_of(command) for _ in range(call.repeats)), key=lambda usage: usage.cpu)
                rows.append([method, size, best.cpu, half and best.cpu / half, best.peak])
                half = best.cpu
    columns = {"method": "", "rows": ",", "CPU s": ".1f", "times half the rows": ".2f", "peak MiB": ".0f"}
    report(call, columns, rows)


if __name__ == "__main__":
    main()
