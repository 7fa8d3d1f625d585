"""Scoring against the public ActivityNet evaluator: CPU time of the matching and of the whole command, equality of AP.

    git clone https://github.com/activitynet/ActivityNet /some/where
    python3.11 -m lib2to3 -nw /some/where/Evaluation/utils.py /some/where/Evaluation/eval_detection.py  # it is Python 2
    python -m benchmarks.speed.evaluate --activitynet /some/where

The evaluator's job runner is replaced by a serial one, and a name that numpy has dropped is put back. 500,000
predictions with unique scores, 5,000 videos, 200 classes, ActivityNet JSON on both sides, ours before and after the
peer; then sets of 100,000 to 4,000,000 predictions, ours alone.
"""

from __future__ import annotations

import argparse
import importlib
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.common import Cell, apart, asked, parser, peak_memory, report, timed, usage_of
from bineego import segments
from bineego.evaluation import evaluate
from bineego.formats import activitynet
from bineego.formats.annotations import Annotations

ROWS, VIDEOS, CLASSES = 500_000, 5_000, 200
SIZES = (100_000, 200_000, 500_000, 1_000_000, 2_000_000, 4_000_000)
TIOU = (0.5, 0.75, 0.95)


def make_set(rows: int, videos: int, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ground truth (two segments a video) and predictions by video: half near a segment, half anywhere."""
    rng = np.random.default_rng(seed)
    n_truth = 2 * videos
    video_name = np.array([f"v_{i:07d}" for i in range(videos)], object)
    label_name = np.array([f"class {i}" for i in range(CLASSES)], object)
    truth_video = np.sort(rng.integers(videos, size=n_truth))
    truth_label = rng.permutation(np.arange(n_truth) % CLASSES)
    truth_start = rng.random(n_truth) * 100
    truth_end = truth_start + 0.5 + rng.random(n_truth) * 30
    aim = np.sort(rng.integers(n_truth, size=rows))
    near = rng.random(rows) < 0.5
    label = np.where(near, truth_label[aim], rng.integers(CLASSES, size=rows))
    start = np.where(near, truth_start[aim] + rng.normal(0, 2, rows), rng.random(rows) * 100)
    end = np.where(near, truth_end[aim] + rng.normal(0, 2, rows), start + 0.5 + rng.random(rows) * 30)
    end = np.maximum(end, start + 0.1)
    score = rng.permutation(rows) / rows
    truth = segments.make(video_name[truth_video], label_name[truth_label], truth_start, truth_end)
    return truth, segments.make(video_name[truth_video[aim]], label_name[label], start, end, score)


def write_set(rows: int, truth_file: Path, found_file: Path) -> None:
    """A set as ActivityNet JSON."""
    truth, found = make_set(rows, VIDEOS)
    subsets = dict.fromkeys(truth["video_id"], "validation")
    activitynet.write_annotations(Annotations(segments=truth, videos=tuple(subsets), subsets=subsets), truth_file)
    activitynet.write_predictions(found, found_file)


def peer(repository: Path, truth: Path, found: Path) -> dict[str, Any]:
    """CPU seconds of the public evaluator, alone and with the start of its process, and its AP by label."""
    sys.path.insert(0, str(repository / "Evaluation"))
    vars(np).update(float=float)
    module = importlib.import_module("eval_detection")
    vars(module).update(Parallel=lambda **_: list, delayed=lambda function: function)
    evaluator = module.ANETdetection(
        str(truth), str(found), ["database", "version"], tiou_thresholds=np.array(TIOU), check_status=False
    )
    seconds = timed(time.process_time, evaluator.evaluate)()
    ap = {label: evaluator.ap[:, number].tolist() for label, number in evaluator.activity_index.items()}
    return {"evaluate": seconds, "whole": time.process_time(), "ap": ap}


def core_of(rows: int, videos: int, repeats: int) -> tuple[float, float]:
    """CPU seconds from two tables to the scores (numbering, ranking, matching, AP), and peak MiB."""
    truth, found = make_set(rows, videos)
    run = timed(time.process_time, lambda: evaluate(truth, found, tiou=TIOU))
    return statistics.median(run() for _ in range(repeats)), peak_memory()


def compare(call: argparse.Namespace, folder: Path) -> list[list[Cell]]:
    """Ours before and after the peer, where there is one; the APs must be equal."""
    truth, found = folder / "ground_truth.json", folder / "predictions.json"
    apart(write_set, call.rows, truth, found)  # the memory that this takes would count for what is started later
    core, runs = [], []
    theirs: dict[str, Any] = {}
    for turn in range(1 if call.activitynet is None else 2):
        if turn == 1:
            theirs = apart(peer, call.activitynet, truth, found)
        command = [sys.executable, "-m", "bineego", "-q", "evaluate", str(truth), str(found), "--json"]
        runs += [usage_of(command) for _ in range(call.repeats)]
        core.append(apart(core_of, call.rows, VIDEOS, call.repeats))
    if theirs:
        mine = evaluate(truth, found, tiou=TIOU).ap
        labels = sorted(mine.keys() | theirs["ap"].keys())
        np.testing.assert_allclose([mine[x] for x in labels], [theirs["ap"][x] for x in labels], rtol=0, atol=1e-9)
    seconds, whole = statistics.median(cpu for cpu, _ in core), statistics.median(run.cpu for run in runs)
    times = [theirs["evaluate"] / seconds, theirs["whole"] / whole] if theirs else [None, None]
    return [
        ["tables to scores", call.rows, seconds, times[0], core[0][1]],
        ["the whole command, ActivityNet JSON", call.rows, whole, times[1], runs[0].peak],
    ]


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--activitynet", type=Path, help="the folder of the ActivityNet repository")
    made.add_argument("--rows", type=int, default=ROWS, help="predictions in the comparison")
    made.add_argument("--repeats", type=int, default=5, help="runs of ours on each side of the peer's")
    made.set_defaults(sizes=SIZES)
    call = asked(made, rows=2_000, repeats=1, sizes=(1_000,))
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # of all processes that are started
    with tempfile.TemporaryDirectory() as scratch:
        rows = compare(call, Path(scratch))
    for size in call.sizes:
        seconds, peak = apart(core_of, size, size // 100, call.repeats)
        rows.append(["tables to scores, ours alone", size, seconds, None, peak])
    columns = {"what": "", "predictions": ",", "CPU s": ".2f", "times the public evaluator": ".0f", "peak MiB": ".0f"}
    report(call, columns, rows, note="With the public evaluator every AP is equal to 1e-9." if call.activitynet else "")


if __name__ == "__main__":
    main()
