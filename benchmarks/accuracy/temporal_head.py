"""The temporal head with its defaults, on people (or cameras) that it was not trained on.

    python -m benchmarks.accuracy.temporal_head SET... --work FOLDER [--seeds 0 1 2] [--groups 5 --group-by performer]

With `--groups K` one of K groups of subset train is left out at a time, and nothing of subset val is looked at.
Without, subset val is scored, and nothing was chosen by it either: what the members say of training recordings that
they have not seen fits calibration and decoder. mAP at tIoU 0.5, 0.75, 0.95, their mean, and seconds of a training
with its features.
"""

from __future__ import annotations

import argparse
import logging
import time
from pathlib import Path

import numpy as np

from bineego import train

COLUMNS = ("mAP@0.5", "mAP@0.75", "mAP@0.95", "final")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--groups", type=int, default=0)
    parser.add_argument("--group-by", default=None)
    parser.add_argument("--kinds", default=None)
    args = parser.parse_args()
    logging.getLogger("bineego").setLevel(logging.WARNING)
    print(f"| set | held out | {' | '.join(COLUMNS)} | s |\n|---|---|{'---|' * (len(COLUMNS) + 1)}")
    for path in args.sets:
        parts: list[str | None] = [f"{i + 1}/{args.groups}" for i in range(args.groups)]
        rows = [one(path, seed, fold, args) for seed in args.seeds for fold in parts or [None]]
        for row, name in ((np.mean(rows, axis=0), "mean"), (np.std(rows, axis=0), "spread")):
            cells = " | ".join(f"{value:.3f}" for value in row[:-1])
            print(f"| {path.name} | {name} of {len(rows)} | {cells} | {row[-1]:.0f} |", flush=True)


def one(path: Path, seed: int, fold: str | None, args: argparse.Namespace) -> list[float]:
    """Figures of one training, and its seconds."""
    began = time.monotonic()
    name = f"{path.name}-{seed}{'' if fold is None else '-' + fold.replace('/', 'of')}"
    result = train(
        path,
        name=name,
        head="temporal",
        seed=seed,
        fold=fold,
        group_by=args.group_by,
        kinds=args.kinds,
        val_every=20,
        runs=args.work / "runs",
        features=args.work / "features",
        overwrite=True,
    )
    return [*(result.figures[column] for column in COLUMNS), time.monotonic() - began]


if __name__ == "__main__":
    main()
