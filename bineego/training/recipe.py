"""How a model is trained, as data. Free of torch and pandas, so that the command line can offer it at no cost.

Sources: "report" = the challenge report's section 4.2 (lr 0.001, SGD, dropout 0.5, 256x256), "TSM" = the official TSM
implementation, "pilot" = our measurements from random weights on small sets; the rest is our choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bineego.labels import LabelRule
from bineego.tsm.config import Precision, Trunk

PRETRAINED_LR = 0.001
"""Learning rate where trained weights come in (report)."""

RANDOM_LR = 0.02
"""Learning rate from random weights: with 0.001 nothing useful is learnt (pilot: ResNet-18, 64 px, t = 0.5)."""

ADAMW_LR_FACTOR = 0.05
"""AdamW's usual rate against SGD's."""


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
    MULTI = "multi"  # a sigmoid for each class: several actions at once


class Optimizer(StrEnum):
    SGD = "sgd"
    ADAMW = "adamw"


class Schedule(StrEnum):
    """Course of the learning rate."""

    STEP = "step"  # a tenth at 40 % and again at 80 % of the training (TSM)
    COSINE = "cosine"  # down to 0 along half a cosine


class BatchNorm(StrEnum):
    """What batch normalisation does while training."""

    TRAIN = "train"  # statistics of the batch, all layers
    PARTIAL = "partial"  # of the first layer only, the others stay as they came in (TSM, small batches)
    FROZEN = "frozen"  # stays as it came in everywhere


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a model is trained. Fields that are None are chosen by `resolved` for the weights that came in."""

    # The network.
    trunk: Trunk = Trunk.RESNET50
    """Image network (report: the two ResNeXt-101)."""
    init: str = "auto"
    """auto (ImageNet if reachable, else random), imagenet, random, or a file of weights."""
    shift: bool = True
    """The temporal shift; off only for ablations."""
    dropout: float = 0.5
    """Before the heads (report)."""

    # What it sees.
    interval: float = 0.5
    """t, seconds (report: 1.0, 0.5 and 0.25)."""
    clip_duration: float | None = None
    """Seconds of video that a clip spans around its interval; None = the interval itself."""
    n_frames: int = 8
    """Frames of a clip (TSM)."""
    size: int = 256
    """Pixels (report)."""
    keep_aspect: bool = False
    """Keep the picture's proportions; needs videos of one shape."""

    # What it learns.
    task: Task = Task.AUTO
    labels: Labels = Labels.SINGLE
    label_rule: LabelRule = LabelRule.MAJORITY
    """Which action names an interval (not stated in the report)."""
    scene_weight: float = 1.0
    """Weight of the scene loss beside the action loss (not stated in the report)."""
    label_smoothing: float = 0.0
    class_balance: float = 0.0
    """Draw classes with probability ~ count^(1 - class_balance): 0 = as they come, 0.5 = square root, 1 = equally."""
    background_ratio: float | None = None
    """At most so many background intervals for each action interval, drawn anew each epoch; None = all of them."""

    # Augmentation.
    jitter: bool = True
    """Move every interval by up to half its length; its label moves with it."""
    flip: bool = True
    """Mirror half of the clips (TSM)."""
    no_flip: tuple[str, ...] = ()
    """Actions whose direction matters: their clips are not mirrored (TSM)."""
    yaw: bool | None = None
    """Turn panoramas by a random angle; only for videos with width = 2 x height. None = for the panoramic view."""
    multi_scale_crop: bool = False
    """Random crops of 1, .875, .75 and .66 of the side (TSM); the report resizes only."""

    # Optimisation.
    epochs: int = 20
    batch_size: int = 32
    """Clips of one optimiser step, over all devices and accumulated parts (pilot)."""
    accumulate: int = 1
    """Compute a batch in so many parts, to save memory; apart from batch normalisation the result is the same."""
    optimizer: Optimizer = Optimizer.SGD
    lr: float | None = None
    """For a batch of `base_batch` clips; None = 0.001 with trained weights (report), 0.02 from random ones (pilot);
    a twentieth of that with AdamW."""
    base_batch: int = 32
    """The rate in use is lr x batch_size / base_batch."""
    momentum: float = 0.9
    """TSM."""
    weight_decay: float = 1e-4
    """Not for biases and batch normalisation (TSM)."""
    head_lr: float | None = None
    """Rate of the heads' weights against the trunk's, and twice that for their biases. None = 5 with trained weights
    (TSM), 1 from random ones, where nothing is older than the heads."""
    clip_grad: float = 20.0
    """Largest norm of the gradient (TSM); 0 = no limit."""
    schedule: Schedule = Schedule.STEP
    warmup: float = 0.0
    """Epochs in which the rate rises from 0."""
    ema: float = 0.0
    """Decay of a moving average of the weights, which is then validated and kept; 0 = off, 0.999 is usual."""
    batch_norm: BatchNorm = BatchNorm.TRAIN
    freeze: int = 0
    """Leave the stem and this many stages less one as they came in: 1 = the stem, 5 = the whole trunk; 0 = nothing."""
    patience: int = 0
    """Stop after so many validations without a better score; 0 = never."""

    # The run.
    seed: int = 0
    split: str = "auto"
    """Where validation recordings come from: auto, dataset, inner, random, none, or a file (docs/train.md)."""
    val_share: float = 0.2
    """Share of the recordings to hold out in a random or inner split."""
    split_seed: int = 0
    """Apart from `seed`, so that runs with several seeds hold out the same recordings."""
    group_by: str | None = None
    """Recordings that share this attribute of index.json stay on one side of a random or inner split."""
    fold: str | None = None
    """"2/5" = hold out the second of five parts; instead of `split`."""
    val_every: int = 1
    """Validate after every so many epochs, and after the last."""
    workers: int | None = None
    """Processes that read clips; None = one less than there are processors, at most 8; 0 = none."""
    precision: Precision = Precision.AUTO
    """Arithmetic: bfloat16 on GPUs that have it, else float32."""
    compile: bool = False
    """Compile the network first: slow start, faster steps on a GPU."""
    save_minutes: float = 10.0
    """Save at least this often within long epochs."""

    def __post_init__(self) -> None:
        # Python callers write trunk="resnet18"; an unknown word fails here.
        for name, kind in _WORDS.items():
            object.__setattr__(self, name, kind(getattr(self, name)))
        at_least = {
            "n_frames": 1, "size": 16, "epochs": 1, "batch_size": 1, "accumulate": 1, "base_batch": 1, "freeze": 0,
            "patience": 0, "val_every": 1, "scene_weight": 0, "weight_decay": 0, "clip_grad": 0, "warmup": 0, "seed": 0,
            "split_seed": 0, "workers": 0, "background_ratio": 0,
        }  # fmt: skip
        for name, low in at_least.items():
            value = getattr(self, name)
            if value is not None and not low <= value < float("inf"):
                raise ValueError(f"{name} must be {low} or more, not {value}")
        for name in ("interval", "clip_duration", "lr", "head_lr", "save_minutes"):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise ValueError(f"{name} must be more than 0, not {value}")
        for name in ("dropout", "label_smoothing", "momentum", "ema"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} must be from 0 to below 1, not {getattr(self, name)}")
        if not 0 <= self.class_balance <= 1:
            raise ValueError(f"class_balance must be from 0 to 1, not {self.class_balance}")
        if not 0 < self.val_share < 1:
            raise ValueError(f"val_share must lie between 0 and 1, not {self.val_share}")
        if self.freeze > 5:
            raise ValueError(f"freeze must be at most 5 (the whole trunk), not {self.freeze}")
        if self.accumulate > self.batch_size:
            raise ValueError(f"a batch of {self.batch_size} clips cannot be computed in {self.accumulate} parts")
        if self.fold is not None:
            parse_fold(self.fold)

    @property
    def effective_lr(self) -> float:
        """The rate in use, scaled with the batch. `lr` must be resolved."""
        if self.lr is None:
            raise ValueError("the learning rate is not resolved yet")
        return self.lr * self.batch_size / self.base_batch


_WORDS: Mapping[str, type[StrEnum]] = {
    "trunk": Trunk, "task": Task, "labels": Labels, "label_rule": LabelRule, "optimizer": Optimizer,
    "schedule": Schedule, "batch_norm": BatchNorm, "precision": Precision,
}  # fmt: skip


def parse_fold(text: str) -> tuple[int, int]:
    """ "2/5" -> (2, 5).

    Raises:
        ValueError: not of that form, or out of range.
    """
    part, _, whole = text.partition("/")
    if not (part.isdecimal() and whole.isdecimal() and 1 <= int(part) <= int(whole) and int(whole) >= 2):
        raise ValueError(f'fold must be written like "2/5" (the second of five parts), not {text!r}')
    return int(part), int(whole)


def default_lr(optimizer: Optimizer, *, pretrained: bool) -> float:
    """The rate that fits the weights that came in."""
    lr = PRETRAINED_LR if pretrained else RANDOM_LR
    return lr * ADAMW_LR_FACTOR if optimizer is Optimizer.ADAMW else lr
