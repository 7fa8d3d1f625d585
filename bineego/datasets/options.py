"""What `extract-frames` and `convert` take. Free of numpy and pandas, so that the command line can offer it at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from annotated_types import Ge

from bineego.config import Opt
from bineego.datasets.recording import View
from bineego.formats.kinds import FileFormat
from bineego.formats.options import LabelOptions
from bineego.shards import checked_shard
from bineego.video.options import Backend, FrameOptions

DEFAULT_CACHE = Path(".bineego/frames")


@dataclass(frozen=True, kw_only=True)
class ExtractOptions(FrameOptions):
    """Options of `extract_frames`."""

    output: Annotated[Path, Opt("Folder of the cache.", short="-o", metavar="FOLDER")] = DEFAULT_CACHE
    jobs: Annotated[int | None, Ge(1), Opt("Processes that decode.", unset="one a core")] = None
    backend: Annotated[Backend, Opt("What decodes the videos.")] = Backend.PYAV
    view: Annotated[View, Opt("Camera of a data set that has several.")] = View.PANORAMIC
    videos: Annotated[Path | None, Opt("Folder of the videos of an annotation file.", unset="beside the file")] = None
    shard: Annotated[
        str | None,
        Opt(
            "Only the I-th of N parts of the videos, so that N machines share them.",
            metavar="I/N",
            key=False,
            parse=checked_shard,
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class ExtractCall(ExtractOptions):
    """What the command takes."""

    inputs: Annotated[
        tuple[str, ...], Opt("Videos, folders of videos, or data sets.", argument=True, key=False, metavar="INPUT...")
    ]


@dataclass(frozen=True, kw_only=True)
class ConvertOptions(LabelOptions):
    """Options of `convert`."""

    format: Annotated[FileFormat | None, Opt("Format to write.", key=False, unset="by the ending of OUT")] = None
    videos: Annotated[
        Path | None,
        Opt(
            "Folder of the videos: for tools that show them or count their frames.",
            metavar="FOLDER",
            key=False,
            unset="beside IN",
        ),
    ] = None
    overwrite: Annotated[bool, Opt("Replace a file that is not as bineego wrote it.", key=False)] = False


@dataclass(frozen=True, kw_only=True)
class ConvertCall(ConvertOptions):
    """What the command takes."""

    source: Annotated[
        Path, Opt("Labels or predictions: a file of any format, or a folder.", argument=True, key=False, metavar="IN")
    ]
    target: Annotated[
        Path,
        Opt(
            "The file to write; a folder of files where a file holds one video.",
            argument=True,
            key=False,
            metavar="OUT",
        ),
    ]
