"""How videos are scored and localized. Free of torch and pandas, so that the command line can offer it at no cost."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Gt, Interval

from bineego.config import Opt, Options
from bineego.datasets.recording import Subset, View
from bineego.engines.engine import EngineKind
from bineego.features.options import DEFAULT_CACHE as DEFAULT_FEATURES
from bineego.formats.kinds import FileFormat
from bineego.postprocess.options import DecodeOptions
from bineego.remote.address import Address, read_place
from bineego.remote.options import ScratchOptions
from bineego.shards import checked_shard
from bineego.tsm.config import Precision
from bineego.video.options import Backend

WORK_ON = "What to work on"
SPEED = "Speed"
OUTPUT = "Output"


@dataclass(frozen=True, kw_only=True)
class ScoreOptions(Options):
    """From a video to its score track."""

    stride: Annotated[
        float | None,
        Gt(0),
        Opt(
            "Seconds from one interval to the next; values below the interval length give a finer track.",
            panel=SPEED,
            metavar="SECONDS",
            unset="the interval length",
        ),
    ] = None
    clip_duration: Annotated[
        float | None,
        Gt(0),
        Opt(
            "Seconds of video that the network sees around each interval.",
            panel=SPEED,
            metavar="SECONDS",
            unset="as in training",
        ),
    ] = None
    coarse: Annotated[
        int,
        Ge(1),
        Opt("Score every N-th interval first, and the ones in between only where neighbours differ.", panel=SPEED),
    ] = 1
    agreement: Annotated[
        float,
        Interval(ge=0, le=1),
        Opt(
            "With coarse: probability above which neighbours count as showing the same.",
            panel=SPEED,
            flag=False,
        ),
    ] = 0.25
    start: Annotated[
        float,
        Ge(0),
        Opt(
            "Start at this time of each video; output times still refer to the whole video.",
            panel=WORK_ON,
            metavar="SECONDS",
            table=None,
        ),
    ] = 0.0
    end: Annotated[
        float | None,
        Gt(0),
        Opt("Stop at this time of each video.", panel=WORK_ON, metavar="SECONDS", unset="the end", table=None),
    ] = None
    stream: Annotated[
        int,
        Ge(0),
        Opt("Which video stream of a file to use, for example for cameras with two lenses.", panel=WORK_ON),
    ] = 0
    strict: Annotated[
        bool,
        Opt("Refuse damaged videos; each is decoded one extra time, whole, to look for damage.", panel=WORK_ON),
    ] = False
    batch: Annotated[
        int | None, Ge(1), Opt("Clips per forward pass.", panel=SPEED, unset="4 on a CPU, 32 elsewhere")
    ] = None


@dataclass(frozen=True, kw_only=True)
class LocalizeOptions(ScoreOptions, DecodeOptions, ScratchOptions):
    """From a video to its segments: the options of `ScoreOptions` and `DecodeOptions`, and where the network runs."""

    precision: Annotated[
        Precision,
        Opt(
            "Number format; auto takes bf16 where it is fast and does not change the model's predictions.", panel=SPEED
        ),
    ] = Precision.AUTO
    device: Annotated[
        str, Opt("Where the network runs: auto, cpu, cuda, cuda:1, mps.", panel=SPEED, metavar="DEVICE")
    ] = "auto"
    backend: Annotated[Backend, Opt("Library that decodes the videos.", panel=SPEED)] = Backend.PYAV
    jobs: Annotated[
        int | None,
        Ge(1),
        Opt(
            "Number of videos to work on at once, each in its own process.",
            panel=SPEED,
            unset="1; with --engine ray, one per GPU or one for every 4 cores",
        ),
    ] = None
    engine: Annotated[
        EngineKind,
        Opt("Where these processes run: on this machine, or as actors of a Ray cluster (RAY_ADDRESS).", panel=SPEED),
    ] = EngineKind.LOCAL
    decoders: Annotated[
        int | None,
        Ge(1),
        Opt("Number of processes that decode one video.", panel=SPEED, unset="1 on a CPU, else one per core"),
    ] = None
    features: Annotated[
        Path,
        Opt("Folder of features that training has kept: videos that it has seen are not read again.", flag=False),
    ] = DEFAULT_FEATURES


@dataclass(frozen=True, kw_only=True)
class LocalizeCall(LocalizeOptions):
    """All of `localize` but its inputs and its model."""

    output: Annotated[
        Path | Address | None,
        Opt(
            "Folder for one table per video and one with all of them; or an address.",
            panel=OUTPUT,
            short="-o",
            metavar="FOLDER",
            unset="./<video>.csv for each",
            parse=read_place,
        ),
    ] = None
    subset: Annotated[Subset | None, Opt("Only this subset of a data set.", panel=WORK_ON, unset="all recordings")] = (
        None
    )
    view: Annotated[
        tuple[View, ...],
        Opt("Camera of a data set with several; two that share a timeline are fused.", panel=WORK_ON),
    ] = (View.PANORAMIC,)
    videos: Annotated[
        Path | None,
        Opt("Folder of the videos of an annotation file.", panel=WORK_ON, metavar="FOLDER", unset="that of the file"),
    ] = None
    format: Annotated[
        tuple[FileFormat, ...],
        Opt(
            "Formats to write; formats that hold one video per file get one file each.", panel=OUTPUT, was=("formats",)
        ),
    ] = (FileFormat.CSV,)
    save_scores: Annotated[bool, Opt("Save the score track of every video.", panel=OUTPUT)] = False
    report: Annotated[
        bool,
        Opt("Also write report.html, a page to view and correct the results.", panel=OUTPUT, table=None),
    ] = False
    shard: Annotated[
        str | None,
        Opt(
            "Process only the I-th of N parts of the videos, to share them among N machines.",
            panel=WORK_ON,
            metavar="I/N",
            table=None,
            parse=checked_shard,
        ),
    ] = None
    overwrite: Annotated[bool, Opt("Redo what an earlier call has done.", panel=OUTPUT, table=None)] = False


@dataclass(frozen=True, kw_only=True)
class LocalizeCommand(LocalizeCall):
    """What the command takes."""

    inputs: Annotated[
        tuple[str, ...],
        Opt(
            "Videos, folders of videos, data sets, features or score tracks; or addresses of videos.",
            argument=True,
            table=None,
            metavar="INPUT...",
        ),
    ]
    model: Annotated[
        str | tuple[str, ...] | None,
        Opt(
            "A run's name or folder, or a model file; several, separated by commas, one per view.",
            panel=WORK_ON,
            metavar="MODEL",
            unset="the newest run under ./runs",
        ),
    ] = None

    @property
    def models(self) -> str | tuple[str, ...] | None:
        """The model, or one for each view: a comma separates models only where there are several views."""
        if isinstance(self.model, str) and len(self.view) > 1:
            return tuple(name.strip() for name in self.model.split(","))
        return self.model
