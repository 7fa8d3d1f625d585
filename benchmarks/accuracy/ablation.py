"""The report's ablation table (Table 3) on a data set: every recipe trained, localized and scored, then the ensembles.

    python -m benchmarks.accuracy.ablation DATASET --work FOLDER
    python -m benchmarks.accuracy.ablation DATASET --work FOLDER --trunks resnet18 resnet34 --init random --size 64 \
        --epochs 8 --same-clips --set schedule=cosine group_by=performer

`--same-clips` is for a table that is to be had in an hour: `--epochs` are those of t = 1, and every row learns from the
same number of clips, where the report's rows have the same number of epochs.

A row is a recipe that comes with the program: Single (actions only) or Multi (scenes too; only where the data set has
scenes), the trunk, and t. Checkpoint and temperature are chosen on a split inside the train subset; the val subset is
localized with the paper preset and scored once. The ensembles are the report's: segments averaged and merged by tIoU,
of the six models of its table and of all rows. Their weights are the models' final scores: those on the held-out part
of the train subset, and (as the report took them from the leaderboard) those of this very table.

Prints Markdown, each row when it is done; s = seconds of training. What is done is kept in FOLDER and used again; a
training that broke off goes on.
"""

from __future__ import annotations

import argparse
import csv
import json
import logging
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from bineego import evaluation, inference, training
from bineego.config import build, read_toml, to_toml
from bineego.datasets import Subset, open_dataset
from bineego.ensembling import Method, ensemble
from bineego.evaluation import Evaluation
from bineego.files import write_bytes
from bineego.formats.csv import write_segments
from bineego.inference.options import LocalizeOptions
from bineego.postprocess import Postprocess
from bineego.training import Recipe, RunOptions
from bineego.training.options import Device, shipped_recipes
from bineego.training.resume import CHANGEABLE
from bineego.tsm.card_file import read_card
from bineego.tsm.config import Trunk

MODES, TRUNKS, INTERVALS = ("single", "multi"), ("32x8d", "64x4d"), (1.0, 0.5, 0.25)
REPORT = (
    "single-32x8d-t1.0", "single-32x8d-t0.5", "single-32x8d-t0.25", "single-64x4d-t0.5", "multi-32x8d-t0.5",
    "multi-64x4d-t0.5",
)  # fmt: skip
"""The models of the report's table, which its last row combines."""

PAPER = LocalizeOptions(postprocess=Postprocess.PAPER)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One model on the scored subset.

    Attributes:
        mAP: at tIoU 0.5, 0.75 and 0.95.
        final: their mean.
        scene_top1: share of the videos whose scene is right; None without a scene head.
        held_out: final score of its checkpoint on the recordings held out in training.
        seconds: of training, without validation.
    """

    mAP: tuple[float, ...]  # noqa: N815 - the name everybody uses
    final: float
    scene_top1: float | None
    held_out: float
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="DATASET with subsets train and val")
    parser.add_argument("--work", type=Path, required=True, help="folder for runs, frames, predictions and rows")
    parser.add_argument("--rows", nargs="+", choices=MODES, default=list(MODES))
    parser.add_argument("--intervals", type=float, nargs="+", choices=INTERVALS, default=list(INTERVALS))
    parser.add_argument("--trunks", type=Trunk, nargs=2, help="in the place of ResNeXt-101 32x8d and 64x4d")
    for name in ("size", "epochs", "batch-size", "seed"):
        parser.add_argument(f"--{name}", type=int)
    parser.add_argument("--same-clips", action="store_true", help="fewer epochs for smaller t")
    parser.add_argument("--frames", type=int)
    parser.add_argument("--init")
    parser.add_argument("--set", nargs="+", default=[], metavar="FIELD=VALUE", help="any other field of the recipe")
    parser.add_argument("--videos", type=Path, help="folder of an annotation file's videos")
    parser.add_argument("--device", type=Device, default=Device.AUTO)
    parser.add_argument("--jobs", type=int, help="videos decoded at once")
    parser.add_argument("--subset", type=Subset, default=Subset.VAL, help="what is scored")
    call = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    recipes = chosen_recipes(call)
    _print_head(next(iter(recipes.values())), call)
    rows: dict[str, Row] = {}
    for name, recipe in recipes.items():
        rows[name] = row = measure(name, recipe, call)
        _print(_method(name), row.mAP, row.final, row.scene_top1, row.seconds)
    for title, names in {"the report's": [n for n in REPORT if n in rows], "all": list(rows)}.items():
        if len(names) < 2 or (title == "all" and set(names) <= set(REPORT)):
            continue
        for origin, weights in (
            ("held-out scores", [rows[name].held_out for name in names]),
            ("scores above", [rows[name].final for name in names]),
        ):
            score = fused(names, weights, call)
            _print(f"Ensemble; {title} {len(names)}; weights: {origin}", score.mAP, score.final, None, None)


def chosen_recipes(call: argparse.Namespace) -> dict[str, Recipe]:
    """The recipes of the table in the report's order, with what the call changes."""
    data = open_dataset(call.data, videos=call.videos)
    modes = [mode for mode in MODES if mode in call.rows and (mode == "single" or data.scenes)]
    if "multi" in call.rows and not data.scenes:
        print("no Multi rows: the data set has no scenes", file=sys.stderr)
    names = [f"{mode}-{trunk}-t{t}" for mode in modes for trunk in TRUNKS for t in sorted(call.intervals, reverse=True)]
    fields = ("size", "epochs", "batch_size", "seed", "frames", "init")
    changes: dict[str, Any] = {"split": "inner"} | {name: getattr(call, name) for name in fields}
    changes |= dict(pair.split("=", 1) for pair in call.set)
    found = {}
    for name in names:
        stand_in = {} if call.trunks is None else {"trunk": call.trunks[TRUNKS.index(name.split("-")[1])]}
        recipe = build(Recipe, read_toml(shipped_recipes()[name]), changes, stand_in)
        if call.same_clips:
            recipe = replace(recipe, epochs=max(1, round(recipe.epochs * recipe.interval)))
        found[name] = recipe
    if not found:
        raise SystemExit("no row to run")
    return found


def measure(name: str, recipe: Recipe, call: argparse.Namespace) -> Row:
    """Train, localize, score; or what an earlier call found."""
    note: Path = call.work / "rows" / f"{name}.json"
    settings = {key: value for key, value in to_toml(recipe).items() if key not in CHANGEABLE}
    if note.exists():
        saved = json.loads(note.read_text())
        _same(saved["settings"], settings, note)
        return Row(**saved["row"] | {"mAP": tuple(saved["row"]["mAP"])})
    runs = call.work / "runs"
    options = RunOptions(
        videos=call.videos,
        runs=runs,
        cache=call.work / "frames",
        device=call.device,
        jobs=call.jobs,
        resume=(runs / name / "config.toml").exists(),
    )
    run = training.train(call.data, name=name, recipe=recipe, options=options)
    folder = _predictions(name, call).parent
    inference.localize(
        call.data, model=run.folder, output=folder, subset=call.subset, videos=call.videos, options=PAPER
    )
    score = evaluation.evaluate(call.data, folder / "predictions.csv", subset=call.subset)
    row = Row(
        mAP=score.mAP,
        final=score.final,
        scene_top1=score.scene_top1,
        held_out=float(read_card(run.folder).metrics.get("mAP") or 0),
        seconds=_seconds(run.folder / "log.csv"),
    )
    write_bytes(note, json.dumps({"settings": settings, "row": asdict(row)}, indent=1).encode())
    return row


def fused(names: Sequence[str], weights: Sequence[float], call: argparse.Namespace) -> Evaluation:
    """The report's ensemble of some rows; equal weights where all scores are 0."""
    inputs = [_predictions(name, call) for name in names]
    table = ensemble(inputs, weights=weights if any(weights) else None, method=Method.PAPER)
    target = call.work / "ensembles" / f"{len(names)}-{'-'.join(f'{w:.3f}' for w in weights)}.csv"
    write_segments(table, target)
    return evaluation.evaluate(call.data, target, subset=call.subset)


def _predictions(name: str, call: argparse.Namespace) -> Path:
    path: Path = call.work / "predictions" / name / "predictions.csv"
    return path


def _same(saved: Mapping[str, Any], settings: Mapping[str, Any], note: Path) -> None:
    for key in {*saved, *settings}:
        if saved.get(key) != settings.get(key):
            raise SystemExit(
                f"{note}: made with {key} = {saved.get(key)}, now it is {settings.get(key)}; name another --work"
            )


def _seconds(log: Path) -> float:
    with log.open() as file:
        return sum(float(row["seconds_train"]) for row in csv.DictReader(file))


def _method(name: str) -> str:
    mode, trunk, t = name.split("-")
    return f"{mode.capitalize()}; {trunk}; t={t[1:]}"


def _print_head(recipe: Recipe, call: argparse.Namespace) -> None:
    stands = "" if call.trunks is None else f"; 32x8d stands for {call.trunks[0]}, 64x4d for {call.trunks[1]}"
    device = torch.cuda.get_device_name() if torch.cuda.is_available() and call.device != Device.CPU else "CPU"
    print(
        f"{Path(call.data).name}, subset {call.subset}{stands}. {recipe.size} px, {recipe.frames} frames, "
        f"{recipe.epochs} epochs{' at t = 1' * call.same_clips}, batches of {recipe.batch_size}, init "
        f"{Path(recipe.init).name}, {recipe.schedule} schedule, seed {recipe.seed}, {device}.\n"
    )
    print("| Method | mAP@.5 | mAP@.75 | mAP@.95 | final | scene top-1 | s |\n" + "|---" * 7 + "|", flush=True)


def _print(
    method: str, mean_ap: Sequence[float], final: float, scene_top1: float | None, seconds: float | None
) -> None:
    numbers = " | ".join(f"{value:.3f}" for value in (*mean_ap, final))
    scene = "" if scene_top1 is None else f"{scene_top1:.3f}"
    print(f"| {method} | {numbers} | {scene} | {'' if seconds is None else f'{seconds:.0f}'} |", flush=True)


if __name__ == "__main__":
    main()
