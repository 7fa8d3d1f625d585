"""What `report` takes. Free of numpy and pandas, so that the command line can offer it at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from bineego.config import Opt, Options

PAGE = Path("report.html")


@dataclass(frozen=True, kw_only=True)
class ReportOptions(Options):
    """Options of `report`."""

    truth: Annotated[
        Path | None,
        Opt("Ground truth to compare with, in any format.", unset="the run's own"),
    ] = None
    videos: Annotated[
        Path | None, Opt("Folder of the videos to play on the page.", unset="as the labels or the run say")
    ] = None
    output: Annotated[Path, Opt("The page.", short="-o", metavar="FILE")] = PAGE
    overwrite: Annotated[bool, Opt("Replace a file even if it was changed, or not written by bineego.", table=None)] = (
        False
    )


@dataclass(frozen=True, kw_only=True)
class ReportCall(ReportOptions):
    """What the command takes."""

    predictions: Annotated[
        Path,
        Opt("A run, a folder that localize wrote, or a file of predictions.", argument=True, table=None),
    ]
