"""What every command that reads addresses takes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from bineego.config import Opt, Options


@dataclass(frozen=True, kw_only=True)
class ScratchOptions(Options):
    """Where files lie on their way from and to addresses."""

    scratch: Annotated[
        Path | None,
        Opt(
            "Folder for videos from addresses, each kept only while it is processed.",
            metavar="FOLDER",
            unset="the system's temporary folder",
        ),
    ] = None
