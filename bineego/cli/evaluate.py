"""`bineego evaluate`."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from bineego.cli.app import app
from bineego.errors import UsageError
from bineego.evaluation.inputs import find_inputs
from bineego.evaluation.options import EvaluateOptions, Protocol, seconds, thresholds
from bineego.files import check_target

log = logging.getLogger(__name__)

EXTRAS = ("recall_at", "bootstrap", "diagnose", "curves")
"""What is said of predictions besides their scores."""

FILE_WIDTH = 100_000
"""Characters. A file is as wide as its tables; only a terminal ends somewhere."""

Flag = Optional[bool]  # noqa: UP045 - None = not given, so that bineego.toml can say


@app.command("evaluate")
def evaluate(
    ground_truth: Annotated[Path | None, typer.Argument(help="A data set, or a file of annotations.")] = None,
    predictions: Annotated[Path | None, typer.Argument(help="Scored segments: CSV or ActivityNet JSON.")] = None,
    subset: Annotated[str | None, typer.Option(help="Score only the videos of this subset.")] = None,
    tiou: Annotated[str | None, typer.Option(help="Thresholds: 0.5,0.75,0.95 or 0.3:0.7:0.1.")] = None,
    scenes: Annotated[Path | None, typer.Option(help="Predicted scenes (default: scenes.csv beside them).")] = None,
    protocol: Annotated[Protocol | None, typer.Option(help="Whole segments, or the challenge's 10 s windows.")] = None,
    dedup_ground_truth: Annotated[
        Flag, typer.Option("--dedup-ground-truth", help="Count exact duplicates once.")
    ] = None,
    recall_at: Annotated[str | None, typer.Option(help="Average recall of the k best of each video: 1,5,10.")] = None,
    bootstrap: Annotated[
        int | None, typer.Option(min=0, help="Confidence intervals from N resamplings of videos.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of the resampling.")] = None,
    diagnose: Annotated[
        Flag, typer.Option("--diagnose", help="What kind each error is, and what fixing it gains.")
    ] = None,
    curves: Annotated[Path | None, typer.Option(help="Write precision-recall curves: FILE.png or FILE.json.")] = None,
    ceiling: Annotated[
        str | None, typer.Option(help="What perfect intervals of these lengths score: 0.25,0.5,1.0.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Score predictions against ground truth; without arguments, those of bineego.toml or of the newest run."""
    from bineego.config import COMMANDS, CONFIG_NAME, build, command_table

    given = {
        "subset": subset, "tiou": tiou, "scenes": scenes and str(scenes), "protocol": protocol, "seed": seed,
        "dedup_ground_truth": dedup_ground_truth, "recall_at": recall_at, "bootstrap": bootstrap, "diagnose": diagnose,
        "curves": True if curves else None,
    }  # fmt: skip
    options = build(EvaluateOptions, command_table("evaluate", COMMANDS), given, where=CONFIG_NAME)
    lengths = None if ceiling is None else seconds(ceiling, where="--ceiling")
    truth, found = find_inputs(ground_truth, predictions, options, need_predictions=ceiling is None)
    if found is None:
        _refuse_without_predictions([name for name in ("scenes", *EXTRAS) if given[name]])
    if lengths is not None:
        _refuse_with_ceiling(options)
    if curves is not None:
        from bineego.report.precision_recall import check_type

        check_type(curves)
        check_target(curves, [path for path in (truth, found) if path is not None], flag="--curves")
    content: dict[str, Any] = {}
    tables = []
    if found is not None:
        from bineego.evaluation.scoring import score

        result = score(truth, found, options, scenes=options.scenes)
        content = result.to_json()
        extras = [name for name in EXTRAS if getattr(options, name)]
        if extras and not result.ap:
            log.warning("the ground truth has scenes only, no segments: left out %s", _flags(extras))
        elif curves is not None:
            from bineego.report.precision_recall import write_precision_recall

            write_precision_recall(result, curves)
        if not as_json:
            from bineego.evaluation.tables import tables as make_tables

            tables += make_tables(result)
    if lengths is not None:
        from bineego.evaluation import ceiling as measure
        from bineego.evaluation.tables import ceiling_table

        ceilings = measure(truth, lengths, tiou=thresholds(options.tiou), subset=options.subset)
        content |= {"tiou": list(ceilings[0].tiou), "ceiling": [c.to_json() for c in ceilings]}
        tables.append(ceiling_table(ceilings))
    if as_json:
        print(json.dumps(content))
        return
    if tables:
        from rich.console import Console

        from bineego.evaluation.tables import fitted

        console = Console(width=None if sys.stdout.isatty() else FILE_WIDTH)
        for table in tables:
            console.print(*fitted(table, console.width), sep="\n")


def _refuse_without_predictions(names: list[str]) -> None:
    if names:
        raise UsageError(
            f"{_flags(names)}: no predictions to say it of",
            remedy="bineego evaluate GROUND_TRUTH PREDICTIONS, or --ceiling alone",
        )


def _refuse_with_ceiling(options: EvaluateOptions) -> None:
    """The grid's ceiling knows whole segments as they stand; beside other scores it would not be theirs."""
    if options.protocol is not Protocol.SEGMENTS:
        raise UsageError(
            "--ceiling is one of whole segments, not of windows", remedy="--protocol segments, or leave --ceiling out"
        )
    if options.dedup_ground_truth:
        raise UsageError(
            "--ceiling counts exact duplicates in the ground truth like all other segments",
            remedy="leave out either --ceiling or --dedup-ground-truth (dedup_ground_truth in bineego.toml)",
        )


def _flags(names: list[str]) -> str:
    return ", ".join(f"--{name.replace('_', '-')}" for name in names)
