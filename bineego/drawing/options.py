"""What `overlay` takes. Free of numpy and pandas, so that the command line can offer it at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from bineego.config import Opt, Options


@dataclass(frozen=True, kw_only=True)
class OverlayOptions(Options):
    """Options of `overlay`."""

    output: Annotated[
        Path | None, Opt("The video to write, an MP4.", short="-o", metavar="FILE", unset="<video>.overlay.mp4")
    ] = None
    overwrite: Annotated[bool, Opt("Replace a file even if it was changed, or not written by bineego.", table=None)] = (
        False
    )


@dataclass(frozen=True, kw_only=True)
class OverlayCall(OverlayOptions):
    """What the command takes."""

    video: Annotated[Path, Opt("The video.", argument=True, table=None)]
    predictions: Annotated[
        Path, Opt("A file of predictions; only those of this video are drawn.", argument=True, table=None)
    ]
