"""What `extract-frames` and `convert` take. Free of numpy and pandas, so that the command line can offer it at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from annotated_types import Ge

from bineego.config import Opt, Options
from bineego.datasets.recording import View
from bineego.formats.kinds import FileFormat
from bineego.formats.options import LabelOptions
from bineego.remote.address import Address, read_place
from bineego.remote.options import ScratchOptions
from bineego.shards import checked_shard
from bineego.video.options import Backend, FrameOptions

DEFAULT_CACHE = Path(".bineego/frames")


@dataclass(frozen=True, kw_only=True)
class VideosOptions(ScratchOptions):
    """Which videos the extract commands read, and how."""

    backend: Annotated[Backend, Opt("Library that decodes the videos.")] = Backend.PYAV
    view: Annotated[View, Opt("Camera of a data set with several.")] = View.PANORAMIC
    videos: Annotated[Path | None, Opt("Folder of the videos of an annotation file.", unset="that of the file")] = None
    shard: Annotated[
        str | None,
        Opt(
            "Process only the I-th of N parts of the videos, to share them among N machines.",
            metavar="I/N",
            table=None,
            parse=checked_shard,
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class VideosCall(Options):
    """The videos themselves, on the command line."""

    inputs: Annotated[
        tuple[str, ...],
        Opt(
            "Videos, folders of videos, data sets, or addresses of videos.",
            argument=True,
            table=None,
            metavar="INPUT...",
        ),
    ]


@dataclass(frozen=True, kw_only=True)
class ExtractOptions(FrameOptions, VideosOptions):
    """Options of `extract_frames`."""

    output: Annotated[
        Path | Address, Opt("Folder of the cache; or an address.", short="-o", metavar="FOLDER", parse=read_place)
    ] = DEFAULT_CACHE
    jobs: Annotated[int | None, Ge(1), Opt("Number of processes that decode.", unset="one per core")] = None


@dataclass(frozen=True, kw_only=True)
class ExtractCall(ExtractOptions, VideosCall):
    """What the command takes."""


@dataclass(frozen=True, kw_only=True)
class ConvertOptions(LabelOptions):
    """Options of `convert`."""

    format: Annotated[FileFormat | None, Opt("Format to write.", table=None, unset="by the ending of OUT")] = None
    videos: Annotated[
        Path | None,
        Opt(
            "Folder of the videos, needed by formats that name them or count frames.",
            metavar="FOLDER",
            table=None,
            unset="beside IN",
        ),
    ] = None
    overwrite: Annotated[bool, Opt("Replace a file even if it was changed, or not written by bineego.", table=None)] = (
        False
    )


@dataclass(frozen=True, kw_only=True)
class ConvertCall(ConvertOptions):
    """What the command takes."""

    source: Annotated[
        Path, Opt("Labels or predictions: a file of any format, or a folder.", argument=True, table=None, metavar="IN")
    ]
    target: Annotated[
        Path,
        Opt(
            "The file to write; a folder for formats that hold one video per file.",
            argument=True,
            table=None,
            metavar="OUT",
        ),
    ]
