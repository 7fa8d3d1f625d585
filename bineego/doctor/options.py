"""What `check` takes. Free of pandas."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from bineego.config import Opt
from bineego.formats.options import LabelOptions


@dataclass(frozen=True, kw_only=True)
class CheckOptions(LabelOptions):
    """Options of `check`."""

    videos: Annotated[
        Path | None, Opt("Folder of the videos.", metavar="FOLDER", table=None, unset="that of the file")
    ] = None


@dataclass(frozen=True, kw_only=True)
class CheckCall(CheckOptions):
    """What the command takes."""

    file: Annotated[Path, Opt("A data set, a file of labels or predictions, or a challenge submission.", argument=True)]
    json: Annotated[bool, Opt("Print JSON.", table=None)] = False
