"""The Typer application: one command a file."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from bineego.cli import console

app = typer.Typer(
    name="bineego",
    help="Temporal action localization: raw video in, timed and labelled actions out.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"bineego {version('bineego')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print warnings and results only.")] = False,
) -> None:
    console.set_up_logging(quiet=quiet)


def main() -> None:
    """Entry point of the `bineego` command."""
    sys.exit(console.start(app))


# Each command registers itself on import.
from bineego.cli import demo as _demo  # noqa: E402,F401
from bineego.cli import ensemble as _ensemble  # noqa: E402,F401
from bineego.cli import evaluate as _evaluate  # noqa: E402,F401
from bineego.cli import extract_frames as _extract_frames  # noqa: E402,F401
from bineego.cli import info as _info  # noqa: E402,F401
from bineego.cli import localize as _localize  # noqa: E402,F401
from bineego.cli import train as _train  # noqa: E402,F401
