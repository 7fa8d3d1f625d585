"""Scoring against the public ActivityNet evaluator: CPU time of the matching and of the whole command, equality of AP.

    python -m benchmarks.speed.evaluate --activitynet PATH_OF_THE_ACTIVITYNET_REPOSITORY

PATH holds `Evaluation/eval_detection.py`. It is loaded as it is: where it is still Python 2, it is translated in memory
by lib2to3 (Python 3.12 or older), its job runner is replaced by a serial one, and names that numpy has dropped are put
back. It needs pandas and joblib. Nothing of it is kept.

The set: 500,000 predictions with unique scores, 5,000 videos, 200 classes, ActivityNet JSON on both sides; then sets of
100,000 to 4,000,000 predictions, ours alone. CPU time is user + system; ours runs before and after the peer.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
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

from benchmarks.common import Cell, parser, peak_memory, report, usage_of
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


def apart(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function in a fresh process: the peak memory of a process counts for all that it starts, too."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def write(rows: int, folder: Path) -> tuple[Path, Path]:
    return write_set(*make_set(rows, VIDEOS, CLASSES), folder)


def core_of(rows: int, videos: int, repeats: int) -> tuple[float, float]:
    """CPU seconds from two tables to the scores (numbering, ranking, matching, AP), and peak MiB."""
    truth, found = make_set(rows, videos, CLASSES)
    times = []
    for _ in range(repeats):
        begin = time.process_time()
        evaluate(truth, found, tiou=TIOU)
        times.append(time.process_time() - begin)
    return statistics.median(times), peak_memory()


def compare(call: argparse.Namespace, folder: Path) -> list[list[Cell]]:
    """Ours before and after the peer, where there is one; the APs must be equal."""
    paths = [str(path) for path in apart(write, call.rows, folder)]
    ours = [sys.executable, "-m", "bineego", "evaluate", *paths, "--json"]
    runs = [usage_of(ours, env=ONE_THREAD) for _ in range(call.repeats)]
    core = [apart(core_of, call.rows, VIDEOS, call.repeats)]
    peer: dict[str, Any] = {}
    if call.activitynet is not None:
        module = [sys.executable, "-m", "benchmarks.speed.evaluate", "--activitynet", str(call.activitynet)]
        whole = usage_of([*module, "--peer", *paths], env=ONE_THREAD)
        peer = json.loads(whole.out.splitlines()[-1]) | {"whole": whole.cpu}
        runs += [usage_of(ours, env=ONE_THREAD) for _ in range(call.repeats)]
        core.append(apart(core_of, call.rows, VIDEOS, call.repeats))
        mine = json.loads(runs[0].out)["ap"]
        if set(mine) != set(peer["ap"]):
            raise SystemExit("the classes differ")
        worst = max(float(np.abs(np.subtract(mine[label], values)).max()) for label, values in peer["ap"].items())
        if worst > 1e-9:
            raise SystemExit(f"an AP differs by {worst:.1e}")
    seconds, command = statistics.median(cpu for cpu, _ in core), statistics.median(run.cpu for run in runs)
    return [
        ["tables to scores", call.rows, seconds, peer["evaluate"] / seconds if peer else None, core[0][1]],
        ["the whole command, ActivityNet JSON", call.rows, command, peer["whole"] / command if peer else None,
         runs[0].peak],
    ]  # fmt: skip


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--activitynet", type=Path, help="the folder of the ActivityNet repository")
    made.add_argument("--rows", type=int, default=ROWS, help="predictions in the comparison")
    made.add_argument("--repeats", type=int, default=5, help="runs of ours on each side of the peer's")
    made.add_argument("--peer", nargs=2, type=Path, help="for its own use")
    call = made.parse_args()
    if call.peer:
        run_peer(call.activitynet, *call.peer)
        return
    sizes: tuple[int, ...] = SIZES
    if call.dry:
        call.rows, call.repeats, sizes = 2_000, 1, (1_000,)
    with tempfile.TemporaryDirectory() as scratch:
        rows = compare(call, Path(scratch))
    for size in sizes:
        seconds, peak = apart(core_of, size, size // 100, call.repeats)
        rows.append(["tables to scores, ours alone", size, seconds, None, peak])
    columns = {"what": "", "predictions": ",", "CPU s": ".2f", "times the public evaluator": ".0f", "peak MiB": ".0f"}
    report(call, columns, rows, note="With the public evaluator every AP is equal to 1e-9." if call.activitynet else "")


if __name__ == "__main__":
    main()
