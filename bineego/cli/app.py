"""The Typer application: the table of commands."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from bineego.cli import console
from bineego.cli.check import check
from bineego.cli.convert import convert
from bineego.cli.demo import demo
from bineego.cli.ensemble import ensemble
from bineego.cli.evaluate import evaluate
from bineego.cli.extract_features import extract_features
from bineego.cli.extract_frames import extract_frames
from bineego.cli.info import info
from bineego.cli.localize import localize
from bineego.cli.options import add_command
from bineego.cli.overlay import overlay
from bineego.cli.report import report
from bineego.cli.suggest import suggest
from bineego.cli.train import train
from bineego.cli.usage import Commands
from bineego.version import __version__

COMMANDS: dict[str, tuple[Callable[[Any], object], ...]] = {
    "Work": (train, localize, ensemble, evaluate),
    "Prepare": (check, convert, extract_frames, extract_features),
    "Look": (report, suggest, overlay, info, demo),
}
"""All commands, by their panel in `bineego --help`."""

app = typer.Typer(
    name="bineego",
    cls=Commands,
    help="Temporal action localization: raw video in, timed and labelled actions out.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for _panel, _functions in COMMANDS.items():
    for _function in _functions:
        add_command(app, _function, _panel)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"bineego {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only warnings and results.")] = False,
) -> None:
    console.set_up_logging(quiet=quiet)


def main() -> None:
    """Entry point of the `bineego` command."""
    with console.started() as outcome:
        app(prog_name="bineego", standalone_mode=False)
    sys.exit(outcome.code)
