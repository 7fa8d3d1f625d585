"""The report's ablation table (Table 3) on a data set: every recipe trained, localized and scored, then the ensembles.

    python -m benchmarks.accuracy.ablation DATASET --work FOLDER
    python -m benchmarks.accuracy.ablation DATASET --work FOLDER --trunks resnet18 resnet34 --same-clips \
        --set init=random size=64 epochs=8 schedule=cosine group_by=performer

`--same-clips` is for a table that is to be had in an hour: epochs are those of t = 1, and every row learns from the
same number of clips, where the report's rows have the same number of epochs.

A row is a recipe that comes with the program: Single (actions only) or Multi (scenes too; only where the data set has
scenes), the trunk, and t. Checkpoint and temperature are chosen on a split inside the train subset; the val subset is
localized with the paper preset and scored once. The ensembles are the report's: segments averaged and merged by tIoU,
of the six models of its table and of all rows. Their weights are the models' final scores: those on the held-out part
of the train subset, and (as the report took them from the leaderboard) those of this very table.

What is done is kept in FOLDER and used again, so another table needs another folder; a training that broke off goes on.
"""

from __future__ import annotations

import argparse
import csv
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.common import Cell, asked, parser, report
from bineego import ensemble, evaluate, localize, train
from bineego.datasets import Subset, open_dataset
from bineego.toml import read_toml
from bineego.training.options import shipped_recipes
from bineego.training.recipe import Recipe
from bineego.tsm.card_file import read_card
from bineego.tsm.config import Trunk

MODES, TRUNKS = ("single", "multi"), ("32x8d", "64x4d")
REPORT = (
    "single-32x8d-t1.0", "single-32x8d-t0.5", "single-32x8d-t0.25", "single-64x4d-t0.5", "multi-32x8d-t0.5",
    "multi-64x4d-t0.5",
)  # fmt: skip
"""The models of the report's table, which its last row combines."""

DRY: dict[str, Any] = {
    "set": ["size=32", "epochs=1", "frames=2", "init=random"], "trunks": [Trunk.RESNET18] * 2, "intervals": [1.0]
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Scored:
    """One model on subset val: its row, predictions, final score, and that on what training held out."""

    row: list[Cell]
    predictions: Path
    final: float
    held_out: float


def row_names(call: argparse.Namespace) -> list[str]:
    """The recipes of the table in the report's order."""
    modes = [mode for mode in MODES if mode in call.rows]
    if "multi" in modes and not open_dataset(call.data).scenes:
        print("no Multi rows: the data set has no scenes", file=sys.stderr)
        modes.remove("multi")
    return [f"{mode}-{trunk}-t{t}" for mode in modes for trunk in TRUNKS for t in call.intervals]


def settings(name: str, call: argparse.Namespace) -> dict[str, Any]:
    """What the call changes in a recipe."""
    changes: dict[str, Any] = dict(pair.split("=", 1) for pair in call.set)
    if call.trunks is not None:
        changes["trunk"] = call.trunks[TRUNKS.index(name.split("-")[1])]
    if call.same_clips:
        recipe = read_toml(shipped_recipes()[name])
        epochs = int(changes.get("epochs", recipe.get("epochs", Recipe.epochs)))
        changes["epochs"] = max(1, round(epochs * float(name.rsplit("t", 1)[1])))
    return {"split": "inner"} | changes


def measure(name: str, call: argparse.Namespace) -> Scored:
    """Train, localize and score, as far as an earlier call has not."""
    run: Path = call.work / "runs" / name
    if not (run / "val" / "predictions.csv").exists():
        where = {"runs": run.parent, "cache": call.work / "frames", "resume": (run / "config.toml").exists()}
        train(call.data, name=name, recipe=name, **where, **settings(name, call))
    folder = call.work / "predictions" / name
    localize(call.data, model=run, output=folder, subset=Subset.VAL, postprocess="paper")
    score = evaluate(call.data, folder / "predictions.csv", subset=Subset.VAL)
    with (run / "log.csv").open() as file:
        seconds = sum(float(row["seconds_train"]) for row in csv.DictReader(file))
    mode, trunk, t = name.split("-")
    row: list[Cell] = [f"{mode.capitalize()}; {trunk}; t={t[1:]}", *score.mAP, score.final, score.scene_top1, seconds]
    print(row, file=sys.stderr, flush=True)
    held_out = float(read_card(run).metrics.get("mAP") or 0)
    return Scored(row=row, predictions=folder / "predictions.csv", final=score.final, held_out=held_out)


def ensemble_rows(models: dict[str, Scored], call: argparse.Namespace) -> list[list[Cell]]:
    """The report's ensembles; equal weights where all scores are 0."""
    rows: list[list[Cell]] = []
    of_report = [name for name in REPORT if name in models]
    for title, names in {"the report's": of_report, "all": list(models)}.items():
        if len(names) < 2 or (title == "all" and len(names) == len(of_report)):
            continue
        members = [models[name] for name in names]
        for origin, weights in (
            ("held-out scores", [model.held_out for model in members]),
            ("scores above", [model.final for model in members]),
        ):
            inputs, given = [model.predictions for model in members], weights if any(weights) else None
            score = evaluate(call.data, ensemble(inputs, weights=given, method="paper"), subset=Subset.VAL)
            what = f"Ensemble; {title} {len(names)}; weights: {origin}"
            rows.append([what, *score.mAP, score.final, None, None])
    return rows


def main() -> None:
    made = parser(__doc__)
    made.add_argument("data", help="DATASET with subsets train and val")
    made.add_argument("--work", type=Path, required=True, help="folder for runs, frames and predictions")
    made.add_argument("--rows", nargs="+", choices=MODES, default=list(MODES))
    made.add_argument("--trunks", type=Trunk, nargs=2, help="in the place of ResNeXt-101 32x8d and 64x4d")
    made.add_argument("--same-clips", action="store_true", help="fewer epochs for smaller t")
    made.add_argument(
        "--set", nargs="+", default=[], metavar="FIELD=VALUE", help="fields of the recipe, and where: device=cuda"
    )
    made.set_defaults(intervals=(1.0, 0.5, 0.25))
    call = asked(made, **DRY)
    models = {name: measure(name, call) for name in row_names(call)}
    rows = [model.row for model in models.values()] + ensemble_rows(models, call)
    columns = {"Method": "", **dict.fromkeys(("mAP@.5", "@.75", "@.95", "final", "scene top-1"), ".3f"), "s": ".0f"}
    stands = "" if call.trunks is None else f" 32x8d stands for {call.trunks[0]}, 64x4d for {call.trunks[1]}."
    report(call, columns, rows, note=f"{Path(call.data).name}, subset {Subset.VAL}.{stands}")


if __name__ == "__main__":
    main()
