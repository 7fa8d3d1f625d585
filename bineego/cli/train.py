"""`bineego train`."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from bineego.cli import console
from bineego.cli.app import app
from bineego.datasets.recording import View
from bineego.labels import LabelRule
from bineego.training.call import read_call
from bineego.training.options import Device, RunOptions
from bineego.training.recipe import BatchNorm, Labels, Optimizer, Recipe, Schedule, Task
from bineego.tsm.config import Precision, Trunk
from bineego.types import OnProgress

# None = not given: then bineego.toml or the recipe says, or the default in brackets holds.
Text: TypeAlias = str | None
Whole: TypeAlias = int | None
Number: TypeAlias = float | None
Flag: TypeAlias = bool | None
Place: TypeAlias = Path | None
RUN, NET, LEARN, SEE, TUNE = "The run", "The network", "What is learnt", "Augmentation", "Optimisation"


def _option(*names: str, panel: str, help: str) -> Any:
    return typer.Option(*names, rich_help_panel=panel, help=help, show_default=False)


@app.command("train")
def train(
    dataset: Annotated[Text, typer.Argument(help="360+x folder, annotation file, or folder of those.")] = None,
    name: Annotated[Text, _option(panel=RUN, help="Of the run: runs/NAME.")] = None,
    from_recipe: Annotated[Text, _option("--recipe", panel=RUN, help="A shipped recipe, or a TOML file.")] = None,
    resume: Annotated[Flag, _option("--resume", panel=RUN, help="Go on with the run of this name.")] = None,
    overwrite: Annotated[Flag, _option("--overwrite", panel=RUN, help="Replace the run of this name.")] = None,
    videos: Annotated[Place, _option(panel=RUN, help="Folder of an annotation file's videos. (beside it)")] = None,
    view: Annotated[View | None, _option(panel=RUN, help="Camera. (panoramic)")] = None,
    split: Annotated[Text, _option(panel=RUN, help="auto, dataset, inner, random, none or a file. (auto)")] = None,
    val_share: Annotated[Number, _option(panel=RUN, help="Share of recordings to hold out. (0.2)")] = None,
    split_seed: Annotated[Whole, _option(panel=RUN, help="Which recordings are held out. (0)")] = None,
    group_by: Annotated[Text, _option(panel=RUN, help="Attribute of index.json to keep on one side.")] = None,
    fold: Annotated[Text, _option(panel=RUN, help="Hold out one of k parts: 2/5.")] = None,
    seed: Annotated[Whole, _option(panel=RUN, help="Of all chance. (0)")] = None,
    val_every: Annotated[Whole, _option(panel=RUN, help="Epochs between validations. (1)")] = None,
    device: Annotated[Device | None, _option(panel=RUN, help="(auto)")] = None,
    devices: Annotated[Whole, _option(panel=RUN, help="Devices per machine. (1)")] = None,
    nodes: Annotated[Whole, _option(panel=RUN, help="Machines. (1)")] = None,
    precision: Annotated[Precision | None, _option(panel=RUN, help="(auto: bf16 on GPUs, else fp32)")] = None,
    compile: Annotated[Flag, _option("--compile", panel=RUN, help="Compile the network first.")] = None,
    cache: Annotated[Place, _option(panel=RUN, help="Folder of the frame cache. (./.bineego/frames)")] = None,
    jobs: Annotated[Whole, _option(panel=RUN, help="Videos decoded at once. (processors)")] = None,
    tensorboard: Annotated[Flag, _option("--tensorboard", panel=RUN, help="Write events too (extra).")] = None,
    workers: Annotated[Whole, _option(panel=RUN, help="Processes that read clips.")] = None,
    runs: Annotated[Place, _option(panel=RUN, help="Folder of all runs. (./runs)")] = None,
    trunk: Annotated[Trunk | None, _option(panel=NET, help="Image network. (resnet50)")] = None,
    init: Annotated[Text, _option(panel=NET, help="auto, imagenet, random or a file of weights. (auto)")] = None,
    shift: Annotated[Flag, _option("--shift/--no-shift", panel=NET, help="Temporal shift. (on)")] = None,
    dropout: Annotated[Number, _option(panel=NET, help="Before the heads. (0.5)")] = None,
    interval: Annotated[Number, _option(panel=LEARN, help="t, seconds. (0.5)")] = None,
    clip_duration: Annotated[Number, _option(panel=LEARN, help="Seconds seen around an interval. (t)")] = None,
    n_frames: Annotated[Whole, _option("--frames", panel=LEARN, help="Of a clip. (8)")] = None,
    size: Annotated[Whole, _option(panel=LEARN, help="Pixels. (256)")] = None,
    keep_aspect: Annotated[Flag, _option("--keep-aspect", panel=LEARN, help="Do not square pictures.")] = None,
    task: Annotated[Task | None, _option(panel=LEARN, help="(auto: what the labels allow)")] = None,
    labels: Annotated[Labels | None, _option(panel=LEARN, help="One action at a time, or several. (single)")] = None,
    label_rule: Annotated[LabelRule | None, _option(panel=LEARN, help="What names an interval.")] = None,
    scene_weight: Annotated[Number, _option(panel=LEARN, help="Of the scene loss. (1)")] = None,
    label_smoothing: Annotated[Number, _option(panel=LEARN, help="(0)")] = None,
    class_balance: Annotated[Number, _option(panel=LEARN, help="0 = as they come, 1 = classes equally. (0)")] = None,
    background_ratio: Annotated[Number, _option(panel=LEARN, help="Background per action, at most.")] = None,
    jitter: Annotated[Flag, _option("--jitter/--no-jitter", panel=SEE, help="Move intervals. (on)")] = None,
    flip: Annotated[Flag, _option("--flip/--no-flip", panel=SEE, help="Mirror clips. (on)")] = None,
    no_flip: Annotated[Text, _option("--keep-direction", panel=SEE, help="Actions not to mirror: a,b.")] = None,
    yaw: Annotated[Flag, _option("--yaw/--no-yaw", panel=SEE, help="Turn panoramas. (for that view)")] = None,
    multi_scale_crop: Annotated[Flag, _option("--crop", panel=SEE, help="Random crops.")] = None,
    epochs: Annotated[Whole, _option(panel=TUNE, help="(20)")] = None,
    batch_size: Annotated[Whole, _option(panel=TUNE, help="Clips of a step, over all devices. (32)")] = None,
    accumulate: Annotated[Whole, _option(panel=TUNE, help="Parts a batch is computed in. (1)")] = None,
    optimizer: Annotated[Optimizer | None, _option(panel=TUNE, help="(sgd)")] = None,
    lr: Annotated[Number, _option(panel=TUNE, help="For a base batch. (what fits the weights)")] = None,
    base_batch: Annotated[Whole, _option(panel=TUNE, help="Clips that the rate is for. (32)")] = None,
    head_lr: Annotated[Number, _option(panel=TUNE, help="Of the heads against the trunk's.")] = None,
    momentum: Annotated[Number, _option(panel=TUNE, help="(0.9)")] = None,
    weight_decay: Annotated[Number, _option(panel=TUNE, help="(0.0001)")] = None,
    clip_grad: Annotated[Number, _option(panel=TUNE, help="Largest gradient norm. (20)")] = None,
    schedule: Annotated[Schedule | None, _option(panel=TUNE, help="(step)")] = None,
    warmup: Annotated[Number, _option(panel=TUNE, help="Epochs. (0)")] = None,
    ema: Annotated[Number, _option(panel=TUNE, help="Decay of averaged weights. (off)")] = None,
    batch_norm: Annotated[BatchNorm | None, _option(panel=TUNE, help="train, partial, frozen. (train)")] = None,
    freeze: Annotated[Whole, _option(panel=TUNE, help="Stages left as they came in. (0)")] = None,
    patience: Annotated[Whole, _option(panel=TUNE, help="Stop after so many validations without gain.")] = None,
) -> None:
    """Train a model on a data set; without one, on that of bineego.toml. Prints the run's folder."""
    flags = dict(locals())
    flags["no_flip"] = None if no_flip is None else [name.strip() for name in no_flip.split(",") if name.strip()]
    call = read_call(flags)
    from bineego.training.run import train as run

    with ExitStack() as bars:
        result = run(
            str(call.dataset),
            name=call.name,
            recipe=call.part(Recipe),
            options=call.part(RunOptions),
            on_frames=_bar(bars, "frames"),
            on_progress=_bar(bars, "training"),
        )
    if result.is_first:
        print(result.folder)


def _bar(bars: ExitStack, what: str) -> OnProgress:
    """A progress bar that appears when it is first needed, in place of the one before it."""
    bar: list[OnProgress] = []

    def on_progress(done: float, total: float) -> None:
        if not bar:
            bars.close()
            bar.append(bars.enter_context(console.progress(what)))
        bar[0](done, total)

    return on_progress
