"""`bineego ensemble`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from bineego.cli import console
from bineego.cli.app import app
from bineego.cli.weights import FORM, sort_out
from bineego.ensembling.options import EnsembleCall, Method
from bineego.errors import InputMissing, UsageError
from bineego.files import check_target
from bineego.postprocess.options import Missing, Pooling, Postprocess


class _Command(TyperCommand):
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[-1] == "--weights":
            raise UsageError("--weights needs numbers, one per input, or the file of a fit", remedy=FORM)
        return super().parse_args(ctx, args)


@app.command("ensemble", cls=_Command)
def ensemble(
    inputs: Annotated[
        list[str] | None, typer.Argument(metavar="INPUT...", help="Predictions or score tracks, one per model.")
    ] = None,
    weights: Annotated[
        list[str] | None, typer.Option(help="0.57,0.51 or repeated; or the file of a fit. Default: equal.")
    ] = None,
    method: Annotated[Method | None, typer.Option(help="Default: tracks for score tracks, else paper.")] = None,
    iou: Annotated[float | None, typer.Option(help="Join above this tIoU. Default: paper 0.5, average 0.7.")] = None,
    missing: Annotated[Missing | None, typer.Option(help="A model without a candidate: 0 or no say.")] = None,
    bridge: Annotated[float | None, typer.Option(help="First join runs of a model at most S seconds apart.")] = None,
    pooling: Annotated[Pooling | None, typer.Option(help="Mean of the probabilities of tracks.")] = None,
    postprocess: Annotated[Postprocess | None, typer.Option(help="How score tracks become segments.")] = None,
    fit: Annotated[Path | None, typer.Option(metavar="GROUND_TRUTH", help="Choose all of this by validation.")] = None,
    subset: Annotated[str | None, typer.Option(help="With --fit: only the videos of this subset.")] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Default: ensemble.csv; with --fit, ensemble.toml.")
    ] = None,
) -> None:
    """Fuse the answers of several models into one. Prints the path of the result."""
    from bineego.config import COMMANDS, CONFIG_NAME, build, command_table
    from bineego.postprocess import DecodeOptions

    if not inputs:
        raise UsageError("nothing to fuse", remedy=FORM)
    paths, chosen = sort_out(inputs, weights or [])
    flags = {
        "method": method, "iou": iou, "missing": missing, "bridge": bridge, "pooling": pooling, "weights": chosen,
        "postprocess": postprocess,
    }  # fmt: skip
    # The file of a fit settles everything; bineego.toml then has no say.
    table = {} if isinstance(chosen, str) else command_table("ensemble", COMMANDS)
    given = table | {name: value for name, value in flags.items() if value is not None}
    call = build(EnsembleCall, given, where=CONFIG_NAME)
    decode = None if call.postprocess is None else DecodeOptions(method=call.postprocess)
    target = output or Path("ensemble.csv" if fit is None else "ensemble.toml")
    _check(paths, target)
    if fit is None:
        if subset is not None:
            raise UsageError("--subset goes with --fit only", remedy="leave it out: all videos of the inputs are fused")
        from bineego.ensembling import fusing

        options = {name: value for name, value in given.items() if name not in ("weights", "postprocess")}
        fusing.write(fusing.run(paths, weights=call.weights, given=options, decode=decode), target, paths)
    else:
        if target.suffix != ".toml":
            raise UsageError("--fit writes its choice as a .toml file", where=target, remedy="-o WEIGHTS.toml")
        if chosen is not None:
            raise UsageError("--fit chooses the weights itself", remedy="leave --weights out")
        from bineego.ensembling import fit as fitting

        with console.progress("fitting") as on_progress:
            found = fitting.fit(paths, fit, options=call, decode=decode, subset=subset, on_progress=on_progress)
        print(found.text(), file=sys.stderr)
        fitting.write(found, target)
    print(target)


def _check(paths: list[str], target: Path) -> None:
    """Everything that can be known before anything is read."""
    for path in paths:
        if not Path(path).exists():
            raise InputMissing("no such file", where=path)
    if not paths:
        raise UsageError("weights, but nothing to fuse", remedy=FORM)
    from bineego.ensembling.inputs import PREDICTIONS_NAME

    # What stands for a folder may be the table in it.
    check_target(target, (file for path in map(Path, paths) for file in (path, path / PREDICTIONS_NAME)), flag="-o")
