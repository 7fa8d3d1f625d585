"""Two views of the synthetic set: one head on both, against each alone and against the fusion of their tracks.

    python -m benchmarks.accuracy.two_views --work FOLDER [--seeds 0 1 2] [--kinds final,motion,direction]

12 recordings of 16 s, 3 held out, whose third person sees a part of the panorama. *masked*: the head on both is given
one of them. mAP of the held-out videos as `localize` decodes them.
"""

from __future__ import annotations

import argparse
import logging
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import Cell, parser, report
from bineego import evaluate, localize, train
from bineego.datasets import Subset, View
from bineego.synth import write_dataset

ONE, OTHER = View.PANORAMIC, View.THIRD_PERSON


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--work", type=Path, required=True)
    made.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    made.add_argument("--epochs", type=int, default=8)
    made.add_argument("--kinds", default="motion,direction")
    call = made.parse_args()
    logging.getLogger("bineego").setLevel(logging.WARNING)
    size: dict[str, Any] = {"recordings": 12, "seconds": 16.0, "size": (256, 128), "fps": 15}
    if call.dry:
        size, call.seeds, call.epochs = {"recordings": 4, "seconds": 12.0, "size": (64, 32), "fps": 8}, [0], 1
    data = call.work / ("dry" if call.dry else "set")
    if not data.exists():
        write_dataset(data, seed=0, views=(ONE, OTHER), **size)
    found: dict[str, list[list[float]]] = {}
    for seed in call.seeds:
        for name, figures in one_seed(call, data, seed).items():
            found.setdefault(name, []).append(figures)
    rows: list[list[Cell]] = []
    for name, seeds in found.items():
        spread = statistics.stdev(row[3] for row in seeds) if len(seeds) > 1 else None
        rows.append([name, len(seeds), *map(float, np.mean(seeds, axis=0)), spread])
    columns = dict.fromkeys(("mAP@.5", "@.75", "@.95", "mean", "spread"), ".3f")
    report(call, {"views": "", "trainings": "d", **columns}, rows)


def one_seed(call: argparse.Namespace, data: Path, seed: int) -> dict[str, list[float]]:
    """Figures of every way, with the heads of one seed."""
    heads = {views: head(call, data, views, seed) for views in ((ONE,), (OTHER,), (ONE, OTHER))}
    both = heads[ONE, OTHER]
    return {
        "panoramic": scored(data, heads[(ONE,)], [ONE]),
        "third person": scored(data, heads[(OTHER,)], [OTHER]),
        "tracks fused": scored(data, [heads[(ONE,)], heads[(OTHER,)]], [ONE, OTHER]),
        "one head on both": scored(data, both, [ONE, OTHER]),
        "one head on both, third person masked": scored(data, both, [ONE]),
        "one head on both, panorama masked": scored(data, both, [OTHER]),
    }


def head(call: argparse.Namespace, data: Path, views: Sequence[View], seed: int) -> Path:
    """Train one; the folder of its run."""
    return train(
        data, name=f"{'-'.join(views)}-{seed}", head="temporal", view=tuple(views), kinds=call.kinds, seed=seed,
        epochs=call.epochs, val_every=call.epochs, jobs=1, runs=call.work / "runs", features=call.work / "features",
        overwrite=True,
    ).folder  # fmt: skip


def scored(data: Path, model: Path | list[Path], views: Sequence[View]) -> list[float]:
    """mAP at the three thresholds, and their mean."""
    found = localize(data, model=model, view=tuple(views), subset=Subset.VAL)
    result = evaluate(data, found.predictions, subset=Subset.VAL)
    return [*map(float, result.mAP), result.final]


if __name__ == "__main__":
    main()
