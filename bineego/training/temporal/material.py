"""From a plan to what a temporal head is trained on and judged by: projected features, examples, folds."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bineego import features
from bineego.features.track import FeatureTrack
from bineego.priors import Priors
from bineego.training.prepare import TrainingPlan, measured_priors
from bineego.training.recipe import Recipe
from bineego.training.samples import LabelledVideo, check_times, cut_line, quiet_moment, timelines
from bineego.training.temporal.examples import Example
from bineego.training.temporal.folds import Folds, make_folds
from bineego.training.temporal.supply import Supply
from bineego.training.validation import HeldOut, later, truth_of

STAMPED = 50
"""Interval of the steps that are compared to tell whether features are still the same."""


@dataclass(frozen=True, kw_only=True, eq=False)
class HeadMaterial:
    """What is learnt from, and what judges it.

    Attributes:
        projection: of the training videos' features.
        lines: the labels of the training videos.
        folds: the training examples.
        held: the labels of the held-out examples.
        val: the held-out examples, one for each of `held.timelines`.
        priors: statistics of the training annotations; None without an action head.
        fingerprint: changes with the features, the videos, their lengths or their labels.
        facts: for the model card.
    """

    projection: features.Projection
    lines: Sequence[LabelledVideo]
    folds: Folds
    held: HeldOut
    val: Sequence[Example]
    priors: Priors | None
    fingerprint: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def gather(chosen: TrainingPlan, supplied: Supply, recipe: Recipe, n_folds: int) -> HeadMaterial:
    """Choose the kinds of features, project them, and bring features and labels together.

    Args:
        supplied: the features of all videos of the plan. Of kinds that are not fixed, a screen over folds of the
            training recordings chooses.
        n_folds: how many there are to be.

    Raises:
        InputInvalid: see `check_times`; or a track that lacks a kind.
        UsageError: no recording has the attribute of `recipe.group_by`.
    """
    tracks = supplied.tracks
    durations = {video: tracks[video].duration for video in chosen.videos()}
    train_lines = timelines(chosen.train, durations, chosen.labels)
    val_lines = timelines(chosen.val, durations, chosen.labels)
    check_times(train_lines, val_lines)
    training = {line.video_id: tracks[line.video_id] for line in train_lines}
    projection = features.fit_projection(training, supplied.kinds)
    if not supplied.fixed:
        projection = projection.of(choose_kinds(chosen, training, projection, recipe))
    truth, begin = truth_of(chosen.val, chosen.task), 0.0
    if chosen.cut_in_time:
        edges = tracks[train_lines[0].video_id].edges
        begin = float(edges[np.abs(edges - quiet_moment(train_lines[0])).argmin()])
        train_lines, val_lines = ([part] for part in cut_line(train_lines[0], begin))
        truth = later(truth, begin)
    examples = {line.video_id: example_of(line, tracks[line.video_id], projection) for line in train_lines}
    val = [
        examples[line.video_id]
        if line.video_id in examples and not chosen.cut_in_time
        else example_of(line, tracks[line.video_id], projection, begin)
        for line in val_lines
    ]
    by_recording = {r.recording_id: [examples[video] for video in r.videos] for r in chosen.train}
    held = HeldOut(timelines=val_lines, truth=truth, recipe=recipe, task=chosen.task, begin=begin)
    return HeadMaterial(
        projection=projection,
        lines=train_lines,
        folds=make_folds(by_recording, chosen.train, n_folds, recipe.group_by),
        held=held,
        val=val,
        priors=measured_priors(chosen, durations, begin),
        fingerprint=_fingerprint(tracks, projection.kinds, [*train_lines, *val_lines], chosen),
        facts=_facts(chosen, train_lines, held, projection.kinds),
    )


def choose_kinds(
    chosen: TrainingPlan, tracks: Mapping[str, FeatureTrack], projection: features.Projection, recipe: Recipe
) -> tuple[str, ...]:
    """The kinds of a projection that a linear screen prefers; all where there are no actions to screen by."""
    if not chosen.task.has_actions:
        return projection.kinds
    return features.screen(
        tracks,
        chosen.train,
        chosen.labels,
        kinds=projection.kinds,
        group_by=recipe.group_by,
        projection=projection,
    ).kinds


def example_of(
    line: LabelledVideo, track: FeatureTrack, projection: features.Projection, begin: float = 0.0
) -> Example:
    """The stretch of a video that a line covers from `begin` on, seconds; both its ends are edges of steps."""
    edges = track.edges
    first, stop = (int(np.abs(edges - moment).argmin()) for moment in (begin, begin + line.duration))
    return Example(
        video_id=line.video_id,
        features=projection.apply(track)[first:stop],
        edges=edges[first : stop + 1] - edges[first],
        annotated=line.annotated,
        starts=line.starts,
        ends=line.ends,
        class_ids=line.class_ids,
        scene=line.scene,
    )


def _fingerprint(
    tracks: Mapping[str, FeatureTrack], kinds: Sequence[str], lines: Sequence[LabelledVideo], chosen: TrainingPlan
) -> str:
    """Of everything that is learnt from or judged by."""
    digest = hashlib.sha256(repr((chosen.labels.actions, chosen.labels.scenes, tuple(kinds))).encode())
    for line in lines:
        track = tracks[line.video_id]
        digest.update(repr((line.video_id, line.duration, line.annotated, line.scene, dict(track.made_by))).encode())
        for column in (
            line.starts,
            line.ends,
            line.class_ids,
            *(track.values(kind)[::STAMPED] for kind in kinds if track.has(kind)),
        ):
            digest.update(np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()


def _facts(chosen: TrainingPlan, lines: Sequence[LabelledVideo], held: HeldOut, kinds: Sequence[str]) -> dict[str, Any]:
    """What the model card says about the data."""
    facts: dict[str, Any] = {
        "dataset": chosen.dataset.name,
        "train_recordings": len(chosen.train),
        "val_recordings": len(chosen.split.val),
        "train_seconds": round(sum(line.duration for line in lines), 3),
        "train_segments": int(sum(len(line.starts) for line in lines)),
        "val_segments": len(held.truth.segments),
        "train": list(chosen.split.train),
        "val": list(chosen.split.val),
        "kinds": list(kinds),
    }
    return facts | ({"val_from_second": held.begin} if chosen.cut_in_time else {})
