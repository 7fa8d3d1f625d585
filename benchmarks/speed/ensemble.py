"""CPU time of `bineego ensemble` on 1,000,000 rows (5 models, 5,000 videos, 38 labels), and what doubling them costs.

    python -m benchmarks.speed.ensemble [--rows 1000000]

CPU seconds of a process of its own: the start of the program, reading, fusing and writing.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.common import Cell, asked, parser, report, usage_of
from bineego import segments
from bineego.formats import csv

MODELS, VIDEOS, LABELS = 5, 5_000, 38
WEIGHTS = "0.62,0.57,0.51,0.47,0.44"
VIDEO_LENGTH = 360.0  # seconds: the mean of 360+x


def write_models(folder: Path, rows: int, seed: int = 0) -> list[str]:
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
    return list(map(str, paths))


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--rows", type=int, default=1_000_000, help="rows of all models together")
    call = asked(made, rows=1_000)
    rows: list[list[Cell]] = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        inputs = {size: write_models(folder / str(size), size) for size in (call.rows // 2, call.rows)}
        for method in ("paper", "average"):
            half = None
            for size, paths in inputs.items():
                command = [sys.executable, "-m", "bineego", "-q", "ensemble", *paths, "--weights", WEIGHTS]
                used = usage_of([*command, "--method", method, "-o", str(folder / "out.csv")])
                rows.append([method, size, used.cpu, half and used.cpu / half, used.peak])
                half = used.cpu
    columns = {"method": "", "rows": ",", "CPU s": ".1f", "times half the rows": ".2f", "peak MiB": ".0f"}
    report(call, columns, rows)


if __name__ == "__main__":
    main()
