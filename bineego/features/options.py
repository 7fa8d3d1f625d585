"""How features are made, free of numpy and torch, so that the command line can offer it at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Interval

from bineego.config import Opt
from bineego.datasets.options import VideosCall, VideosOptions
from bineego.features.kinds import RATE, Kind
from bineego.remote.address import Address, read_place
from bineego.video.options import Backend, FrameOptions

DEFAULT_TRUNK = "efficientnet_lite0"
DEFAULT_SIZE = 128
DEFAULT_CACHE = Path(".bineego/features")
DEFAULT_OUTPUT = Path("features")


@dataclass(frozen=True, kw_only=True)
class FeatureOptions(FrameOptions):
    """What features of a video depend on."""

    trunk: Annotated[
        str,
        Opt(
            "Image network with ImageNet's weights, or a trained run with its own: a name, folder or file.",
            metavar="TRUNK",
        ),
    ] = DEFAULT_TRUNK
    size: Annotated[
        int,
        Interval(ge=16, le=4096),
        Opt("Height and width of the frames in pixels; with --keep-aspect, the shorter side."),
    ] = DEFAULT_SIZE
    rate: Annotated[float, Interval(ge=0.1, le=32), Opt("Steps per second.", metavar="X")] = RATE
    backend: Annotated[Backend, Opt("Library that decodes the videos.")] = Backend.PYAV

    @property
    def frames(self) -> FrameOptions:
        """The frames that are read."""
        return FrameOptions(size=self.size, keep_aspect=self.keep_aspect)


@dataclass(frozen=True, kw_only=True)
class ExtractFeaturesOptions(VideosOptions):
    """Options of `extract_features`."""

    output: Annotated[
        Path | Address,
        Opt("Folder for the feature tracks; or an address.", short="-o", metavar="FOLDER", parse=read_place),
    ] = DEFAULT_OUTPUT
    trunk: Annotated[
        str | None,
        Opt(
            "Image network with ImageNet's weights.",
            metavar="TRUNK",
            unset=DEFAULT_TRUNK,
        ),
    ] = None
    model: Annotated[
        str | None,
        Opt("A trained run: the features it was trained on, or those of its trunk.", metavar="RUN", unset="none"),
    ] = None
    kinds: Annotated[
        tuple[Kind, ...] | None,
        Opt("Kinds of features.", metavar="KIND,...", unset="the model's, else all"),
    ] = None
    rate: Annotated[
        float | None, Interval(ge=0.1, le=32), Opt("Steps per second.", unset=f"the model's, else {RATE:g}")
    ] = None
    size: Annotated[
        int | None,
        Interval(ge=16, le=4096),
        Opt(
            "Height and width of the frames in pixels; with --keep-aspect, the shorter side.",
            unset=f"the model's, else {DEFAULT_SIZE}",
        ),
    ] = None
    keep_aspect: Annotated[
        bool | None, Opt("Keep the aspect ratio instead of making frames square.", unset="the model's, else off")
    ] = None
    jobs: Annotated[int | None, Ge(1), Opt("Number of videos to work on at once.", unset="one per core")] = None
    device: Annotated[str, Opt("Where the network runs: auto, cpu, cuda, cuda:1, mps.", metavar="DEVICE")] = "auto"
    overwrite: Annotated[bool, Opt("Redo what an earlier call has done.", table=None)] = False


@dataclass(frozen=True, kw_only=True)
class ExtractFeaturesCall(ExtractFeaturesOptions, VideosCall):
    """What the command takes."""
