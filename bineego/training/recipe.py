"""How a model is trained, as data. Free of torch and pandas, so that the command line can offer it at no cost.

Sources: "report" = the challenge report's section 4.2 (lr 0.001, SGD, dropout 0.5, 256x256), "TSM" = the official TSM
implementation (both in docs/facts.md); the rest is our choice.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Gt, Interval

from bineego.config import Opt, Options
from bineego.errors import BadOption, nearest
from bineego.labels import LabelRule
from bineego.runs import RUNS
from bineego.training.optimisation import OptimisationPart, Optimizer, PassesPart
from bineego.tsm.config import CLIP_FRAMES, Precision, Trunk

NETWORK, CLIP, LEARN, AUGMENT = "The network", "Clips", "What is learnt", "Augmentation"
HOLD_OUT, RUN = "Validation", "The run"
"""Panels of the help."""


class Task(StrEnum):
    """Which heads are trained."""

    AUTO = "auto"  # whatever the labels allow
    MULTI = "multi"  # actions and scenes
    TAL = "tal"  # actions
    SCENE = "scene"  # scenes

    @property
    def has_actions(self) -> bool:
        return self in (Task.MULTI, Task.TAL)

    @property
    def has_scenes(self) -> bool:
        return self in (Task.MULTI, Task.SCENE)


class Labels(StrEnum):
    """Whether actions exclude each other."""

    SINGLE = "single"  # softmax over background and actions (report)
    SEVERAL = "several"  # a sigmoid for each class: several actions at once

    @classmethod
    def _missing_(cls, value: object) -> Labels | None:
        """`multi`, as version 0.1 called it, says something else of a task."""
        return cls.SEVERAL if value == "multi" else None


class Head(StrEnum):
    """What gives every moment of a video its scores."""

    TEMPORAL = "temporal"  # a small network over the features of whole videos
    INTERVAL = "interval"  # the report's: a trunk with the temporal shift, interval by interval


def read_trunk(given: object) -> Trunk | str:
    """An image network by its name, or a trained run by its name, folder or file."""
    text = str(given)
    if text in list(Trunk):
        return Trunk(text)
    if Path(text).exists() or (RUNS / text).is_dir():
        return text
    raise ValueError(f"must be one of {', '.join(Trunk)}, or a trained run, not {text!r}{nearest(text, list(Trunk))}")


@dataclass(frozen=True, kw_only=True)
class NetworkPart(Options):
    """The network."""

    trunk: Annotated[
        Trunk | str,
        Opt(
            "Image network (the report used the two ResNeXt-101), or, for the temporal head, a trained run.",
            panel=NETWORK,
            parse=read_trunk,
        ),
    ] = Trunk.EFFICIENTNET_LITE0
    init: Annotated[
        str,
        Opt(
            "Weights to start from: imagenet, random, auto (imagenet if available, else random), or a file.",
            panel=NETWORK,
            metavar="WEIGHTS",
        ),
    ] = "auto"
    shift: Annotated[bool, Opt("Temporal shift; turn it off only for ablations.", panel=NETWORK)] = True
    dropout: Annotated[float, Interval(ge=0, lt=1), Opt("Dropout before the heads.", panel=NETWORK)] = 0.5  # report


@dataclass(frozen=True, kw_only=True)
class ClipPart(Options):
    """What the network sees of a video."""

    interval: Annotated[
        float, Gt(0), Opt("Length of the intervals (t in the report).", panel=CLIP, metavar="SECONDS")
    ] = 0.5  # report: 1.0, 0.5 and 0.25
    clip_duration: Annotated[
        float | None,
        Gt(0),
        Opt(
            "Seconds of video that a clip spans around its interval.",
            panel=CLIP,
            metavar="SECONDS",
            unset="the interval itself",
        ),
    ] = None
    frames: Annotated[int, Interval(ge=1, le=CLIP_FRAMES), Opt("Frames per clip.", panel=CLIP, was=("n_frames",))] = (
        8  # TSM
    )
    size: Annotated[int, Interval(ge=16, le=4096), Opt("Frame size in pixels.", panel=CLIP)] = 160  # report: 256
    keep_aspect: Annotated[bool, Opt("Keep the aspect ratio; all videos must have the same one.", panel=CLIP)] = False


@dataclass(frozen=True, kw_only=True)
class LabelPart(Options):
    """What is learnt."""

    task: Annotated[
        Task,
        Opt(
            "Learn actions and scenes (multi), actions (tal), scenes, or whatever the labels allow (auto).", panel=LEARN
        ),
    ] = Task.AUTO
    labels: Annotated[
        Labels, Opt("Whether actions happen one at a time (single) or may overlap (several).", panel=LEARN)
    ] = Labels.SINGLE
    label_rule: Annotated[
        LabelRule,
        Opt(
            "Label of an interval: the action that covers at least half of it (majority), the one at "
            "its centre, or any that overlaps it.",
            panel=LEARN,
        ),
    ] = LabelRule.MAJORITY  # not stated in the report
    scene_weight: Annotated[float, Ge(0), Opt("Weight of the scene loss relative to the action loss.", panel=LEARN)] = (
        1.0  # not stated in the report
    )


@dataclass(frozen=True, kw_only=True)
class BalancePart(Options):
    """How much the interval of each class counts."""

    label_smoothing: Annotated[
        float,
        Interval(ge=0, lt=1),
        Opt("Share of the target probability that is spread over the other classes.", panel=LEARN),
    ] = 0.0
    class_balance: Annotated[
        float,
        Interval(ge=0, le=1),
        Opt("Draw classes as often as they occur (0), equally often (1), or in between.", panel=LEARN),
    ] = 0.0  # with probability ~ count^(1 - class_balance): 0.5 = square root
    background_ratio: Annotated[
        float | None,
        Ge(0),
        Opt(
            "At most this many background intervals per action interval, drawn anew each epoch.",
            panel=LEARN,
            unset="all of them",
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class AugmentationPart(Options):
    """How clips are varied."""

    jitter: Annotated[
        bool, Opt("Shift every interval by up to half its length, along with its label.", panel=AUGMENT)
    ] = True
    flip: Annotated[bool, Opt("Mirror half of the clips.", panel=AUGMENT)] = True  # TSM
    keep_direction: Annotated[
        tuple[str, ...],
        Opt(
            "Actions whose clips are never mirrored because their direction matters.",
            panel=AUGMENT,
            metavar="NAME,...",
            was=("no_flip",),
        ),
    ] = ()  # TSM
    yaw: Annotated[
        bool | None,
        Opt(
            "Rotate panoramas by a random angle; only for videos twice as wide as high.",
            panel=AUGMENT,
            unset="on for the panoramic view",
        ),
    ] = None
    crop: Annotated[
        bool, Opt("Crop at random to 1, .875, .75 or .66 of the side.", panel=AUGMENT, was=("multi_scale_crop",))
    ] = False  # TSM; the report resizes only


def read_fold(given: object) -> str:
    """The text of a fold, such as "2/5"."""
    parse_fold(str(given))
    return str(given)


@dataclass(frozen=True, kw_only=True)
class SplitPart(Options):
    """Which recordings are held out, and when they are looked at."""

    split: Annotated[
        str,
        Opt(
            "How validation recordings are chosen: auto, dataset, inner, random, none, or a file.",
            panel=HOLD_OUT,
            metavar="SPLIT",
        ),
    ] = "auto"
    val_share: Annotated[
        float, Interval(gt=0, lt=1), Opt("Share of recordings held out in a random or inner split.", panel=HOLD_OUT)
    ] = 0.2
    split_seed: Annotated[int, Ge(0), Opt("Random seed of a random or inner split.", panel=HOLD_OUT)] = (
        0  # apart from `seed`, so that runs with several seeds hold out the same recordings
    )
    group_by: Annotated[
        str | None,
        Opt(
            "Attribute in index.json: recordings that share its value stay on the same side of the split.",
            panel=HOLD_OUT,
        ),
    ] = None
    fold: Annotated[
        str | None,
        Opt(
            "Hold out one of K parts instead: 2/5 is the second of five.",
            panel=HOLD_OUT,
            metavar="I/K",
            parse=read_fold,
        ),
    ] = None
    val_every: Annotated[int, Ge(1), Opt("Validate every N epochs.", panel=HOLD_OUT)] = 1


@dataclass(frozen=True, kw_only=True)
class LoaderPart(Options):
    """How the work is done, without an effect on what is learnt."""

    workers: Annotated[
        int | None,
        Ge(0),
        Opt("Processes that read clips.", panel=RUN, unset="one less than the number of cores, at most 8"),
    ] = None
    precision: Annotated[
        Precision, Opt("Number format; auto takes bf16 on GPUs that support it, else fp32.", panel=RUN)
    ] = Precision.AUTO
    compile: Annotated[bool, Opt("Compile the network: slower start, faster steps on a GPU.", panel=RUN)] = False
    save_minutes: Annotated[
        float, Gt(0), Opt("Minutes between checkpoints within long epochs.", panel=RUN, flag=False)
    ] = 10.0


@dataclass(frozen=True, kw_only=True)
class Recipe(
    LoaderPart, SplitPart, OptimisationPart, PassesPart, AugmentationPart, BalancePart, LabelPart, ClipPart, NetworkPart
):
    """How a model is trained: flat for its users, in parts for the functions that read it. Fields that are None are
    chosen for the weights that came in. `SHARED` holds for both heads, the rest for the interval head."""


SHARED = (LabelPart, PassesPart, SplitPart)
"""The parts that mean the same for both heads."""


def parse_fold(text: str) -> tuple[int, int]:
    """ "2/5" -> (2, 5).

    Raises:
        ValueError: not of that form, or out of range.
    """
    part, _, whole = text.partition("/")
    if not (part.isdecimal() and whole.isdecimal() and 1 <= int(part) <= int(whole) and int(whole) >= 2):
        raise BadOption(f'must be written like "2/5" (the second of five parts), not {text!r}')
    return int(part), int(whole)


UNUSUAL = {
    "accumulate": "computed in {} parts", "warmup": "warm-up of {:g} epochs", "ema": "averaged weights ({:g})",
    "label_smoothing": "label smoothing {:g}", "class_balance": "class balance {:g}",
    "background_ratio": "background ratio {:g}", "crop": "random crops", "batch_norm": "batch norm {}",
    "freeze": "freeze {}", "patience": "patience {}",
}  # fmt: skip
"""Fields that the line about the recipe in use names where they are not as usual."""


def effective(recipe: Recipe) -> str:
    """The recipe in one line, with what was scaled and chosen."""
    scaled = (
        ""
        if recipe.batch_size == recipe.base_batch
        else f" (= {recipe.lr:g} x {recipe.batch_size}/{recipe.base_batch})"
    )
    parts = [
        f"{recipe.trunk}, t = {recipe.interval:g} s, {recipe.frames} frames of {recipe.size} px",
        f"{recipe.epochs} epochs, batches of {recipe.batch_size}",
        f"{recipe.optimizer} lr {recipe.effective_lr:g}{scaled}, heads x{recipe.head_lr:g}, {recipe.schedule} schedule",
    ]
    if recipe.optimizer is Optimizer.SGD:
        parts.append(f"momentum {recipe.momentum:g}")
    parts.append(f"weight decay {recipe.weight_decay:g}, seed {recipe.seed}")
    usual = Recipe()
    parts += [
        words.format(getattr(recipe, name))
        for name, words in UNUSUAL.items()
        if getattr(recipe, name) != getattr(usual, name)
    ]
    return "recipe: " + "; ".join(parts)
