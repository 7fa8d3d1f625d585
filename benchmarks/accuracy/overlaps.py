"""Several actions at once: one softmax against independent sigmoids, on a synthetic set whose actions overlap.

Both models are trained alike for each seed, score the held-out videos and are decoded by both presets. Prints Markdown:
mAP at tIoU 0.5, 0.75 and 0.95 and their mean over the seeds, its spread, and the number of segments found. Runs that
exist already are used again.

    python -m benchmarks.accuracy.overlaps --work FOLDER [--seeds 0] [--recordings 40] [--epochs 6]
"""

from __future__ import annotations

import argparse
import logging
import statistics
from pathlib import Path

import numpy as np

from bineego import evaluation, inference, training
from bineego.datasets import Subset, read_ground_truth
from bineego.inference.options import LocalizeOptions
from bineego.postprocess import Postprocess
from bineego.segments import tiou
from bineego.synth import write_dataset
from bineego.training import Recipe, RunOptions
from bineego.training.recipe import Labels, Schedule
from bineego.tsm.config import Precision, Trunk


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for data, runs, frames and tracks")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--recordings", type=int, default=40)
    parser.add_argument("--epochs", type=int, default=6)
    call = parser.parse_args()
    logging.basicConfig(level=logging.ERROR, format="%(message)s")
    data = call.work / "overlapping"
    if not (data / "index.json").exists():
        write_dataset(data, recordings=call.recordings, seconds=30.0, size=(256, 128), fps=15, overlap=0.8, nested=0.8)
    print(f"{_overlapped(data):.0%} of the held-out segments overlap another\n")
    print("| labels | decoding | mAP@.5 | @.75 | @.95 | mean | spread | segments |\n" + "|---" * 8 + "|")
    tracks = {(labels, seed): _score(data, labels, seed, call) for labels in Labels for seed in call.seeds}
    for decoder in Postprocess:
        for labels in Labels:
            options = LocalizeOptions(postprocess=decoder)
            tables = [inference.localize(tracks[labels, seed], options=options).predictions for seed in call.seeds]
            found = [evaluation.evaluate(data, table, subset=Subset.VAL) for table in tables]
            final = [score.final for score in found]
            mean = np.mean([score.mAP for score in found], axis=0)
            numbers = " | ".join(f"{value:.3f}" for value in (*mean, np.mean(final)))
            spread = f"{statistics.stdev(final):.3f}" if len(final) > 1 else ""
            count = f"{np.mean([len(table) for table in tables]):.0f}"
            print(f"| {labels} | {decoder} | {numbers} | {spread} | {count} |", flush=True)


def _overlapped(data: Path) -> float:
    """Share of the held-out segments that overlap another one."""
    truth = read_ground_truth(data)
    held = truth.segments[[truth.subsets.get(video) == Subset.VAL for video in truth.segments["video_id"]]]
    touched = 0
    for _, rows in held.groupby("video_id"):
        start, end = rows["start"].to_numpy(), rows["end"].to_numpy()
        overlap = tiou(start[:, None], end[:, None], start[None], end[None]) > 0
        touched += int((overlap.sum(axis=1) > 1).sum())
    return touched / max(1, len(held))


def _score(data: Path, labels: Labels, seed: int, call: argparse.Namespace) -> Path:
    name = f"{labels}-s{seed}"
    run: Path = call.work / "runs" / name
    if not (run / "val" / "predictions.csv").exists():
        recipe = Recipe(
            trunk=Trunk.RESNET18,
            init="random",
            size=64,
            frames=4,
            interval=1.0,
            labels=labels,
            epochs=call.epochs,
            val_every=call.epochs,
            schedule=Schedule.COSINE,
            precision=Precision.FP32,
            seed=seed,
        )
        options = RunOptions(runs=call.work / "runs", cache=call.work / "frames", overwrite=run.exists())
        training.train(data, name=name, recipe=recipe, options=options)
    folder: Path = call.work / "tracks" / name
    fp32 = LocalizeOptions(precision=Precision.FP32)
    inference.localize(data, model=run, output=folder, subset=Subset.VAL, options=fp32, save_scores=True)
    return folder


if __name__ == "__main__":
    main()
