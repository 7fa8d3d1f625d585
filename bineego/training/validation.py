"""How good the network is on recordings it was not trained on: the real metric, through the code that `localize` uses.

Shape suffixes: N intervals of all videos, C + 1 action logits.
"""

from __future__ import annotations

import dataclasses
import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import torch.distributed
from numpy.typing import NDArray

from bineego import segments
from bineego.datasets.recording import Recording
from bineego.evaluation import evaluate
from bineego.formats.annotations import Annotations
from bineego.grid import n_whole
from bineego.inference.clips import FrameSource
from bineego.inference.options import ScoreOptions
from bineego.inference.score import ClipScorer
from bineego.postprocess import DecodeOptions, decode
from bineego.tracks import Activation, ScoreTrack
from bineego.training.recipe import Recipe, Task
from bineego.training.samples import LabelledVideo
from bineego.tsm.card import ModelCard
from bineego.tsm.config import Precision
from bineego.tsm.inference_network import compile_network
from bineego.tsm.network import TSM
from bineego.types import Ints
from bineego.video.cache import FrameCache
from bineego.video.frames import TimedFrame, on_screen

log = logging.getLogger(__name__)

TIOU = (0.5, 0.75, 0.95)
"""The challenge's thresholds (report, section 4.1)."""


class LaterFrames:
    """A video from a second on, as a `FrameSource` whose time begins there."""

    def __init__(self, whole: FrameSource, begin: float) -> None:
        self.whole = whole
        self.first = int(on_screen(whole.times, np.array([begin]))[0])
        self.times = np.maximum(whole.times[self.first :] - begin, 0.0)
        self.duration = whole.duration - begin

    def read(self, indices: Ints) -> Iterator[TimedFrame]:
        """See `FrameSource`."""
        for frame in self.whole.read(indices + self.first):
            yield TimedFrame(frame.position - self.first, frame.picture, float(self.times[frame.position - self.first]))


@dataclass(frozen=True, kw_only=True, eq=False)
class HeldOut:
    """The recordings to validate on.

    Attributes:
        timelines: their videos.
        truth: their labels.
        cache: their frames, for networks that are asked for them.
        recipe, task: of the run.
        begin: the second of the video from which on a lone recording is held out; `timelines` and `truth` count
            from there.
    """

    timelines: Sequence[LabelledVideo]
    truth: Annotations
    cache: FrameCache | None = None
    recipe: Recipe
    task: Task
    begin: float = 0.0

    def frames(self, line: LabelledVideo) -> FrameSource:
        """The frames of what is held out of a video."""
        if self.cache is None:
            raise ValueError("held out without frames")
        whole = self.cache.open(line.video_id, line.path)
        return whole if self.begin == 0 else LaterFrames(whole, self.begin)


@dataclass(frozen=True, kw_only=True, eq=False)
class Validation:
    """What the network says of the held-out recordings, and how right it is.

    Attributes:
        tracks: one for each video.
        predictions: decoded as `localize` does by default, scored.
        scenes: predicted scene and its probability by video; empty without a scene head.
        figures: values by name; those that cannot be computed are left out.
        score: what checkpoints are chosen by; None if nothing can be computed.
    """

    tracks: Sequence[ScoreTrack]
    predictions: pd.DataFrame
    scenes: Mapping[str, tuple[str, float]]
    figures: Mapping[str, float] = field(default_factory=dict)
    score: float | None = None


def truth_of(recordings: Sequence[Recording], task: Task) -> Annotations:
    """The labels of some recordings as `evaluate` takes them."""
    annotated = [r for r in recordings if r.segments is not None and task.has_actions]
    return Annotations(
        segments=segments.concat([r.segments for r in annotated if r.segments is not None], scored=False),
        videos=tuple(r.recording_id for r in annotated),
        scenes={video: r.scene for r in recordings if r.scene is not None and task.has_scenes for video in r.videos},
    )


def later(truth: Annotations, begin: float) -> Annotations:
    """The labels from a second on, in the time that begins there."""
    table = truth.segments[truth.segments["end"] > begin]
    moved = table.assign(start=(table["start"] - begin).clip(lower=0.0), end=table["end"] - begin)
    return dataclasses.replace(truth, segments=moved.reset_index(drop=True))


def validate(
    network: TSM, card: ModelCard, held: HeldOut, device: torch.device, precision: Precision | None = None
) -> Validation | None:
    """Score the held-out videos, decode and evaluate them; see `score_held_out`."""
    tracks = score_held_out(network, card, held, device, precision)
    return None if tracks is None else judge(tracks, held)


def score_held_out(
    network: TSM,
    card: ModelCard,
    held: HeldOut,
    device: torch.device,
    precision: Precision | None = None,
    options: ScoreOptions | None = None,
) -> list[ScoreTrack] | None:
    """A track for each held-out video. Several processes share the videos; only the first one gets the tracks, the
    others None.

    Args:
        precision: of the network's arithmetic; None = as the recipe says, AUTO being what is fast.
        options: how the videos are scored; None = on the plain grid.
    """
    world = torch.distributed.get_world_size() if torch.distributed.is_initialized() else 1
    rank = torch.distributed.get_rank() if world > 1 else 0
    ready = compile_network(network, precision=precision or held.recipe.precision, device=device)
    scorer = ClipScorer(ready, card, options)
    tracks = [scorer.score(held.frames(line), line.video_id) for line in held.timelines[rank::world]]
    if world > 1:
        gathered: list[list[ScoreTrack]] | None = [[] for _ in range(world)] if rank == 0 else None
        torch.distributed.gather_object(tracks, gathered)
        if gathered is None:
            return None
        by_id = {track.video_id: track for part in gathered for track in part}
        tracks = [by_id[line.video_id] for line in held.timelines]
    return tracks


def judge(tracks: Sequence[ScoreTrack], held: HeldOut) -> Validation:
    """Decode score tracks of the held-out videos as `localize` does by default, and evaluate the result."""
    task = held.task
    predictions = segments.empty(scored=True)
    if task.has_actions:
        predictions = segments.concat([decode(track, DecodeOptions()) for track in tracks], scored=True)
    scenes = {track.video_id: track.scene for track in tracks if track.scene is not None}
    figures = _interval_figures(tracks, held)
    scored = task.has_actions and len(held.truth.segments) > 0
    if scored or (scenes and held.truth.scenes):
        known = {video: scene for video, (scene, _) in scenes.items()} or None
        result = evaluate(held.truth, predictions, tiou=TIOU, scenes=known)
        if scored:
            figures |= {f"mAP@{tiou:g}": value for tiou, value in zip(result.tiou, result.mAP, strict=True)}
            figures["mAP"] = result.final
        if result.scene_top1 is not None:
            figures["scene_top1"] = result.scene_top1
    score = next((figures[name] for name in ("mAP", "scene_top1") if name in figures), None)
    return Validation(tracks=tracks, predictions=predictions, scenes=scenes, figures=figures, score=score)


def _interval_figures(tracks: Sequence[ScoreTrack], held: HeldOut) -> dict[str, float]:
    """Loss and accuracy over the whole intervals of the annotated videos."""
    logits_NC, labels_N, targets_NC = interval_truth(tracks, held)
    if len(logits_NC) == 0:
        return {}
    known = annotated_tracks(tracks, held)
    probabilities_NC = np.concatenate([track.probabilities()[: whole_intervals(track)] for track in known])
    best_N = probabilities_NC.argmax(axis=1)
    if tracks[0].activation is Activation.SIGMOID:
        p, y = np.clip(probabilities_NC, 1e-12, 1 - 1e-12), targets_NC
        loss = float(-(y * np.log(p) + (1 - y) * np.log1p(-p)).sum(axis=1).mean())
        right = float(targets_NC[np.arange(len(best_N)), best_N].mean())
    else:
        chosen_N = probabilities_NC[np.arange(len(labels_N)), labels_N]
        loss, right = float(-np.log(np.maximum(chosen_N, 1e-12)).mean()), float((best_N == labels_N).mean())
    return {"val_loss": loss, "interval_accuracy": right}


def interval_truth(
    tracks: Sequence[ScoreTrack], held: HeldOut
) -> tuple[NDArray[np.float32], Ints, NDArray[np.float32]]:
    """Logits (N, C + 1), class ids (N,) and targets (N, C + 1) of the whole intervals of the annotated videos."""
    lines = {line.video_id: line for line in held.timelines}
    logits, labels, targets = [], [], []
    for track in annotated_tracks(tracks, held):
        line, n = lines[track.video_id], whole_intervals(track)
        lows, highs = track.edges[:n], track.edges[1 : n + 1]
        logits.append(track.logits[:n])
        labels.append(line.labels(lows, highs, held.recipe.label_rule))
        targets.append(line.targets(lows, highs))
    if not logits:
        return np.zeros((0, 1), np.float32), np.zeros(0, np.int64), np.zeros((0, 1), np.float32)
    return np.concatenate(logits), np.concatenate(labels), np.concatenate(targets)


def annotated_tracks(tracks: Sequence[ScoreTrack], held: HeldOut) -> list[ScoreTrack]:
    """Those of videos whose actions are known."""
    known = {line.video_id for line in held.timelines if line.annotated}
    return [track for track in tracks if track.video_id in known and held.task.has_actions]


def whole_intervals(track: ScoreTrack) -> int:
    """How many of its intervals have the full length."""
    return n_whole(track.duration, track.t)


def is_better(score: float | None, best: float | None) -> bool:
    """Whether a validation score is a new best one; without scores the latest network is the best."""
    if score is None or math.isnan(score):
        return best is None
    return best is None or score > best
