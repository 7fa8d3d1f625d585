"""`bineego train SET --seed N` with its defaults, on people (or cameras) that it was not trained on.

    python -m benchmarks.accuracy.temporal_head SET... --work FOLDER [--seeds 0 1 2]

Subset val is scored, and nothing was chosen by it: kinds of features, calibration and decoder are chosen on what the
members of the head say of training recordings that they have not seen. *Left out* is the mean mAP there, each part
decoded as the others chose: one performer at a time where index.json names them, else groups of recordings. CPU seconds
and peak memory are of a training whose features are there. What is in FOLDER is not trained again.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from benchmarks.common import Cell, asked, parser, report, usage_of
from benchmarks.experiments import MEANS, means, synthetic
from bineego.config import CONFIG_NAME
from bineego.runs import RunFolder
from bineego.tsm.card_file import read_card

FIGURES = ("mAP@0.5", "mAP@0.75", "mAP@0.95", "mAP", "decoding_fit")


def main() -> None:
    made = parser(__doc__)
    made.add_argument("sets", nargs="*", type=Path, help="with subsets train and val; a dry run makes its own")
    made.add_argument("--work", type=Path, required=True)
    made.add_argument("--seeds", nargs="+", type=int, default=[0])
    call = asked(made)
    call.sets = [synthetic(call, "dry", 4)] if call.dry else call.sets
    rows: list[list[Cell]] = []
    for path in call.sets:
        found = [one(path.resolve(), seed, call) for seed in call.seeds]
        others = map(float, np.mean([figures[4:] for figures in found], axis=0))
        rows.append([path.name, len(found), *means([figures[:4] for figures in found]), *others])
    columns = {"set": "", "seeds": "d", **MEANS, "left out": ".3f", "CPU s": ".0f", "peak GB": ".1f"}
    report(call, columns, rows)


def one(path: Path, seed: int, call: argparse.Namespace, *, members: int | None = None) -> list[float]:
    """Figures of one training, its CPU seconds and its peak memory.

    Args:
        members: of the head, if not as many as by default.
    """
    name = f"{path.name}-{members}-member-{seed}" if members else f"{path.name}-{seed}"
    folder, took = RunFolder(call.work / "runs" / name), call.work / f"{name}.json"
    if not took.exists():
        options = ["--seed", str(seed), "--name", name, "--val-every", "20", "--overwrite"]
        options += ["--epochs", "1"] if call.dry else []
        (call.work / CONFIG_NAME).write_text(f"[train]\nmembers = {members}\n" if members else "")
        usage = usage_of([sys.executable, "-m", "bineego", "train", str(path), *options], cwd=call.work)
        took.write_text(json.dumps(asdict(usage)))
    metrics, usage_ = read_card(folder.model).metrics, json.loads(took.read_text())
    return [*(metrics.get(figure, float("nan")) for figure in FIGURES), usage_["cpu"], usage_["peak"] / 1024]


if __name__ == "__main__":
    main()
