"""`bineego demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bineego.cli import console
from bineego.cli.app import app


@app.command("demo")
def demo(
    output: Annotated[Path, typer.Option("-o", "--output", help="New folder for everything.")] = Path("bineego-demo"),
    seed: Annotated[int, typer.Option(min=0, help="Seed of the videos and the trainings.")] = 0,
) -> None:
    """The whole chain on synthetic videos: draw, train, localize, ensemble, score. Prints a table of the scores."""
    from rich.console import Console
    from rich.table import Table

    from bineego.demo import DemoOptions, run_demo

    done = run_demo(output, options=DemoOptions(seed=seed), step=console.progress)
    table = Table(title="mAP on the held-out videos", title_justify="left")
    first = next(iter(done.scores.values()))
    for heading in ("", *(f"tIoU {t:g}" for t in first.tiou), "final", "scene top-1"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, score in done.scores.items():
        scene = "" if score.scene_top1 is None else f"{score.scene_top1:.3f}"
        table.add_row(name, *(f"{value:.3f}" for value in score.mAP), f"{score.final:.3f}", scene)
    Console().print(table)
    print(
        f"picture of prediction against truth: {done.picture}\n\n"
        f"next, in {done.folder}:\n"
        "  bineego evaluate --diagnose       what kinds of errors are left\n"
        "  bineego train                     the same model, trained twice as long (settings in bineego.toml)\n"
        "  bineego localize VIDEO            actions in one video, by the newest run"
    )
