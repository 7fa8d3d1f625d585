"""The temporal head with its defaults, on people (or cameras) that it was not trained on.

    python -m benchmarks.accuracy.temporal_head SET... --work FOLDER [--seeds 0 1 2] [--groups 5 --group-by performer]

With `--groups K` one of K groups of subset train is left out at a time, and nothing of subset val is looked at.
Without, subset val is scored, and nothing was chosen by it either: what the members say of training recordings that
they have not seen fits calibration and decoder. mAP at tIoU 0.5, 0.75, 0.95 and their mean over the
trainings, the spread of the mean, and CPU seconds of a training with its features.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import Cell, parser, report
from bineego import train
from bineego.synth import write_dataset

FIGURES = ("mAP@0.5", "mAP@0.75", "mAP@0.95", "final")


def main() -> None:
    made = parser(__doc__)
    made.add_argument("sets", nargs="*", type=Path, help="with subsets train and val; a dry run makes its own")
    made.add_argument("--work", type=Path, required=True)
    made.add_argument("--seeds", nargs="+", type=int, default=[0])
    made.add_argument("--groups", type=int, default=0)
    made.add_argument("--group-by")
    made.add_argument("--kinds")
    call = made.parse_args()
    logging.getLogger("bineego").setLevel(logging.WARNING)
    if call.dry:
        call.sets = [write_dataset(call.work / "dry", recordings=4, seconds=12.0, size=(64, 32), fps=8)]
    rows: list[list[Cell]] = []
    for path in call.sets:
        parts: list[str | None] = [f"{i + 1}/{call.groups}" for i in range(call.groups)]
        found = [one(path, seed, fold, call) for seed in call.seeds for fold in parts or [None]]
        means, spread = np.mean(found, axis=0), statistics.stdev(row[3] for row in found) if len(found) > 1 else None
        rows.append([path.name, len(found), *map(float, means[:4]), spread, float(means[4])])
    figures = dict.fromkeys(("mAP@.5", "@.75", "@.95", "mean", "spread"), ".3f")
    report(call, {"set": "", "trainings": "d", **figures, "CPU s": ".0f"}, rows)


def one(path: Path, seed: int, fold: str | None, call: argparse.Namespace) -> list[float]:
    """Figures of one training, and its CPU seconds."""
    began = time.process_time()
    name = f"{path.name}-{seed}{'' if fold is None else '-' + fold.replace('/', 'of')}"
    given: dict[str, Any] = {"fold": fold, "group_by": call.group_by, "kinds": call.kinds}
    where: dict[str, Any] = {"runs": call.work / "runs", "features": call.work / "features", "overwrite": True}
    epochs: dict[str, Any] = {"epochs": 1, "val_every": 1} if call.dry else {"val_every": 20}
    result = train(path, name=name, head="temporal", seed=seed, **given, **where, **epochs)
    return [*(result.figures[figure] for figure in FIGURES), time.process_time() - began]


if __name__ == "__main__":
    main()
