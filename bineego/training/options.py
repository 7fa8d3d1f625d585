"""Where a training run takes place, and a whole call of `train`. Free of torch and pandas."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

from annotated_types import Ge

from bineego.config import Opt, Options, Source, build, options
from bineego.datasets.options import DEFAULT_CACHE
from bineego.datasets.recording import View
from bineego.errors import BadOption, InputMissing, UsageError, nearest
from bineego.features.kinds import Kind
from bineego.features.options import DEFAULT_CACHE as DEFAULT_FEATURES
from bineego.formats.options import TABLE, LabelOptions, MomentOptions
from bineego.heads.options import TemporalPart
from bineego.runs import RUNS, RunFolder
from bineego.toml import read_toml
from bineego.training.recipe import NETWORK, RUN, Head, Recipe


class Device(StrEnum):
    """Kind of device to compute on."""

    AUTO = "auto"  # cuda, else mps, else cpu
    CPU = "cpu"
    CUDA = "cuda"
    MPS = "mps"


@dataclass(frozen=True, kw_only=True)
class RunOptions(LabelOptions, MomentOptions):
    """Where a training run takes place."""

    videos: Annotated[
        Path | None,
        Opt("Folder of the videos of an annotation file.", panel=RUN, metavar="FOLDER", unset="that of the file"),
    ] = None
    view: Annotated[
        tuple[View, ...],
        Opt("Camera to train on; a temporal head takes two that share a timeline at once.", panel=RUN),
    ] = (View.PANORAMIC,)
    runs: Annotated[Path, Opt("Folder of all runs.", panel=RUN, metavar="FOLDER")] = RUNS
    cache: Annotated[Path, Opt("Folder of the frame cache.", panel=RUN, metavar="FOLDER")] = DEFAULT_CACHE
    jobs: Annotated[
        int | None,
        Ge(1),
        Opt(
            "Number of videos to decode, and of members of a temporal head to train, at once.",
            panel=RUN,
            unset="one per core",
        ),
    ] = None
    device: Annotated[
        Device, Opt("Where to train; auto takes the first available of cuda, mps and cpu.", panel=RUN)
    ] = Device.AUTO
    devices: Annotated[int, Ge(1), Opt("Devices per machine; torchrun sets its own.", panel=RUN)] = 1
    nodes: Annotated[int, Ge(1), Opt("Number of machines; torchrun sets its own.", panel=RUN)] = 1
    resume: Annotated[bool, Opt("Continue the run of this name.", panel=RUN)] = False
    overwrite: Annotated[bool, Opt("Replace the run of this name.", panel=RUN)] = False
    tensorboard: Annotated[bool, Opt("Also write TensorBoard events (needs the extra tensorboard).", panel=RUN)] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.resume and self.overwrite:
            raise BadOption("cannot be combined with --overwrite", where="resume")


@dataclass(frozen=True, kw_only=True)
class HeadPart(Options):
    """Which head is trained, and on which features."""

    head: Annotated[
        Head | None,
        Opt(
            "Temporal head on frozen features, or the report's network on intervals.",
            panel=NETWORK,
            unset="temporal for less than an hour of labelled training video",
        ),
    ] = None
    features: Annotated[Path, Opt("Folder of the features for the temporal head.", panel=NETWORK, metavar="DIR")] = (
        DEFAULT_FEATURES
    )
    kinds: Annotated[
        tuple[Kind, ...] | None,
        Opt(
            "Kinds of features for the temporal head.",
            panel=NETWORK,
            metavar="KIND,...",
            unset="those that work best on held-out recordings",
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class TrainCall(TemporalPart, Recipe, HeadPart, RunOptions):
    """A whole call of `train`: flags over `./bineego.toml` over a recipe file over defaults."""

    dataset: Annotated[
        str | None,
        Opt("A 360+x folder, an annotation file, or a folder of those.", argument=True, unset="from bineego.toml"),
    ] = None
    name: Annotated[
        str | None, Opt("Name of the run: runs/NAME.", panel=RUN, metavar="NAME", unset="from data, trunk and t")
    ] = None
    recipe: Annotated[
        str | None,
        Opt(
            "Name of a recipe that comes with bineego, or a TOML file.",
            panel=RUN,
            metavar="RECIPE",
            was=("from_recipe",),
        ),
    ] = None

    @classmethod
    def sources(cls, file: Sequence[Source], flags: Source) -> Sequence[Source]:
        """With `resume` the run's own config.toml says what to learn and bineego.toml only where; else they are
        bineego.toml over the recipe file."""
        given = {name: value for source in (*file, flags) for name, value in source.values.items()}
        if given.get("resume"):
            config = _config_of_run(given)
            if config:
                place = {*options(RunOptions), "dataset", "name"}
                return [*(_only(source, place) for source in file), *config, flags]
        recipe = given.get("recipe")
        return [*([recipe_source(recipe)] if recipe else []), *file, flags]


def train_call(given: Mapping[str, Any], recipe: Recipe | Path | str | None, base: RunOptions | None) -> TrainCall:
    """The call of a Python caller: keywords, over an options object, over a recipe.

    Raises:
        UsageError: a wrong or unknown keyword.
        InputMissing, InputInvalid: the recipe's file.
    """
    if isinstance(base, TrainCall) and recipe is None and not given:
        return base
    below = recipe_source(str(recipe)) if isinstance(recipe, Path | str) else recipe
    return build(TrainCall, below, base, given)


def shipped_recipes() -> dict[str, Path]:
    """The recipes that come with the program, by name."""
    folder = Path(str(resources.files("bineego.training") / "recipes"))
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def recipe_source(name: str) -> Source:
    """A recipe that comes with the program, or a recipe file: fields of the recipe, or a run's config.toml.

    Raises:
        InputMissing: there is none.
        InputInvalid: it holds something wrong.
    """
    shipped = shipped_recipes()
    path = shipped.get(name, Path(name))
    if not path.is_file():
        raise InputMissing(
            f"no such recipe file, and bineego has no recipe of that name{nearest(name, shipped)}",
            where=f"--recipe {name}",
            remedy=f"recipes: {', '.join(shipped)}",
        )
    content = read_toml(path)
    if "train" not in content:
        return Source(Recipe, content, path)
    # Of a run only what it learnt is taken, not where it took place.
    learnt = {*options(Recipe), *options(TemporalPart), *options(HeadPart)} - {"features"}
    return _only(Source(TrainCall, content["train"], path, "train"), learnt)


def _only(source: Source, names: Container[str]) -> Source:
    values = {name: value for name, value in source.values.items() if name in names}
    return Source(TrainCall, values, source.file, source.table)


def _config_of_run(given: Mapping[str, Any]) -> list[Source]:
    """The tables of options that a run wrote down; none if it was interrupted before that."""
    name = given.get("name")
    if not name:
        raise UsageError("--resume needs the name of the run", remedy="add --name NAME")
    path = RunFolder(Path(given.get("runs", RUNS)) / str(name)).config
    content = read_toml(path) if path.is_file() else {}
    return [Source(TrainCall, content[name], path, name) for name in ("train", TABLE) if name in content]
