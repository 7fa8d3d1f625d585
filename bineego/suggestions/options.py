"""What `suggest` takes. Free of numpy and pandas, so that the command line can offer it at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from annotated_types import Gt

from bineego.config import Opt, Options

OUTPUT = Path("suggestions")


@dataclass(frozen=True, kw_only=True)
class SuggestOptions(Options):
    """Options of `suggest`."""

    model: Annotated[
        str | None,
        Opt("A run's name or folder, or a model file.", metavar="MODEL", unset="the newest run under ./runs"),
    ] = None
    minutes: Annotated[float, Gt(0), Opt("Minutes of video to suggest in total.", metavar="MINUTES")] = 10.0
    output: Annotated[
        Path, Opt("Folder for the suggestions: a table, a page and projects for labelling.", short="-o")
    ] = OUTPUT
    overwrite: Annotated[
        bool, Opt("Replace files even if they were changed, or not written by bineego.", table=None)
    ] = False


@dataclass(frozen=True, kw_only=True)
class SuggestCall(SuggestOptions):
    """What the command takes."""

    inputs: Annotated[
        tuple[str, ...],
        Opt("Videos, folders of videos, or score tracks.", argument=True, table=None, metavar="INPUT..."),
    ]
