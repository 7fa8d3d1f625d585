"""What labelling where `suggest` says is worth, against labelling anywhere: mAP on others against labelled minutes.

    python -m benchmarks.accuracy.suggest SET --work FOLDER [--seeds 5 --rounds 3 --minutes 1]

All begin with the same two whole videos of subset train. In each round a temporal head is trained on what is labelled
so far and scored on subset val; then so many minutes more are labelled: where `suggest` says (its own ranking, on the
calibrated tracks of all that is not labelled), in stretches of the same length anywhere, or in whole videos, drawn by
chance. The head has fewer members than the default and the decoder is not fitted, so that fifty trainings are
affordable: the figures compare the ways to choose, and are no measure of what `train` reaches.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from benchmarks import common
from benchmarks.common import Cell
from benchmarks.experiments import examples_of, learnt, scored, synthetic, track_of
from bineego import segments
from bineego.datasets import Dataset, Subset, open_dataset
from bineego.features import Kind, extract
from bineego.heads.options import HeadRecipe
from bineego.heads.targets import step_targets
from bineego.postprocess import decode
from bineego.postprocess.calibration import fit_temperature
from bineego.suggestions.ranking import LENGTH, choose
from bineego.tracks import ScoreTrack
from bineego.training.temporal.examples import Example, cut, stretch

MEMBERS, FOLDS = 2, 5  # heads that are trained, each without one of so many parts of what is labelled
START = 2  # videos that are labelled at the start
LEAST = 2.0  # seconds of a stretch that can be labelled; shorter rests are left

Model = Callable[[Example], ScoreTrack]
"""What a trained head says of an example, calibrated."""
Parts = Sequence[Example]
"""Stretches of videos."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Pool:
    """The videos of a set: those that could be labelled (subset train), and those that judge (subset val)."""

    path: Path
    data: Dataset
    examples: Mapping[str, Example]
    val: Mapping[str, Example]

    def unlabelled(self, known: Parts) -> list[Example]:
        """What is left of each video."""
        left: list[Example] = []
        for video, example in self.examples.items():
            free = np.ones(len(example), bool)
            for part in known:
                if part.video_id == video:
                    free[slice(*steps_of(example, part.begin, part.begin + part.duration))] = False
            pieces = cut(example, (np.flatnonzero(np.diff(free)) + 1).tolist())  # free ones and others, in turn
            left += pieces[0 if free[0] else 1 :: 2]
        return [part for part in left if part.duration >= LEAST]


def gather(path: Path, cache: Path) -> Pool:
    """Features and labels of all videos."""
    data = open_dataset(path)
    tracks = extract(data.videos, kinds=[kind for kind in Kind if kind is not Kind.SOUND], cache=cache)
    examples = examples_of(data, tracks, tuple(next(iter(tracks.values())).kinds))
    train, val = ({name: examples[name] for name in data.of_subset(each).videos} for each in (Subset.TRAIN, Subset.VAL))
    return Pool(path=path, data=data, examples=train, val=val)


def steps_of(example: Example, start: float, end: float) -> tuple[int, int]:
    """The steps between two moments."""
    first, stop = np.searchsorted(example.edges, [start - 1e-6, end - 1e-6]).tolist()
    return first, min(len(example), stop)


def between(example: Example, start: float, end: float) -> Example:
    return stretch(example, *steps_of(example, start, end))


def seconds_of(parts: Parts) -> float:
    return sum(part.duration for part in parts)


def learn(pool: Pool, known: Parts, seed: int, epochs: int) -> Model:
    """A head trained on what is labelled, calibrated on what each member has not seen."""
    # Long parts in two: two videos alone must make folds.
    halves = [half for part in known for half in cut(part, [len(part) // 2] if part.duration >= 2 * LENGTH else [])]
    folds = [number % FOLDS for number in range(len(halves))]
    head = learnt(halves, folds, pool.data, HeadRecipe(seed=seed, epochs=epochs), members=MEMBERS)
    logits, classes = [], []
    for half, fold in zip(halves, folds, strict=True):
        if fold < MEMBERS:
            logits.append(track_of(head, half, pool.data, [fold]).logits)
            targets = step_targets(half.edges, half.starts, half.ends, half.class_ids, len(pool.data.actions) + 1)
            classes.append(targets.actions)
    temperature = fit_temperature(np.concatenate(logits), np.concatenate(classes))
    return lambda example: track_of(head, example, pool.data).with_temperature(temperature)


def score(pool: Pool, model: Model) -> float:
    """Mean mAP on subset val."""
    return scored(pool.path, segments.concat([decode(model(each)) for each in pool.val.values()], scored=True))[-1]


def by_suggestion(pool: Pool, known: Parts, model: Model, seconds: float, _rng: np.random.Generator) -> Parts:
    """Where `suggest` says."""
    left, tracks = pool.unlabelled(known), []
    whole = {video: model(example) for video, example in pool.examples.items()}
    for number, part in enumerate(left):
        first, stop = steps_of(pool.examples[part.video_id], part.begin, part.begin + part.duration)
        tracks.append(_cut(whole[part.video_id], str(number), first, stop))
    return [between(left[int(one.video_id)], one.start, one.end) for one in choose(tracks, seconds)]


def _cut(track: ScoreTrack, name: str, first: int, stop: int) -> ScoreTrack:
    """A part of a track as one of its own."""
    edges = track.edges[first : stop + 1] - track.edges[first]
    logits = track.logits[first:stop]
    return dataclasses.replace(track, video_id=name, edges=edges, logits=logits, boundary=None, candidates=None)


def by_chance(pool: Pool, known: Parts, _model: Model, seconds: float, rng: np.random.Generator) -> Parts:
    """Stretches of the same length anywhere."""
    found: list[Example] = []
    while seconds_of(found) < seconds and (left := pool.unlabelled([*known, *found])):
        lengths = np.array([part.duration for part in left])
        part = left[int(rng.choice(len(left), p=lengths / lengths.sum()))]
        begin = rng.uniform(0, max(0.0, part.duration - LENGTH))
        found.append(between(part, begin, begin + LENGTH))
    return found


def whole_videos(pool: Pool, known: Parts, _model: Model, seconds: float, rng: np.random.Generator) -> Parts:
    """Whole videos, one after the other."""
    labelled = {part.video_id for part in known}
    found: list[Example] = []
    for video in rng.permutation([video for video in pool.examples if video not in labelled]).tolist():
        if seconds_of(found) < seconds:
            found.append(pool.examples[video])
    return found


WAYS = {"suggest": by_suggestion, "stretches by chance": by_chance, "whole videos by chance": whole_videos}


def of_seed(pool: Pool, seed: int, call: argparse.Namespace) -> dict[str, list[float]]:
    """mAP after each round, for every way to choose."""
    first = np.random.default_rng(seed).permutation(list(pool.examples))[:START].tolist()
    start = [pool.examples[video] for video in first]
    begun = learn(pool, start, seed, call.epochs)
    begin = score(pool, begun)
    found = {}
    for name, way in WAYS.items():
        rng, known, model, points = np.random.default_rng(seed), list(start), begun, [begin]
        for _ in range(call.rounds):
            known += way(pool, known, model, 60 * call.minutes, rng)
            model = learn(pool, known, seed, call.epochs)
            points.append(score(pool, model))
        print(f"seed {seed}, {name}: {' '.join(f'{value:.3f}' for value in points)}", flush=True)
        found[name] = points
    return found


def main() -> None:
    made = common.parser(__doc__)
    made.add_argument("set", nargs="?", type=Path, help="in the 360+x layout; a dry run draws one")
    made.add_argument("--work", type=Path, required=True)
    made.add_argument("--seeds", type=int, default=5)
    made.add_argument("--rounds", type=int, default=3)
    made.add_argument("--minutes", type=float, default=1.0)
    made.add_argument("--epochs", type=int, default=8)
    call = common.asked(made, seeds=2, rounds=1, epochs=1)
    call.set = synthetic(call, "set", 4) if call.dry else call.set
    torch.set_num_threads(1)
    pool = gather(call.set, call.work / "features")
    curves = [of_seed(pool, seed, call) for seed in range(call.seeds)]
    rows: list[list[Cell]] = []
    for name in WAYS:
        for number, values in enumerate(zip(*(curve[name] for curve in curves), strict=True)):
            rows.append([name, number * call.minutes, float(np.mean(values)), min(values), max(values)])
    columns = {"labelled": "", "minutes added": ".0f", "mAP": ".3f", "lowest": ".3f", "highest": ".3f"}
    note = (
        f"{call.set.name}: mean mAP on subset val, mean, lowest and highest of {call.seeds} seeds; "
        f"{seconds_of([*pool.examples.values()]) / 60:.1f} minutes could be labelled; "
        f"{MEMBERS} members, {call.epochs} epochs, no fitted decoder."
    )
    common.report(call, columns, rows, note=note)


if __name__ == "__main__":
    main()
