"""The whole chain on a small synthetic data set: draw, train, localize, score, show; with the report's networks too, if
asked for.

Small enough for two CPU cores and two minutes; every step is the public verb that users call.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path

from bineego import config, toml
from bineego.datasets import Subset, read_ground_truth
from bineego.ensembling import ensemble
from bineego.errors import UsageError
from bineego.evaluation import Evaluation, evaluate
from bineego.files import check_writable
from bineego.formats import csv
from bineego.inference import localize
from bineego.inference.options import LocalizeOptions
from bineego.inference.output import SCENES as SCENES_NAME
from bineego.page.options import ReportOptions
from bineego.page.results import find_results, report_on
from bineego.pictures.timeline import write_timeline
from bineego.postprocess import Postprocess
from bineego.postprocess.candidates import RANK
from bineego.runs import RunFolder
from bineego.synth import write_dataset
from bineego.training import Recipe, RunOptions, train
from bineego.training.optimisation import Schedule
from bineego.training.recipe import Head
from bineego.tsm.config import Trunk
from bineego.types import OnProgress

Step = Callable[[str], AbstractContextManager[OnProgress]]
"""Announces a step of the demo and gives its progress callback."""

TEMPORAL, FUSED = "temporal", "fused tracks"
PAPER_TIME = "five to ten minutes on two cores"

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class DemoOptions:
    """Size of the demo. The defaults take under two minutes on two cores.

    Attributes:
        recordings: synthetic videos; a quarter is held out.
        seconds: length of each.
        seed: of everything.
        head_epochs: of the temporal head.
        paper: train the report's networks too, one for each of `intervals`, and ensemble them.
        size: pixels of the frames that those see.
        frames: of their clips; half of the method's, to fit the time.
        intervals: their t, seconds.
        epochs: of a training with t = 1 s; a shorter t has more clips in each epoch and takes as many fewer of them.
    """

    recordings: int = 24
    seconds: float = 24.0
    seed: int = 0
    head_epochs: int = 12
    paper: bool = False
    size: int = 64
    frames: int = 4
    intervals: tuple[float, ...] = (1.0, 0.5)
    epochs: int = 7


@dataclass(frozen=True, kw_only=True, eq=False)
class Demo:
    """What the demo leaves.

    Attributes:
        folder: all of it.
        picture: prediction against truth.
        page: the same, to look at in a browser.
        scores: the evaluations by name of what was scored, in order.
    """

    folder: Path
    picture: Path
    page: Path
    scores: dict[str, Evaluation] = field(default_factory=dict)


def run_demo(folder: Path, *, options: DemoOptions | None = None, step: Step | None = None) -> Demo:
    """Run the demo in `folder`, which must be new or empty.

    Raises:
        UsageError: the folder holds something, or is a file.
    """
    options, step = options or DemoOptions(), step or _silent
    if folder.exists() and not folder.is_dir():
        raise UsageError("is a file", where=folder, remedy="choose a new folder with -o")
    if folder.exists() and any(folder.iterdir()):
        raise UsageError("is not empty", where=folder, remedy="choose another folder with -o, or remove this one")
    check_writable(folder)
    if options.paper:
        log.info("--paper trains %d networks of the report too: %s", len(options.intervals), PAPER_TIME)
    demo = Demo(folder=folder, picture=folder / "timeline.png", page=folder / "report.html")
    data = folder / "dataset"
    with step("drawing videos") as on_progress:
        write_dataset(
            data,
            recordings=options.recordings,
            seconds=options.seconds,
            seed=options.seed,
            size=(256, 128),
            fps=15,
            on_progress=on_progress,
        )
    _temporal(demo, data, options, step)
    if options.paper:
        for t in options.intervals:
            _one_model(demo, data, t, options, step)
        _ensembles(demo, data, options)
    _picture(demo, data)
    truth = RunFolder(demo.folder / "runs" / TEMPORAL).ground_truth
    shown = replace(find_results(demo.folder / f"{TEMPORAL}-tracks"), name="bineego demo: held-out videos")
    report_on(shown, ReportOptions(truth=truth, videos=data, output=demo.page))
    _settings(demo, data, options)
    return demo


def _temporal(demo: Demo, data: Path, options: DemoOptions, step: Step) -> None:
    """Train a temporal head on frozen features, and localize the held-out videos."""
    with step("features, and a temporal head") as on_progress:
        train(
            data,
            name=TEMPORAL,
            head=Head.TEMPORAL,
            epochs=options.head_epochs,
            val_every=options.head_epochs,
            seed=options.seed,
            runs=demo.folder / "runs",
            features=demo.folder / "features",
            on_progress=on_progress,
        )
    tracks = demo.folder / f"{TEMPORAL}-tracks"
    with step("localizing the held-out videos") as on_progress:
        found = localize(
            data,
            model=demo.folder / "runs" / TEMPORAL,
            output=tracks,
            subset=Subset.VAL,
            save_scores=True,
            features=demo.folder / "features",
            on_progress=on_progress,
        )
    scenes = tracks / SCENES_NAME
    # From here on no video is read again: the score tracks hold all the network had to say.
    plain = localize(tracks, options=LocalizeOptions(postprocess=Postprocess.PAPER))
    demo.scores[f"{TEMPORAL} head, decoded as the paper does"] = evaluate(data, plain.predictions, subset=Subset.VAL)
    demo.scores[f"{TEMPORAL} head"] = evaluate(data, found.predictions, subset=Subset.VAL, scenes=scenes)


def _one_model(demo: Demo, data: Path, t: float, options: DemoOptions, step: Step) -> None:
    """Train a model, and localize the held-out videos with both ways of decoding."""
    name, runs = _name(t), demo.folder / "runs"
    epochs = _epochs(t, options)
    recipe = Recipe(
        trunk=Trunk.RESNET18,
        init="random",
        size=options.size,
        frames=options.frames,
        interval=t,
        epochs=epochs,
        val_every=epochs,  # validation takes time too
        schedule=Schedule.COSINE,
        seed=options.seed,
    )
    with step(f"training a model with t = {t:g} s") as on_progress:
        train(
            data,
            name=name,
            recipe=recipe,
            options=RunOptions(runs=runs, cache=demo.folder / "frames"),
            on_progress=on_progress,
        )
    tracks = demo.folder / f"{name}-tracks"
    with step("localizing the held-out videos") as on_progress:
        found = localize(
            data,
            model=runs / name,
            output=tracks,
            subset=Subset.VAL,
            options=LocalizeOptions(postprocess=Postprocess.PAPER),
            save_scores=True,
            on_progress=on_progress,
        )
    demo.scores[f"{name}, paper"] = evaluate(data, found.predictions, subset=Subset.VAL, scenes=tracks / SCENES_NAME)
    # From here on no video is read again: the score tracks hold all the network had to say.
    again = localize(tracks, options=LocalizeOptions(postprocess=Postprocess.VITERBI))
    demo.scores[f"{name}, viterbi"] = evaluate(data, again.predictions, subset=Subset.VAL)


def _ensembles(demo: Demo, data: Path, options: DemoOptions) -> None:
    """The paper's ensemble of the intervals' segments, and the fusion of all score tracks."""
    tracks = [demo.folder / f"{_name(t)}-tracks" for t in options.intervals]
    weights = [demo.scores[f"{_name(t)}, paper"].final for t in options.intervals]
    chosen = weights if any(weights) else None
    everything = [*tracks, demo.folder / f"{TEMPORAL}-tracks"]
    fusions = {
        "ensemble (paper)": ensemble([folder / "predictions.csv" for folder in tracks], weights=chosen),
        f"{FUSED} of all": ensemble(everything),
    }
    for name, file in zip(fusions, ("ensemble.csv", "fused-tracks.csv"), strict=True):
        csv.write_segments(fusions[name], demo.folder / file)
        demo.scores[name] = evaluate(data, demo.folder / file, subset=Subset.VAL)


def _picture(demo: Demo, data: Path) -> None:
    truth = read_ground_truth(data)
    held_out = [video for video in truth.videos if truth.subsets.get(video) == Subset.VAL]
    found = csv.read_predictions(demo.folder / f"{TEMPORAL}-tracks" / "predictions.csv")
    sure = found[found["score"] >= RANK]  # without candidates, which are there for recall
    write_timeline(truth.segments, sure, demo.picture, videos=held_out)


def _settings(demo: Demo, data: Path, options: DemoOptions) -> None:
    """A bineego.toml with which the bare commands work in the demo's folder."""
    train_table = {
        "dataset": data.name,
        "head": Head.TEMPORAL,
        "features": "features",
        "epochs": 2 * options.head_epochs,
    }
    predictions = f"{TEMPORAL}-tracks/predictions.csv"
    evaluate_table = {"ground_truth": data.name, "predictions": predictions, "subset": Subset.VAL}
    toml.write_toml({"train": train_table, "evaluate": evaluate_table}, demo.folder / config.CONFIG_NAME)


def _epochs(t: float, options: DemoOptions) -> int:
    return max(1, round(options.epochs * t))


def _name(t: float) -> str:
    return f"t{t:g}"


@contextlib.contextmanager
def _silent(_what: str) -> Iterator[OnProgress]:
    yield lambda _done, _total: None
