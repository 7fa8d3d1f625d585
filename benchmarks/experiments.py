"""What the experiments with `train` share: their call, synthetic sets, trainings over seeds, a row of the table.

Sets, features, trainings and score tracks stay in the work folder, and what is there is not made again: a call that was
interrupted goes on, and one in pieces (`--seeds 0`, then `--seeds 0 1`) costs no more.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from benchmarks import common
from benchmarks.common import Cell
from bineego import evaluate, localize, train
from bineego.datasets import Dataset, Subset
from bineego.features import FeatureTrack, fit_projection
from bineego.heads.config import HeadConfig
from bineego.heads.options import HeadRecipe
from bineego.heads.temporal import HeadEnsemble
from bineego.heads.track import to_track
from bineego.labels import LabelSet
from bineego.runs import RunFolder
from bineego.synth import write_dataset
from bineego.tracks import SUFFIX, ScoreTrack, load
from bineego.training.repeatable import one_thread
from bineego.training.samples import timelines
from bineego.training.temporal.examples import Example
from bineego.training.temporal.fit import HeadFit
from bineego.training.temporal.material import example_of

Figures = list[float]
Table = dict[str, Figures]
"""For each way, its figures with one seed."""
MEANS = dict.fromkeys(("mAP@.5", "@.75", "@.95", "mean", "spread"), ".3f")
"""Columns of `means`."""
TSM: dict[str, Any] = {
    "head": "interval", "init": "imagenet", "task": "tal", "optimizer": "adamw", "lr": 5e-4, "head_lr": 1.0,
    "schedule": "cosine", "warmup": 0.5, "batch_size": 16, "base_batch": 16,
}  # fmt: skip
"""How an interval head learns on sets as small as ours."""


def experiment(doc: str | None, *, kinds: str = "motion,direction") -> argparse.ArgumentParser:
    """The parser of an experiment, on these kinds of features unless the call names others."""
    made = common.parser(doc)
    made.add_argument("--work", type=Path, required=True, help="folder of all that is made; what is there is used")
    made.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    made.add_argument("--epochs", type=int, default=8)
    made.add_argument("--kinds", default=kinds, help="of features")
    return made


def asked(made: argparse.ArgumentParser, **dry: Any) -> argparse.Namespace:
    """The call; a dry run is of one seed and one epoch, and of what `dry` says."""
    call = common.asked(made, seeds=[0], epochs=1, **dry)
    call.work = call.work / "dry" if call.dry else call.work
    return call


def synthetic(call: argparse.Namespace, name: str, recordings: int, **given: Any) -> Path:
    """A synthetic set, of 16 s recordings unless `given` says otherwise; a quarter of them is held out."""
    folder: Path = call.work / name
    how: dict[str, Any] = {"recordings": recordings, "seconds": 16.0, "size": (256, 128), "fps": 15, **given}
    if call.dry:
        how |= {"recordings": 4, "seconds": 12.0, "size": (64, 32), "fps": 8}
    return folder if (folder / "index.json").exists() else write_dataset(folder, seed=0, **how)


def trained(call: argparse.Namespace, data: Path | Dataset, what: str, seed: int, **recipe: Any) -> RunFolder:
    """The run of one training: a temporal head on the call's kinds of features, unless `recipe` says otherwise.

    Args:
        what: all that `recipe` changes but kinds and epochs, for the name of the run.
    """
    recipe = {"head": "temporal", "kinds": call.kinds, "epochs": call.epochs} | recipe
    kinds = (recipe["kinds"] or "default").replace(",", "+")
    run = RunFolder(call.work / "runs" / f"{data.name}-{what}-{kinds}-{recipe['epochs']}-{seed}")
    if not run.figures.is_file():
        made_first = "features" if recipe["head"] == "temporal" else "cache"
        recipe |= {made_first: call.work / made_first, "val_every": recipe["epochs"]}
        train(data, name=run.name, runs=run.path.parent, seed=seed, jobs=1, overwrite=True, **recipe)
    return run


def answers(call: argparse.Namespace, data: Path, run: RunFolder, what: str = "val", **options: Any) -> Path:
    """Folder of what a model says of the held-out videos: predictions.csv, and a score track of each.

    Args:
        what: for its name, if `options` change the answers.
    """
    folder: Path = call.work / "answers" / run.name / what
    if not (folder / "predictions.csv").is_file():
        localize(
            data, model=run.path, output=folder, subset=Subset.VAL, save_scores=True, overwrite=True,
            features=call.work / "features", **options,
        )  # fmt: skip
    return folder


def scored(truth: Path, predictions: Path | pd.DataFrame, subset: Subset | None = Subset.VAL) -> Figures:
    """mAP at the three thresholds, and their mean, on the held-out videos."""
    found = evaluate(truth, predictions, subset=subset)
    return [*map(float, found.mAP), found.final]


def of_run(run: RunFolder) -> Figures:
    """`scored` of what a training itself says of the held-out videos."""
    return scored(run.ground_truth, run.predictions, None)


def over_seeds(
    call: argparse.Namespace, what: str, ask: Callable[[argparse.Namespace, int], Table], *, done: bool = False
) -> list[list[Cell]]:
    """A row for each way that `ask` tells of: the way, with how many seeds, `means`. What was asked before is in the
    work folder.

    Args:
        what: for the name of the file.
        done: ask for nothing, only the rows of what is there.
    """
    found: dict[str, list[Figures]] = {}
    for seed in call.seeds:
        path: Path = call.work / "figures" / f"{what}-{call.epochs}-{seed}.json"
        if not path.is_file() and not done:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(ask(call, seed)))
        for way, figures in json.loads(path.read_text()).items() if path.is_file() else ():
            found.setdefault(way, []).append(figures)
    return [[way, len(each), *means(each)] for way, each in found.items()]


def means(found: Sequence[Figures]) -> list[Cell]:
    """Means over trainings, and the standard deviation of the last figure."""
    return [*map(float, np.mean(found, axis=0)), spread([figures[-1] for figures in found])]


def spread(values: Sequence[float]) -> float | None:
    """Their standard deviation; none of one."""
    return statistics.stdev(values) if len(values) > 1 else None


def tracks_in(folder: Path) -> dict[str, ScoreTrack]:
    """The score tracks of `answers`, by video."""
    return {path.name.removesuffix(SUFFIX): load(path) for path in sorted(folder.glob(f"*{SUFFIX}"))}


def pair_share(tracks: Mapping[str, ScoreTrack], dataset: Dataset, pair: Sequence[str]) -> float:
    """Of the steps of the score tracks that lie in one of two actions, the share whose logit of the right one is the
    larger."""
    told: list[bool] = []
    for recording in dataset.recordings:
        assert recording.segments is not None
        track = tracks[recording.recording_id]
        centres = (track.edges[:-1] + track.edges[1:]) / 2
        for right, wrong in (pair, pair[::-1]):
            table = recording.segments[recording.segments["label"] == right]
            for start, end in table[["start", "end"]].to_numpy():
                logits = track.logits[(centres >= start) & (centres < end)]
                mine, other = (logits[:, track.actions.index(name) + 1] for name in (right, wrong))
                told += (mine > other).tolist()
    return float(np.mean(told)) if told else float("nan")


def examples_of(data: Dataset, known: Mapping[str, FeatureTrack], kinds: Sequence[str]) -> dict[str, Example]:
    """Labels and features of all videos, by video: what a head learns from without `train` around it.

    Args:
        kinds: of the features, projected as the training videos' are fitted.
    """
    projection = fit_projection({name: known[name] for name in data.of_subset(Subset.TRAIN).videos}, kinds)
    durations = {name: track.duration for name, track in known.items()}
    lines = timelines(data.recordings, durations, LabelSet(actions=data.actions))
    return {line.video_id: example_of(line, known[line.video_id], projection) for line in lines}


def learnt(
    examples: Sequence[Example], folds: Sequence[int], data: Dataset, recipe: HeadRecipe, **shape: Any
) -> HeadEnsemble:
    """A temporal head after all its epochs.

    Args:
        folds: the member that does not see each example; -1 = all see it.
        shape: see `HeadConfig`.
    """
    n_features, n_classes = examples[0].features.shape[1], len(data.actions) + 1
    fit = HeadFit(HeadConfig(n_features=n_features, n_classes=n_classes, **shape), examples, np.array(folds), recipe)
    with one_thread():
        for _ in range(recipe.epochs):
            fit.run_epoch()
    return fit.ensemble()


def track_of(head: HeadEnsemble, example: Example, data: Dataset, members: Sequence[int] | None = None) -> ScoreTrack:
    """What a head, or some of its members, says of an example."""
    with torch.inference_mode():
        scores = head(torch.from_numpy(example.features), members)
    step, labels = float(np.median(np.diff(example.edges))), LabelSet(actions=data.actions)
    return to_track(scores, example.edges, labels, video_id=example.video_id, t=step)
