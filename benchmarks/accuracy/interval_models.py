"""What the parts of the method are worth: small interval models, trained alike from random weights, on held-out videos.

    python -m benchmarks.accuracy.interval_models decoders --work FOLDER --sets SET... [--group-by performer]
    python -m benchmarks.accuracy.interval_models parts --work FOLDER --epochs 6

decoders: ways to decode, and strides of the grid, on sets of your own. parts: shift, scene task, t, ensemble and scene
prior on a synthetic set, the same number of clips for every t (`--epochs` are those of t = 1). Subset val is scored,
which nothing is chosen on. mAP at tIoU 0.5, 0.75, 0.95 and their mean over the seeds, its spread (standard deviation),
and the gain over the first row of the decoder seed by seed. The last epoch is used: choosing among noisy validations
chooses luck. Scoring is in float32, since decoders are compared.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.common import Cell, report
from benchmarks.experiments import MEANS, answers, asked, experiment, means, scored, synthetic, trained
from bineego import ensemble, localize
from bineego.postprocess import DecodeOptions, Postprocess
from bineego.runs import RunFolder
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


def model(call: argparse.Namespace, data: Path, what: str, seed: int, **recipe: Any) -> RunFolder:
    """A ResNet-18 from random weights."""
    fixed = {"trunk": "resnet18", "init": "random", "size": call.size, "schedule": "cosine", "precision": "fp32"}
    return trained(call, data, what, seed, head="interval", kinds=None, **fixed, **recipe)


def figures(data: Path, tables: Sequence[pd.DataFrame], first: list[float]) -> list[Cell]:
    """Means and spread, and the gain by seed; `first` holds the first row's mean mAPs, or takes these."""
    found = [scored(data, table) for table in tables]
    final = [each[-1] for each in found]
    gain = ", ".join(f"{b - a:+.3f}" for a, b in zip(first, final, strict=True)) if first else ""
    first[:] = first or final
    return [*means(found), gain]


def decoders(call: argparse.Namespace) -> Iterator[list[Cell]]:
    how = {"interval": call.interval, "frames": call.frames, "crop": True, "warmup": 0.5, "split": "inner"}
    what = f"t{call.interval:g}-{call.frames}x{call.size}px"
    for data in call.sets:
        runs = [model(call, data, what, seed, group_by=call.group_by, **how) for seed in call.seeds]
        for stride in (None, *call.stride):
            grid = "grid" if stride is None else f"stride{stride:g}"
            folders = [answers(call, data, run, grid, stride=stride, precision="fp32") for run in runs]
            clips = statistics.mean(sum(len(load(path)) for path in folder.glob(f"*{SUFFIX}")) for folder in folders)
            name = f"{data.name}, t = {call.interval:g}{'' if stride is None else f', stride {stride:g}'}"
            first: list[float] = []
            for decoder, options in DECODERS.items():
                tables = [localize(folder, **options).predictions for folder in folders]
                yield [name, decoder, *figures(data, tables, first), f"{clips:.0f} clips"]


def parts(call: argparse.Namespace) -> Iterator[list[Cell]]:
    data = synthetic(call, "parts", 40, seconds=30.0)
    folders: dict[str, list[Path]] = {}
    for name, recipe in PARTS.items():
        what, epochs = name.replace(" ", "").replace(",", "-"), max(1, round(call.epochs * recipe["interval"]))
        runs = [model(call, data, what, seed, frames=4, **recipe, epochs=epochs) for seed in call.seeds]
        folders[name] = [answers(call, data, run, precision="fp32") for run in runs]
    whole = [name for name in PARTS if name.startswith("whole")]
    for decoder in (Postprocess.PAPER, Postprocess.VITERBI):
        decode, first = DecodeOptions(postprocess=decoder), list[float]()
        for name, each in folders.items():
            tables = [localize(folder, postprocess=decoder).predictions for folder in each]
            yield [name, decoder.value, *figures(data, tables, first), ""]
        tables = [localize(folder, postprocess=decoder, scene_prior=1.0).predictions for folder in folders[whole[0]]]
        yield [f"{whole[0]}, scene prior", decoder.value, *figures(data, tables, first), ""]
        for method in ("paper", "tracks"):
            trios = zip(*(folders[name] for name in whole), strict=True)
            tables = [ensemble(list(trio), method=method, decode=decode) for trio in trios]
            yield [f"ensemble of three t, {method}", decoder.value, *figures(data, tables, first), ""]


QUESTIONS = {"decoders": decoders, "parts": parts}


def main() -> None:
    made = experiment(__doc__, kinds=None)
    made.add_argument("question", choices=QUESTIONS)
    made.add_argument("--sets", type=Path, nargs="+", default=[], help="with subsets train and val")
    made.add_argument("--size", type=int, default=64)
    made.add_argument("--stride", type=float, nargs="*", default=[0.25, 0.1], help="of decoders: overlapping intervals")
    made.add_argument("--interval", type=float, default=1.0, help="of decoders: t")
    made.add_argument("--frames", type=int, default=8, help="of decoders")
    made.add_argument("--group-by", help="of decoders: what the inner split keeps on one side")
    call = asked(made, size=32, stride=[], frames=4)
    if call.dry:
        call.sets = call.sets or [synthetic(call, "set", 4)]
    columns = {"what": "", "decoding": "", **MEANS, "gain by seed": "", "": ""}
    report(call, columns, list(QUESTIONS[call.question](call)), note=f"{len(call.seeds)} seeds.")


if __name__ == "__main__":
    main()
