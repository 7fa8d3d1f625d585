"""How videos are scored and localized. Free of torch and pandas, so that the command line can offer it at no cost."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Gt, Interval

from bineego.config import Opt, Options
from bineego.datasets.recording import Subset, View
from bineego.formats.kinds import FileFormat
from bineego.postprocess.options import DecodeOptions
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
            "Seconds from one interval to the next; less than their length gives a finer track.",
            panel=SPEED,
            metavar="SECONDS",
            unset="the intervals' length",
        ),
    ] = None
    clip_duration: Annotated[
        float | None,
        Gt(0),
        Opt(
            "Seconds of video that the network sees around each interval.",
            panel=SPEED,
            metavar="SECONDS",
            unset="as the model was trained",
        ),
    ] = None
    coarse: Annotated[
        int,
        Ge(1),
        Opt("Score every N-th interval first, and those in between only where two neighbours may differ.", panel=SPEED),
    ] = 1
    agreement: Annotated[
        float,
        Interval(ge=0, le=1),
        Opt("With coarse, the probability from which two neighbours count as the same.", panel=SPEED, flag=False),
    ] = 0.25
    start: Annotated[
        float,
        Ge(0),
        Opt(
            "Where in each video to begin; times stay those of the whole.", panel=WORK_ON, metavar="SECONDS", key=False
        ),
    ] = 0.0
    end: Annotated[
        float | None,
        Gt(0),
        Opt("Where in each video to stop.", panel=WORK_ON, metavar="SECONDS", unset="its end", key=False),
    ] = None
    stream: Annotated[
        int,
        Ge(0),
        Opt("Which picture of a file that has several, as those of cameras with two lenses.", panel=WORK_ON),
    ] = 0
    strict: Annotated[
        bool,
        Opt("Refuse damaged videos; each is decoded once more to look for damage.", panel=WORK_ON),
    ] = False
    batch: Annotated[
        int | None, Ge(1), Opt("Clips per call of the network.", panel=SPEED, unset="4 on a CPU, 32 elsewhere")
    ] = None


@dataclass(frozen=True, kw_only=True)
class LocalizeOptions(ScoreOptions, DecodeOptions):
    """From a video to its segments: the options of `ScoreOptions` and `DecodeOptions`, and where the network runs."""

    precision: Annotated[
        Precision,
        Opt("Number format of the network; auto takes bf16 where it is fast and the model answers alike.", panel=SPEED),
    ] = Precision.AUTO
    device: Annotated[
        str, Opt("Where the network runs: auto, cpu, cuda, cuda:1, mps.", panel=SPEED, metavar="DEVICE")
    ] = "auto"
    backend: Annotated[Backend, Opt("What decodes the videos.", panel=SPEED)] = Backend.PYAV
    jobs: Annotated[int, Ge(1), Opt("Videos worked on at once, each by a process of its own.", panel=SPEED)] = 1
    decoders: Annotated[
        int | None,
        Ge(1),
        Opt("Processes that decode one video.", panel=SPEED, unset="1 if the network runs on the CPU, else one a core"),
    ] = None


@dataclass(frozen=True, kw_only=True)
class LocalizeCall(LocalizeOptions):
    """All of `localize` but its inputs and its model."""

    output: Annotated[
        Path | None,
        Opt(
            "Folder for one table per video and one of all.",
            panel=OUTPUT,
            short="-o",
            metavar="FOLDER",
            unset="./<video>.csv for each",
        ),
    ] = None
    subset: Annotated[
        Subset | None, Opt("Only these recordings of a data set.", panel=WORK_ON, unset="all recordings")
    ] = None
    view: Annotated[
        tuple[View, ...],
        Opt("Camera of a data set that has several; two that share a timeline are fused.", panel=WORK_ON),
    ] = (View.PANORAMIC,)
    videos: Annotated[
        Path | None,
        Opt("Folder of the videos of an annotation file.", panel=WORK_ON, metavar="FOLDER", unset="beside the file"),
    ] = None
    format: Annotated[
        tuple[FileFormat, ...],
        Opt("Formats of the tables; where a file holds one video, each gets its own.", panel=OUTPUT, was=("formats",)),
    ] = (FileFormat.CSV,)
    save_scores: Annotated[bool, Opt("Keep the score track of every video.", panel=OUTPUT)] = False
    report: Annotated[
        bool,
        Opt("Also write report.html, a page to look at and to correct, beside the tables.", panel=OUTPUT, key=False),
    ] = False
    shard: Annotated[
        str | None,
        Opt(
            "Only the I-th of N parts of the videos, so that N machines share them.",
            panel=WORK_ON,
            metavar="I/N",
            key=False,
            parse=checked_shard,
        ),
    ] = None
    overwrite: Annotated[bool, Opt("Do again what an earlier call has done.", panel=OUTPUT, key=False)] = False


@dataclass(frozen=True, kw_only=True)
class LocalizeCommand(LocalizeCall):
    """What the command takes."""

    inputs: Annotated[
        tuple[str, ...],
        Opt("Videos, folders of videos, data sets or score tracks.", argument=True, key=False, metavar="INPUT..."),
    ]
    model: Annotated[
        str | tuple[str, ...] | None,
        Opt(
            "A run's name or folder, or a model file; several with commas, one for each view.",
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
