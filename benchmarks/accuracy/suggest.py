"""What labelling where `suggest` says is worth, against labelling anywhere: mAP on others against labelled minutes.

    python -m benchmarks.accuracy.suggest SET --work FOLDER [--seeds 5 --rounds 3 --minutes 1]

SET is a 360+x folder. All begin with the same two whole videos of subset train. In each round a temporal head is
trained on what is labelled so far and scored on subset val; then so many minutes more are labelled: where `suggest`
says (its own ranking, on the calibrated tracks of all that is not labelled), in stretches of the same length anywhere,
or in whole videos, drawn by chance. A stretch that is labelled is trained on as a video of its own. The head has fewer
members than the default and the decoder is not fitted, so that fifty trainings are affordable: the figures compare the
ways to choose, and are no measure of what `train` reaches.
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from benchmarks import common
from bineego import segments
from bineego.datasets import Dataset, Subset, open_dataset
from bineego.evaluation import evaluate
from bineego.features import Kind, extract, fit_projection
from bineego.formats.annotations import Annotations
from bineego.heads.config import HeadConfig
from bineego.heads.options import HeadRecipe
from bineego.heads.targets import step_targets
from bineego.heads.temporal import HeadEnsemble
from bineego.heads.track import to_track
from bineego.labels import LabelSet
from bineego.postprocess import decode
from bineego.postprocess.calibration import fit_temperature
from bineego.suggestions.ranking import LENGTH, choose
from bineego.tracks import ScoreTrack
from bineego.training.samples import timelines
from bineego.training.temporal.examples import Example, stretch
from bineego.training.temporal.fit import HeadFit
from bineego.training.temporal.material import example_of

MEMBERS, FOLDS = 2, 5
"""Heads that are trained, each without one of so many parts of what is labelled."""

START = 2
"""Videos that are labelled at the start."""

LEAST = 2.0
"""Seconds of a stretch that can be labelled; shorter rests are left."""

Part = tuple[str, int, int]
"""Steps `first` to `stop` of a video."""

Chooser = Callable[["Pool", Sequence[Part], "Model", float, np.random.Generator], list[Part]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Model:
    """A trained head and its temperature."""

    head: HeadEnsemble
    labels: LabelSet
    temperature: float

    def track(self, example: Example, name: str) -> ScoreTrack:
        """What it says of an example."""
        with torch.inference_mode():
            scores = self.head(torch.from_numpy(example.features))
        step = float(np.median(np.diff(example.edges)))
        track = to_track(scores, example.edges, self.labels, video_id=name, t=step)
        return track.with_temperature(self.temperature)


@dataclass(frozen=True, kw_only=True, eq=False)
class Pool:
    """The videos that could be labelled, and those that judge.

    Attributes:
        examples: of subset train, whole, by video.
        val: of subset val.
        truth: the labels of the latter.
        labels: all actions.
    """

    examples: Mapping[str, Example]
    val: Mapping[str, Example]
    truth: Annotations
    labels: LabelSet

    def seconds(self, parts: Sequence[Part]) -> float:
        """How long parts are together."""
        edges = {video: example.edges for video, example in self.examples.items()}
        return float(sum(edges[video][stop] - edges[video][first] for video, first, stop in parts))

    def unlabelled(self, known: Sequence[Part]) -> list[Part]:
        """What is left of each video."""
        left = []
        for video, example in self.examples.items():
            free = np.ones(len(example) + 2, bool)
            free[0] = free[-1] = False
            for _, first, stop in (part for part in known if part[0] == video):
                free[first + 1 : stop + 1] = False
            changes = np.flatnonzero(np.diff(free.astype(int)))
            pairs = zip(changes[::2].tolist(), changes[1::2].tolist(), strict=True)
            left += [(video, first, stop) for first, stop in pairs if self.seconds([(video, first, stop)]) >= LEAST]
        return left


def gather(data: Dataset, cache: Path) -> Pool:
    """Features and labels of all videos."""
    labels = LabelSet(actions=data.actions)
    tracks = extract(data.videos, kinds=[kind for kind in Kind if kind is not Kind.SOUND], cache=cache)
    training = {name: tracks[name] for name in data.of_subset(Subset.TRAIN).videos}
    projection = fit_projection(training, tuple(next(iter(training.values())).kinds))
    lines = timelines(data.recordings, {video: track.duration for video, track in tracks.items()}, labels)
    examples = {line.video_id: example_of(line, tracks[line.video_id], projection) for line in lines}
    held_out = data.of_subset(Subset.VAL)
    tables = []
    for recording in held_out.recordings:
        assert recording.segments is not None
        tables += [recording.segments.assign(video_id=video) for video in recording.videos]
    truth = Annotations(segments=segments.concat(tables, scored=False), videos=tuple(held_out.videos))
    return Pool(
        examples={video: examples[video] for video in training},
        val={video: examples[video] for video in held_out.videos},
        truth=truth,
        labels=labels,
    )


def learn(pool: Pool, known: Sequence[Part], seed: int, epochs: int) -> Model:
    """A head trained on what is labelled, calibrated on what each member has not seen."""
    parts = [stretch(pool.examples[video], first, stop) for video, first, stop in known]
    halves = [part for each in parts for part in _in_two(each)]  # two videos alone must make folds
    folds = np.arange(len(halves)) % FOLDS
    n_features = halves[0].features.shape[1]
    config = HeadConfig(n_features=n_features, n_classes=pool.labels.n_classes, members=MEMBERS)
    fit = HeadFit(config, halves, folds, HeadRecipe(seed=seed, epochs=epochs))
    for _ in range(epochs):
        fit.run_epoch()
    head = fit.ensemble()
    logits, classes = [], []
    for example, fold in zip(halves, folds.tolist(), strict=True):
        if fold >= MEMBERS:
            continue
        with torch.inference_mode():
            answer = head(torch.from_numpy(example.features), [fold]).actions
        assert answer is not None
        logits.append(answer.numpy())
        classes.append(
            step_targets(example.edges, example.starts, example.ends, example.class_ids, config.n_classes).actions
        )
    temperature = fit_temperature(np.concatenate(logits), np.concatenate(classes))
    return Model(head=head, labels=pool.labels, temperature=temperature)


def _in_two(example: Example) -> list[Example]:
    """Long examples in two."""
    if example.duration < 2 * LENGTH:
        return [example]
    return [stretch(example, 0, len(example) // 2), stretch(example, len(example) // 2, len(example))]


def score(pool: Pool, model: Model) -> float:
    """Mean mAP on subset val."""
    found = [decode(model.track(example, video)) for video, example in pool.val.items()]
    return evaluate(pool.truth, segments.concat(found, scored=True)).final


def by_suggestion(
    pool: Pool, known: Sequence[Part], model: Model, seconds: float, _rng: np.random.Generator
) -> list[Part]:
    """Where `suggest` says."""
    places = {f"{video}@{first}": (video, first, stop) for video, first, stop in pool.unlabelled(known)}
    whole = {video: model.track(example, video) for video, example in pool.examples.items()}
    tracks = [_cut(whole[video], name, first, stop) for name, (video, first, stop) in places.items()]
    found = []
    for one in choose(tracks, seconds):
        video, first, stop = places[one.video_id]
        edges = pool.examples[video].edges[first : stop + 1]
        low, high = np.searchsorted(edges - edges[0], [one.start - 1e-6, one.end - 1e-6])
        found.append((video, first + int(low), min(stop, first + int(high))))
    return found


def by_chance(pool: Pool, known: Sequence[Part], _model: Model, seconds: float, rng: np.random.Generator) -> list[Part]:
    """Stretches of the same length anywhere."""
    found: list[Part] = []
    while pool.seconds(found) < seconds and (left := pool.unlabelled([*known, *found])):
        lengths = np.array([pool.seconds([part]) for part in left])
        video, first, stop = left[int(rng.choice(len(left), p=lengths / lengths.sum()))]
        edges = pool.examples[video].edges
        begin = edges[first] + rng.uniform(0, max(0.0, edges[stop] - edges[first] - LENGTH))
        low, high = (int(np.searchsorted(edges, moment)) for moment in (begin, begin + LENGTH))
        found.append((video, max(first, low), min(stop, high)))
    return found


def whole_videos(
    pool: Pool, known: Sequence[Part], _model: Model, seconds: float, rng: np.random.Generator
) -> list[Part]:
    """Whole videos, one after the other."""
    labelled = {video for video, _, _ in known}
    rest = [video for video in pool.examples if video not in labelled]
    found: list[Part] = []
    for video in rng.permutation(rest).tolist():
        if pool.seconds(found) < seconds:
            found.append((video, 0, len(pool.examples[video])))
    return found


def _cut(track: ScoreTrack, name: str, first: int, stop: int) -> ScoreTrack:
    """A part of a track as one of its own."""
    edges = track.edges[first : stop + 1] - track.edges[first]
    logits = track.logits[first:stop]
    return dataclasses.replace(track, video_id=name, edges=edges, logits=logits, boundary=None, candidates=None)


WAYS: Mapping[str, Chooser] = {
    "suggest": by_suggestion,
    "stretches by chance": by_chance,
    "whole videos by chance": whole_videos,
}


def main() -> None:
    parser = common.parser(__doc__)
    parser.add_argument("set", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--epochs", type=int, default=8)
    call = parser.parse_args()
    if call.dry:
        call.seeds, call.rounds, call.epochs = 2, 1, 1
    logging.getLogger("bineego").setLevel(logging.WARNING)
    torch.set_num_threads(1)
    pool = gather(open_dataset(call.set), call.work / "features")
    curves: dict[str, list[list[float]]] = {name: [] for name in WAYS}
    for seed in range(call.seeds):
        for name, found in of_seed(pool, seed, call).items():
            curves[name].append(found)
            print(f"seed {seed}, {name}: {' '.join(f'{value:.3f}' for value in found)}", flush=True)
    rows: list[list[common.Cell]] = []
    for name, each in curves.items():
        for number, values in enumerate(zip(*each, strict=True)):
            rows.append([name, number * call.minutes, float(np.mean(values)), min(values), max(values)])
    columns = {"labelled": "", "minutes added": ".0f", "mAP": ".3f", "lowest": ".3f", "highest": ".3f"}
    total = pool.seconds([(video, 0, len(example)) for video, example in pool.examples.items()]) / 60
    note = (
        f"{call.set.name}: mean mAP on subset val, mean, lowest and highest of {call.seeds} seeds; "
        f"{total:.1f} minutes could be labelled; {MEMBERS} members, {call.epochs} epochs, no fitted decoder."
    )
    common.report(call, columns, rows, note=note)


def of_seed(pool: Pool, seed: int, call: argparse.Namespace) -> dict[str, list[float]]:
    """mAP after each round, for every way to choose."""
    first = np.random.default_rng(seed).permutation(list(pool.examples))[:START].tolist()
    start: list[Part] = [(video, 0, len(pool.examples[video])) for video in first]
    begun = learn(pool, start, seed, call.epochs)
    begin = score(pool, begun)
    found = {}
    for name, way in WAYS.items():
        rng, known, model, points = np.random.default_rng(seed), list(start), begun, [begin]
        for _ in range(call.rounds):
            known += way(pool, known, model, 60 * call.minutes, rng)
            model = learn(pool, known, seed, call.epochs)
            points.append(score(pool, model))
        found[name] = points
    return found


if __name__ == "__main__":
    main()
