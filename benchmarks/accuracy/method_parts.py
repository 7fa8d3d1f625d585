"""What the parts of the method are worth on the synthetic set: shift, scene task, t, ensemble; and the scene prior.

For each seed every variant is trained (the same number of clips for every t), scores the held-out videos and is decoded
by the paper preset and by the default; then the ensemble of the whole models is made by the paper's method and from
their score tracks. Prints Markdown: mAP at tIoU 0.5, 0.75 and 0.95 and their mean over the seeds, its spread (standard
deviation), and the gain over the first row, seed by seed. Runs that exist already are used again.

    python -m benchmarks.accuracy.method_parts --work FOLDER [--seeds 0 1 2] [--recordings 40] [--epochs 6]
"""

from __future__ import annotations

import argparse
import logging
import statistics
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bineego import ensembling, evaluation, inference, training
from bineego.datasets import Subset
from bineego.inference.options import LocalizeOptions
from bineego.postprocess import DecodeOptions, Postprocess
from bineego.synth import write_dataset
from bineego.training import Recipe, RunOptions
from bineego.training.recipe import Schedule, Task
from bineego.tsm.config import Precision, Trunk

VARIANTS: dict[str, dict[str, Any]] = {
    "whole, t = 0.5": {"interval": 0.5},
    "without the shift": {"interval": 0.5, "shift": False},
    "without the scene task": {"interval": 0.5, "task": Task.TAL},
    "whole, t = 0.25": {"interval": 0.25},
    "whole, t = 1": {"interval": 1.0},
}
WHOLE = tuple(name for name in VARIANTS if name.startswith("whole"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for data, runs, frames and tracks")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--recordings", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--epochs", type=int, default=6, help="at t = 1")
    call = parser.parse_args()
    logging.basicConfig(level=logging.ERROR, format="%(message)s")
    data = call.work / "dataset"
    if not (data / "index.json").exists():
        write_dataset(data, recordings=call.recordings, seconds=call.seconds, size=(256, 128), fps=15)
    tracks = {
        (name, seed): _score(data, _train(data, name, seed, call), call) for seed in call.seeds for name in VARIANTS
    }
    print("| decoding | model | mAP@.5 | @.75 | @.95 | mean | spread | gain by seed |\n" + "|---" * 8 + "|")
    for decoder in Postprocess:
        decode = DecodeOptions(postprocess=decoder)
        first: list[float] = []
        for name in VARIANTS:
            tables = [_decoded(tracks[name, seed], decode) for seed in call.seeds]
            first = _print(data, decoder, name, tables, first) or first
        prior = DecodeOptions(postprocess=decoder, scene_prior=1.0)
        tables = [_decoded(tracks[WHOLE[0], seed], prior) for seed in call.seeds]
        _print(data, decoder, f"{WHOLE[0]}, scene prior", tables, first)
        for what, method in (("ensemble of three t, paper", "paper"), ("ensemble of three t, tracks", None)):
            fused = [
                ensembling.ensemble([tracks[name, seed] for name in WHOLE], method=method, decode=decode)
                for seed in call.seeds
            ]
            _print(data, decoder, what, fused, first)


def _train(data: Path, name: str, seed: int, call: argparse.Namespace) -> Path:
    changes = VARIANTS[name]
    run = f"{name.replace(' ', '').replace(',', '-')}-s{seed}"
    folder: Path = call.work / "runs" / run
    if (folder / "val" / "predictions.csv").exists():
        return folder
    epochs = max(1, round(call.epochs * changes["interval"]))
    recipe = Recipe(
        trunk=Trunk.RESNET18,
        init="random",
        size=64,
        frames=4,
        epochs=epochs,
        val_every=epochs,
        schedule=Schedule.COSINE,
        precision=Precision.FP32,
        seed=seed,
        **changes,
    )
    options = RunOptions(runs=call.work / "runs", cache=call.work / "frames", overwrite=folder.exists())
    return training.train(data, name=run, recipe=recipe, options=options).folder


def _score(data: Path, run: Path, call: argparse.Namespace) -> Path:
    folder: Path = call.work / "tracks" / run.name
    options = LocalizeOptions(precision=Precision.FP32)
    inference.localize(data, model=run, output=folder, subset=Subset.VAL, options=options, save_scores=True)
    return folder


def _decoded(folder: Path, decode: DecodeOptions) -> pd.DataFrame:
    return inference.localize(
        folder, options=LocalizeOptions(postprocess=decode.postprocess, scene_prior=decode.scene_prior)
    ).predictions


def _print(data: Path, decoder: Postprocess, name: str, tables: list[pd.DataFrame], first: list[float]) -> list[float]:
    found = [evaluation.evaluate(data, table, subset=Subset.VAL) for table in tables]
    final = [score.final for score in found]
    numbers = " | ".join(f"{value:.3f}" for value in (*np.mean([score.mAP for score in found], axis=0), np.mean(final)))
    spread = f"{statistics.stdev(final):.3f}" if len(final) > 1 else ""
    gain = ", ".join(f"{b - a:+.3f}" for a, b in zip(first, final, strict=True)) if first else ""
    print(f"| {decoder} | {name} | {numbers} | {spread} | {gain} |", flush=True)
    return [] if first else final


if __name__ == "__main__":
    main()
