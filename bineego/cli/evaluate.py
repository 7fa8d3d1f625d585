"""`bineego evaluate`."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bineego.errors import UsageError
from bineego.evaluation.inputs import find_inputs
from bineego.evaluation.options import EvaluateCall, Protocol
from bineego.records import check_free, recorded
from bineego.words import flag

if TYPE_CHECKING:  # what `--help` does not need
    from rich.table import Table

    from bineego.evaluation import Evaluation
    from bineego.evaluation.grid_ceiling import Ceiling

log = logging.getLogger(__name__)

EXTRAS = ("recall_at", "bootstrap", "segmental", "diagnose", "curves")
"""Options that print more about predictions than their scores."""

FILE_WIDTH = 100_000
"""Characters. A file is as wide as its tables; only a terminal ends somewhere."""


def evaluate(call: EvaluateCall) -> None:
    """Score predictions against ground truth.

    Prints tables, or JSON. Without arguments, it scores the files named in bineego.toml, or else the newest run's
    validation.

    Examples:
      bineego evaluate labels.csv predictions.csv --diagnose
      bineego evaluate labels.csv predictions.csv --subset val --json
    """
    truth, found = find_inputs(call)
    flags = [name for name, source in call.given.items() if source.file is None]
    if found is None:
        _refuse_without_predictions([name for name in ("scenes", *EXTRAS) if name in flags])
    if call.ceiling:
        _refuse_with_ceiling(call)
    _check_curves(call, [path for path in (truth, found) if path is not None])
    result = None if found is None else _score(truth, found, call)
    ceilings = _ceilings(truth, call) if call.ceiling else []
    if call.json:
        content = {} if result is None else result.to_json()
        if ceilings:
            content |= {"tiou": list(ceilings[0].tiou), "ceiling": [each.to_json() for each in ceilings]}
        print(json.dumps(content))
        return
    from bineego.evaluation.tables import ceiling_table, tables

    _show([*([] if result is None else tables(result)), *([ceiling_table(ceilings)] if ceilings else [])])


def _check_curves(call: EvaluateCall, inputs: Sequence[Path]) -> None:
    """Refuse a file of curves that could not be written."""
    if isinstance(call.curves, Path):
        from bineego.pictures.precision_recall import check_type

        check_type(call.curves)
        check_free(call.curves, overwrite=call.overwrite, inputs=inputs, flag="--curves")


def _score(truth: Path, found: Path, call: EvaluateCall) -> Evaluation:
    """Score the predictions; write their curves."""
    from bineego.evaluation.scoring import score

    result = score(truth, found, call, scenes=call.scenes)
    extras = [name for name in EXTRAS if getattr(call, name)]
    if extras and not result.ap:
        log.warning("the ground truth has only scenes and no segments; ignored: %s", _flags(extras))
    elif isinstance(call.curves, Path):
        from bineego.pictures.precision_recall import write_precision_recall

        with recorded(call.curves) as draft:
            write_precision_recall(result, draft)
    return result


def _ceilings(truth: Path, call: EvaluateCall) -> Sequence[Ceiling]:
    """What perfect intervals would score."""
    from bineego.evaluation import ceiling as measure
    from bineego.evaluation.ignored import part
    from bineego.evaluation.sides import read_truth

    known = read_truth(truth, call)
    whole = replace(known, segments=part(known.segments, call.ignore)[0])
    return measure(whole, call.ceiling, tiou=call.tiou, subset=call.subset)


def _show(tables: Sequence[Table]) -> None:
    """Print tables as wide as the terminal; a file is as wide as they are."""
    from rich.console import Console

    from bineego.evaluation.tables import fitted

    console = Console(width=None if sys.stdout.isatty() else FILE_WIDTH)
    for table in tables:
        console.print(*fitted(table, console.width), sep="\n")


def _refuse_without_predictions(names: list[str]) -> None:
    if names:
        raise UsageError(
            f"{_flags(names)} {'needs' if len(names) == 1 else 'need'} predictions",
            remedy="bineego evaluate GROUND_TRUTH PREDICTIONS, or use only --ceiling",
        )


def _refuse_with_ceiling(options: EvaluateCall) -> None:
    """Refuse `--ceiling` with options under which it would not be comparable to the scores."""
    if options.protocol is not Protocol.SEGMENTS:
        raise UsageError(
            "--ceiling works with whole segments, not with windows",
            remedy="--protocol segments, or leave --ceiling out",
        )
    if options.dedup_ground_truth:
        raise UsageError(
            "--ceiling does not remove duplicates from the ground truth",
            remedy="leave out --ceiling or --dedup-ground-truth (dedup_ground_truth in bineego.toml)",
        )


def _flags(names: list[str]) -> str:
    return ", ".join(map(flag, names))
