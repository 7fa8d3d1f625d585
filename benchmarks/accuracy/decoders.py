"""Accuracy of the ways to decode and to score, on the sets of docs/accuracy.md.

Trains a model for each set and seed (checkpoint and temperature are chosen on a split inside the train subset, grouped
where the set names a group), scores the val subset once per way of scoring, decodes the tracks in every way, and prints
Markdown: mAP at tIoU 0.5, 0.75 and 0.95, their mean, its spread (standard deviation) over the seeds, clips
scored and seconds of scoring. Runs and tracks that exist already are used again.

    python -m benchmarks.accuracy.decoders DATA... --work FOLDER [--seeds 0 1 2] [--stride 0.25 0.1]
"""

from __future__ import annotations

import argparse
import logging
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bineego import evaluation, inference, tracks, training
from bineego.datasets import Subset
from bineego.inference.options import LocalizeOptions
from bineego.postprocess import DecodeOptions, Postprocess
from bineego.training import Recipe, RunOptions
from bineego.training.recipe import Schedule
from bineego.tsm.config import Precision, Trunk

PAPER = DecodeOptions(postprocess=Postprocess.PAPER)
VITERBI = DecodeOptions(postprocess=Postprocess.VITERBI)

DECODERS: dict[str, DecodeOptions] = {
    "paper": PAPER,
    "viterbi, grid boundaries": DecodeOptions(postprocess=Postprocess.VITERBI, refine=False),
    "viterbi": VITERBI,
    "viterbi + candidates": DecodeOptions(postprocess=Postprocess.VITERBI, candidates=True),
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table for one seed."""

    mAP: tuple[float, ...]  # noqa: N815 - the name everybody uses
    final: float
    clips: int
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="+", help="data sets with subsets train and val")
    parser.add_argument("--work", type=Path, required=True, help="folder for runs, frames and tracks")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--stride", type=float, nargs="*", default=[0.25, 0.1], help="seconds; overlapping intervals")
    parser.add_argument("--interval", type=float, default=1.0)
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--clip-duration", type=float)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--group-by", help="attribute of index.json that the inner split keeps on one side")
    parser.add_argument("--subset", default="val")
    call = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    print("| set | scoring | decoding | mAP@.5 | @.75 | @.95 | mean | spread | clips | s |\n" + "|---" * 10 + "|")
    for data in call.data:
        for stride in (None, *call.stride):
            scored = {seed: _score(data, _train(data, seed, call), stride, call) for seed in call.seeds}
            for name, options in DECODERS.items():
                rows = [_decode(data, *scored[seed], options, call.subset) for seed in call.seeds]
                _print(data.name, stride, name, rows, call.interval)


def _train(data: Path, seed: int, call: argparse.Namespace) -> Path:
    name = f"{data.name}-t{call.interval:g}-{call.frames}x{call.size}px-s{seed}"
    if call.clip_duration:
        name += f"-clip{call.clip_duration:g}"
    folder: Path = call.work / "runs" / name
    if (folder / "val" / "predictions.csv").exists():
        return folder
    recipe = Recipe(
        trunk=Trunk.RESNET18,
        init="random",
        interval=call.interval,
        clip_duration=call.clip_duration,
        frames=call.frames,
        size=call.size,
        crop=True,
        epochs=call.epochs,
        schedule=Schedule.COSINE,
        warmup=0.5,
        precision=Precision.FP32,
        val_every=call.epochs,  # the last epoch is the one: choosing among noisy validations chooses luck
        seed=seed,
        split="inner",
        group_by=call.group_by,
    )
    options = RunOptions(runs=call.work / "runs", cache=call.work / "frames", overwrite=folder.exists())
    return training.train(data, name=name, recipe=recipe, options=options).folder


def _score(data: Path, run: Path, stride: float | None, call: argparse.Namespace) -> tuple[Path, int, float]:
    """Folder of the score tracks, number of clips and seconds it took."""
    folder: Path = call.work / "tracks" / run.name / ("grid" if stride is None else f"stride{stride:g}")
    note = folder.with_name(f"{folder.name}-seconds.txt")
    if not note.exists():
        began = time.perf_counter()
        inference.localize(
            data,
            model=run,
            output=folder,
            subset=Subset(call.subset),
            # Exact arithmetic: the comparison is of decoders, not of number formats.
            options=LocalizeOptions(stride=stride, precision=Precision.FP32),
            save_scores=True,
            overwrite=True,
        )
        note.write_text(f"{time.perf_counter() - began:.1f}")
    lengths = [tracks.load(path) for path in sorted(folder.glob(f"*{tracks.SUFFIX}"))]
    return folder, sum(map(len, lengths)), float(note.read_text())


def _decode(data: Path, folder: Path, clips: int, seconds: float, options: DecodeOptions, subset: str) -> Row:
    call = LocalizeOptions(**{name: getattr(options, name) for name in options.__dataclass_fields__})
    found = inference.localize(folder, options=call)
    score = evaluation.evaluate(data, found.predictions, subset=subset)
    return Row(mAP=score.mAP, final=score.final, clips=clips, seconds=seconds)


def _print(data: str, stride: float | None, decoding: str, rows: list[Row], interval: float) -> None:
    means = np.mean([row.mAP for row in rows], axis=0)
    final = [row.final for row in rows]
    spread = f"{statistics.stdev(final):.3f}" if len(final) > 1 else ""
    scoring = f"t = {interval:g}" if stride is None else f"t = {interval:g}, stride {stride:g}"
    numbers = " | ".join(f"{value:.3f}" for value in (*means, statistics.mean(final)))
    cost = f"{statistics.mean(row.clips for row in rows):.0f} | {statistics.mean(row.seconds for row in rows):.0f}"
    print(f"| {data} | {scoring} | {decoding} | {numbers} | {spread} | {cost} |", flush=True)


if __name__ == "__main__":
    main()
