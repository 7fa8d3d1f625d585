"""Scoring against the public ActivityNet evaluator: CPU time of the matching and of the whole command, equality of AP.

    python -m benchmarks.speed.evaluate --activitynet PATH_OF_THE_ACTIVITYNET_REPOSITORY

PATH holds `Evaluation/eval_detection.py`. It is loaded as it is: where it is still Python 2, it is translated in memory
by lib2to3 (Python 3.12 or older), its job runner is replaced by a serial one, and names that numpy has dropped are put
back. It needs pandas and joblib. Nothing of it is kept.

The set: 500,000 predictions with unique scores, 5,000 videos, 200 classes, ActivityNet JSON on both sides. Without
`--activitynet` only our own figures are measured. CPU time is user + system, of the whole process where it says so;
runs are interleaved (ours, theirs, ours), ours is the median.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import types
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd

from bineego import segments
from bineego.evaluation import evaluate

ROWS, VIDEOS, CLASSES = 500_000, 5_000, 200
SIZES = (100_000, 200_000, 500_000, 1_000_000, 2_000_000, 4_000_000)
TIOU = (0.5, 0.75, 0.95)
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def make_set(rows: int, videos: int, classes: int, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ground truth (two segments a video) and predictions by video: half near a segment, half anywhere."""
    rng = np.random.default_rng(seed)
    n_truth = 2 * videos
    video_name = np.array([f"v_{i:07d}" for i in range(videos)], object)
    label_name = np.array([f"class {i}" for i in range(classes)], object)
    truth_video = np.sort(rng.integers(videos, size=n_truth))
    truth_label = rng.permutation(np.arange(n_truth) % classes)
    truth_start = rng.random(n_truth) * 100
    truth_end = truth_start + 0.5 + rng.random(n_truth) * 30
    aim = np.sort(rng.integers(n_truth, size=rows))
    near = rng.random(rows) < 0.5
    label = np.where(near, truth_label[aim], rng.integers(classes, size=rows))
    start = np.where(near, truth_start[aim] + rng.normal(0, 2, rows), rng.random(rows) * 100)
    end = np.where(near, truth_end[aim] + rng.normal(0, 2, rows), start + 0.5 + rng.random(rows) * 30)
    end = np.maximum(end, start + 0.1)
    score = rng.permutation(rows) / rows
    truth = segments.make(video_name[truth_video], label_name[truth_label], truth_start, truth_end)
    return truth, segments.make(video_name[truth_video[aim]], label_name[label], start, end, score)


def write_set(truth: pd.DataFrame, found: pd.DataFrame, folder: Path) -> tuple[Path, Path]:
    """Both tables as ActivityNet JSON."""
    database: dict[str, dict[str, Any]] = {}
    for video, label, start, end in truth.itertuples(index=False):
        entry = database.setdefault(video, {"subset": "validation", "annotations": []})
        entry["annotations"].append({"segment": [start, end], "label": label})
    results: dict[str, list[dict[str, Any]]] = {}
    for video, label, start, end, score in found.itertuples(index=False):
        results.setdefault(video, []).append({"segment": [start, end], "label": label, "score": score})
    paths = folder / "ground_truth.json", folder / "predictions.json"
    paths[0].write_bytes(orjson.dumps({"version": "1.3", "taxonomy": [], "database": database}))
    paths[1].write_bytes(orjson.dumps({"version": "1.3", "external_data": {}, "results": results}))
    return paths


# The peer, in a process of its own.


def load_evaluator(repository: Path) -> types.ModuleType:
    """The public evaluator as a module."""
    folder = repository / "Evaluation" if (repository / "Evaluation").is_dir() else repository
    network = types.ModuleType("urllib2")  # it asks a server for blocked videos, and is told not to
    sys.modules["urllib2"] = network
    for old, new in (("float", float), ("int", int), ("bool", bool)):
        if old not in vars(np):
            setattr(np, old, new)
    for name in ("utils", "eval_detection"):
        module = types.ModuleType(name)
        sys.modules[name] = module
        exec(compile(_python3((folder / f"{name}.py").read_text()), f"{name}.py", "exec"), vars(module))
    vars(module).update(Parallel=lambda **_: list, delayed=lambda function: function)
    return module


def _python3(source: str) -> str:
    source = source.replace("from .utils", "from utils")
    try:
        compile(source, "evaluator", "exec")
    except SyntaxError:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            from lib2to3.refactor import RefactoringTool, get_fixers_from_package

        tool = RefactoringTool(get_fixers_from_package("lib2to3.fixes"))
        # urllib2 stays a name that is never used.
        source = str(tool.refactor_string(source.replace("import urllib2", "urllib2 = None"), "evaluator"))
    return source


def run_peer(repository: Path, truth: Path, found: Path) -> None:
    """Print the peer's CPU seconds and AP as JSON."""
    module = load_evaluator(repository)
    begin = time.process_time()
    evaluator = module.ANETdetection(
        str(truth), str(found), subset="validation", tiou_thresholds=np.array(TIOU), check_status=False
    )
    loaded = time.process_time()
    evaluator.evaluate()
    done = time.process_time()
    ap = {label: evaluator.ap[:, number].tolist() for label, number in evaluator.activity_index.items()}
    print(json.dumps({"load": loaded - begin, "evaluate": done - loaded, "ap": ap}))


# Measuring.


def measured(command: list[str]) -> tuple[float, float, str]:
    """CPU seconds, peak resident MiB and stdout of a process."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | ONE_THREAD) as process:
        assert process.stdout is not None
        out = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command} failed with {process.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, out


def cpu_of_evaluate(truth: pd.DataFrame, found: pd.DataFrame, repeats: int) -> float:
    """CPU seconds from two tables to the scores: numbering, ranking, matching, AP."""
    times = []
    for _ in range(repeats):
        begin = time.process_time()
        evaluate(truth, found, tiou=TIOU)
        times.append(time.process_time() - begin)
    return statistics.median(times)


def apart(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function in a fresh process: the peak memory of a process counts for all that it starts, too."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def write(rows: int, folder: Path) -> tuple[Path, Path]:
    return write_set(*make_set(rows, VIDEOS, CLASSES), folder)


def core_of(rows: int, videos: int, repeats: int) -> tuple[float, float]:
    """CPU seconds from tables to scores, and peak MiB."""
    cpu = cpu_of_evaluate(*make_set(rows, videos, CLASSES), repeats)
    return cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def compare(repository: Path | None, rows: int, repeats: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        paths = apart(write, rows, Path(name))
        ours = [sys.executable, "-m", "bineego", "evaluate", *map(str, paths), "--json"]
        runs = [measured(ours) for _ in range(repeats)]
        matching = [apart(core_of, rows, VIDEOS, repeats)[0]]
        theirs = None
        if repository is not None:
            command = [
                sys.executable,
                "-m",
                __spec__.name,
                "--activitynet",
                str(repository),
                "--peer",
                *map(str, paths),
            ]
            theirs = measured(command)
            runs += [measured(ours) for _ in range(repeats)]
            matching.append(apart(core_of, rows, VIDEOS, repeats)[0])
    whole, core = statistics.median(run[0] for run in runs), statistics.median(matching)
    spread = f"{min(run[0] for run in runs):.2f} to {max(run[0] for run in runs):.2f}"
    print(f"{rows:,} predictions, {VIDEOS:,} videos, {CLASSES} classes, thresholds {TIOU}, ActivityNet JSON")
    print(f"ours, whole command: {whole:.2f} s CPU ({spread}), peak {runs[0][1]:.0f} MiB")
    print(f"ours, tables to scores: {core:.3f} s CPU")
    if theirs is None:
        return
    peer = json.loads(theirs[2].splitlines()[-1])
    print(f"peer, whole process: {theirs[0]:.1f} s CPU, peak {theirs[1]:.0f} MiB")
    print(f"peer: load {peer['load']:.2f} s, evaluate {peer['evaluate']:.1f} s CPU")
    print(f"ratio, matching: {peer['evaluate'] / core:.0f} times")
    print(f"ratio, whole command: {theirs[0] / whole:.0f} times")
    mine = json.loads(runs[0][2])["ap"]
    if set(mine) != set(peer["ap"]):
        raise SystemExit("the classes differ")
    worst = max(float(np.abs(np.subtract(mine[label], values)).max()) for label, values in peer["ap"].items())
    print(f"largest difference of an AP: {worst:.1e} ({'equal' if worst <= 1e-9 else 'NOT EQUAL'} to 1e-9)")


def growth(repeats: int) -> None:
    print("rows       us per row   CPU s   peak MiB of the process, both tables included")
    for rows in SIZES:
        cpu, peak = apart(core_of, rows, rows // 100, repeats)
        print(f"{rows:<10,} {cpu / rows * 1e6:<12.3f} {cpu:<7.2f} {peak:.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--activitynet", type=Path, help="the folder of the ActivityNet repository")
    parser.add_argument("--rows", type=int, default=ROWS, help="predictions in the comparison")
    parser.add_argument("--repeats", type=int, default=5, help="runs of ours on each side of the peer's")
    parser.add_argument("--peer", nargs=2, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peer:
        run_peer(options.activitynet, *options.peer)
        return
    compare(options.activitynet, options.rows, options.repeats)
    growth(options.repeats)


if __name__ == "__main__":
    main()
