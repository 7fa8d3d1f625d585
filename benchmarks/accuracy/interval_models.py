"""What the parts of the method are worth: small interval models, trained alike from random weights, on held-out videos.

    python -m benchmarks.accuracy.interval_models decoders --work FOLDER --sets SET... [--group-by performer]
    python -m benchmarks.accuracy.interval_models parts --work FOLDER --seeds 0 1 2

decoders: ways to decode, and strides of the grid, on sets of your own. parts: shift, scene task, t, ensemble and scene
prior on a synthetic set, the same number of clips for every t. Subset val is scored, which nothing is chosen on. mAP at
tIoU 0.5, 0.75, 0.95 and their mean over the seeds, its spread (standard deviation), and the gain over the first row of
the decoder seed by seed. Runs and tracks that exist already are used again.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.common import Cell, parser, report
from bineego import ensemble, evaluate, localize, train
from bineego.postprocess import DecodeOptions, Postprocess
from bineego.synth import write_dataset
from bineego.tracks import SUFFIX, load

DECODERS: dict[str, dict[str, Any]] = {
    "paper": {"postprocess": "paper"},
    "viterbi, grid boundaries": {"postprocess": "viterbi", "refine": False},
    "viterbi": {"postprocess": "viterbi"},
    "viterbi + candidates": {"postprocess": "viterbi", "candidates": True},
}
PARTS: dict[str, dict[str, Any]] = {
    "whole, t = 0.5": {"interval": 0.5},
    "without the shift": {"interval": 0.5, "shift": False},
    "without the scene task": {"interval": 0.5, "task": "tal"},
    "whole, t = 0.25": {"interval": 0.25},
    "whole, t = 1": {"interval": 1.0},
}


def trained(data: Path, name: str, call: argparse.Namespace, **recipe: Any) -> Path:
    """Folder of a run; its last epoch is used: choosing among noisy validations chooses luck."""
    run: Path = call.work / "runs" / name
    if not (run / "val" / "predictions.csv").exists():
        epochs = recipe.pop("epochs", call.epochs)
        fixed = {"head": "interval", "trunk": "resnet18", "init": "random", "size": call.size, "schedule": "cosine"}
        train(data, name=name, runs=run.parent, cache=call.work / "frames", overwrite=run.exists(), precision="fp32",
              epochs=epochs, val_every=epochs, **fixed, **recipe)  # fmt: skip
    return run


def scored(data: Path, run: Path, call: argparse.Namespace, stride: float | None = None) -> tuple[Path, float]:
    """Folder of the score tracks of subset val, and the seconds it took. In float32: decoders are compared."""
    folder: Path = call.work / "tracks" / run.name / ("grid" if stride is None else f"stride{stride:g}")
    note = folder.with_name(f"{folder.name}-seconds.txt")
    if not note.exists():
        began = time.perf_counter()
        localize(data, model=run, output=folder, subset="val", save_scores=True, overwrite=True, stride=stride,
                 precision="fp32")  # fmt: skip
        note.write_text(f"{time.perf_counter() - began:.1f}")
    return folder, float(note.read_text())


def figures(data: Path, tables: Sequence[pd.DataFrame], first: list[float]) -> list[Cell]:
    """mAPs and their mean, its spread, and the gain by seed; `first` holds the first row's means, or takes these."""
    found = [evaluate(data, table, subset="val") for table in tables]
    final = [score.final for score in found]
    spread = statistics.stdev(final) if len(final) > 1 else None
    gain = ", ".join(f"{b - a:+.3f}" for a, b in zip(first, final, strict=True)) if first else ""
    first[:] = first or final
    return [*map(float, np.mean([score.mAP for score in found], axis=0)), float(np.mean(final)), spread, gain]


def decoders(call: argparse.Namespace) -> Iterator[list[Cell]]:
    for data in call.sets:
        for stride in (None, *call.stride):
            found = [scored(data, _model(data, seed, call), call, stride) for seed in call.seeds]
            clips = statistics.mean(sum(len(load(path)) for path in folder.glob(f"*{SUFFIX}")) for folder, _ in found)
            what = f"{data.name}, t = {call.interval:g}{'' if stride is None else f', stride {stride:g}'}"
            first: list[float] = []
            for name, options in DECODERS.items():
                tables = [localize(folder, **options).predictions for folder, _ in found]
                cost = f"{clips:.0f} clips, {statistics.mean(seconds for _, seconds in found):.0f} s"
                yield [what, name, *figures(data, tables, first), cost]


def _model(data: Path, seed: int, call: argparse.Namespace) -> Path:
    name = f"{data.name}-t{call.interval:g}-{call.frames}x{call.size}px-s{seed}"
    return trained(data, name, call, interval=call.interval, frames=call.frames, crop=True, warmup=0.5, seed=seed,
                   split="inner", group_by=call.group_by)  # fmt: skip


def parts(call: argparse.Namespace) -> Iterator[list[Cell]]:
    data = call.work / "dataset"
    if not (data / "index.json").exists():
        write_dataset(data, recordings=call.recordings, seconds=call.seconds, **call.synthetic)
    folders: dict[str, list[Path]] = {}
    for name, recipe in PARTS.items():
        run, epochs = name.replace(" ", "").replace(",", "-"), max(1, round(call.epochs * recipe["interval"]))
        runs = [
            trained(data, f"{run}-s{seed}", call, frames=4, seed=seed, epochs=epochs, **recipe) for seed in call.seeds
        ]
        folders[name] = [scored(data, run, call)[0] for run in runs]
    whole = [name for name in PARTS if name.startswith("whole")]
    for decoder in (Postprocess.PAPER, Postprocess.VITERBI):
        decode, first = DecodeOptions(postprocess=decoder), list[float]()
        for name, each in folders.items():
            tables = [localize(folder, postprocess=decoder).predictions for folder in each]
            yield [name, decoder.value, *figures(data, tables, first), ""]
        tables = [localize(folder, postprocess=decoder, scene_prior=1.0).predictions for folder in folders[whole[0]]]
        yield [f"{whole[0]}, scene prior", decoder.value, *figures(data, tables, first), ""]
        for what, method in (("ensemble of three t, paper", "paper"), ("ensemble of three t, tracks", None)):
            trios = zip(*(folders[name] for name in whole), strict=True)
            tables = [ensemble(list(trio), method=method, decode=decode) for trio in trios]
            yield [what, decoder.value, *figures(data, tables, first), ""]


QUESTIONS = {"decoders": decoders, "parts": parts}


def main() -> None:
    made = parser(__doc__)
    made.add_argument("question", choices=QUESTIONS)
    made.add_argument("--work", type=Path, required=True, help="folder for data, runs, frames and tracks")
    made.add_argument("--sets", type=Path, nargs="+", default=[], help="with subsets train and val")
    made.add_argument("--seeds", type=int, nargs="+", default=[0])
    made.add_argument("--epochs", type=int, help="at t = 1; default: 8 on your sets, 6 on synthetic ones")
    made.add_argument("--size", type=int, default=64)
    made.add_argument("--stride", type=float, nargs="*", default=[0.25, 0.1], help="of decoders: overlapping intervals")
    made.add_argument("--interval", type=float, default=1.0, help="of decoders: t")
    made.add_argument("--frames", type=int, default=8, help="of decoders")
    made.add_argument("--group-by", help="of decoders: what the inner split keeps on one side")
    made.add_argument("--recordings", type=int, default=40, help="of a synthetic set")
    made.add_argument("--seconds", type=float, default=30.0, help="of a synthetic recording")
    call = made.parse_args()
    logging.basicConfig(level=logging.ERROR, format="%(message)s")
    call.epochs = call.epochs or (8 if call.question == "decoders" else 6)
    call.synthetic = {"size": (256, 128), "fps": 15}
    if call.dry:
        call.epochs, call.recordings, call.seconds, call.size, call.stride, call.frames = 1, 4, 12.0, 32, [], 4
        call.synthetic = {"size": (64, 32), "fps": 8}
        call.sets = call.sets or [write_dataset(call.work / "dry", recordings=4, seconds=12.0, **call.synthetic)]
    columns = {"what": "", "decoding": "", "mAP@.5": ".3f", "@.75": ".3f", "@.95": ".3f", "mean": ".3f",
               "spread": ".3f", "gain by seed": "", "": ""}  # fmt: skip
    report(call, columns, list(QUESTIONS[call.question](call)), note=f"{len(call.seeds)} seeds.")


if __name__ == "__main__":
    main()
