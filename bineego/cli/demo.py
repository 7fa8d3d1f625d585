"""`bineego demo`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from annotated_types import Ge

from bineego.cli import console
from bineego.config import Opt, Options


@dataclass(frozen=True, kw_only=True)
class DemoCall(Options):
    """What the command takes."""

    output: Annotated[Path, Opt("New folder for everything.", short="-o", metavar="FOLDER")] = Path("bineego-demo")
    paper: Annotated[bool, Opt("Also train the report's networks at two interval lengths and ensemble them.")] = False
    seed: Annotated[int, Ge(0), Opt("Random seed.")] = 0


def demo(call: DemoCall) -> None:
    """Draw synthetic videos, train, localize and score: all in a few minutes.

    Prints a table of scores and leaves a folder to continue from.

    Examples:
      bineego demo
      bineego demo --paper -o try
    """
    from rich.console import Console
    from rich.table import Table

    from bineego.demo import DemoOptions, run_demo

    done = run_demo(call.output, options=DemoOptions(seed=call.seed, paper=call.paper), step=console.progress)
    table = Table(title="mAP on the held-out videos", title_justify="left")
    first = next(iter(done.scores.values()))
    for heading in ("", *(f"tIoU {t:g}" for t in first.tiou), "final", "scene top-1"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, score in done.scores.items():
        scene = "" if score.scene_top1 is None else f"{score.scene_top1:.3f}"
        table.add_row(name, *(f"{value:.3f}" for value in score.mAP), f"{score.final:.3f}", scene)
    Console().print(table)
    print(
        f"prediction against truth: {done.picture}, and {done.page} in a browser\n\n"
        f"next, in {done.folder}:\n"
        "  bineego evaluate --diagnose       what kinds of errors are left\n"
        "  bineego train                     the same model, trained twice as long (settings in bineego.toml)\n"
        "  bineego localize VIDEO            actions in one video, by the newest run"
    )
