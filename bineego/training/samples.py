"""The intervals of a data set and what each one teaches. numpy and pandas only.

Shape suffixes: N intervals, M annotated segments of one video.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bineego import grid, segments
from bineego.datasets.recording import Recording
from bineego.errors import InputInvalid
from bineego.labels import LabelRule, LabelSet
from bineego.training.recipe import Labels, Recipe, Task
from bineego.training.sampling import UNKNOWN
from bineego.types import Bools, Floats, Ints
from bineego.words import many

log = logging.getLogger(__name__)

TRAINED_SHARE, LEAST_TRAINED, MOST_TRAINED = 0.75, 0.5, 0.9
"""Of a lone video: the share that is trained on, and the range within which a pause is looked for."""

PAST_THE_END = 1.0  # seconds; annotation tools and rounding put the last end a little past the last frame


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelledVideo:
    """One video with its labels as numbers.

    Attributes:
        video_id, path: the video.
        duration: its length, seconds.
        annotated: whether its actions are known.
        starts, ends: annotated segments (M,), seconds.
        class_ids: their classes (M,), 1..C.
        scene: scene id, or `UNKNOWN`.
        flippable: classes whose clips may be mirrored (C + 1,).
    """

    video_id: str
    path: Path
    duration: float
    annotated: bool
    starts: Floats
    ends: Floats
    class_ids: Ints
    scene: int
    flippable: Bools

    def labels(self, lows: Floats, highs: Floats, rule: LabelRule) -> Ints:
        """Class ids (N,) of intervals; `UNKNOWN` where the video is not annotated."""
        if not self.annotated:
            return np.full(len(lows), UNKNOWN, np.int64)
        return grid.interval_labels(lows, highs, self.starts, self.ends, self.class_ids, rule)

    def targets(self, lows: Floats, highs: Floats) -> NDArray[np.float32]:
        """Targets (N, C + 1) of intervals for independent classes; `UNKNOWN` where the video is not annotated."""
        n_classes = len(self.flippable)
        if not self.annotated:
            return np.full((len(lows), n_classes), UNKNOWN, np.float32)
        return grid.interval_targets(lows, highs, self.starts, self.ends, self.class_ids, n_classes)

    def touching(self) -> Bools:
        """Which segments (M,) have a part inside the video."""
        return (self.starts < self.duration) & (self.ends > 0)

    def may_flip(self, low: float, high: float) -> bool:
        """Whether no action with a direction touches the interval."""
        touching = (self.starts < high) & (self.ends > low)
        return bool(self.flippable[self.class_ids[touching]].all())


def quiet_moment(line: LabelledVideo) -> float:
    """The second at which a lone video is best cut into a part to train on and one to hold out.

    It is the one nearest to `TRAINED_SHARE` of the video at which no action goes on and after which one begins; if
    there is none from `LEAST_TRAINED` on, that share itself.
    """
    wanted, earliest, latest = (share * line.duration for share in (TRAINED_SHARE, LEAST_TRAINED, MOST_TRAINED))
    latest = min(latest, float(line.starts.max(initial=0.0)))
    moments = np.concatenate([[wanted], line.starts, line.ends])
    moments = moments[(moments >= earliest) & (moments <= latest)]
    inside = ((moments[:, None] > line.starts) & (moments[:, None] < line.ends)).any(axis=1)
    quiet = moments[~inside]
    return float(quiet[np.abs(quiet - wanted).argmin()]) if len(quiet) else wanted


def cut_line(line: LabelledVideo, moment: float) -> tuple[LabelledVideo, LabelledVideo]:
    """The labels before and after a second, each in its own time; of a segment across it, both have their part."""
    log.info(
        "split: one recording; its first %.1f s are trained on, the remaining %.1f s are held out",
        moment, line.duration - moment,
    )  # fmt: skip
    before, after = line.starts < moment, line.ends > moment
    return (
        replace(
            line,
            duration=moment,
            starts=line.starts[before],
            ends=np.minimum(line.ends[before], moment),
            class_ids=line.class_ids[before],
        ),
        replace(
            line,
            duration=line.duration - moment,
            starts=np.maximum(line.starts[after] - moment, 0.0),
            ends=line.ends[after] - moment,
            class_ids=line.class_ids[after],
        ),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Samples:
    """The intervals to train on.

    Attributes:
        timelines: the videos.
        video: index (N,) into `timelines`.
        low, high: bounds (N,) in seconds, before any jitter.
        action: class id (N,), `UNKNOWN` where the video is not annotated.
        scene: scene id (N,), or `UNKNOWN`.
    """

    timelines: Sequence[LabelledVideo]
    video: Ints
    low: Floats
    high: Floats
    action: Ints
    scene: Ints

    def __len__(self) -> int:
        return len(self.video)

    def keys(self, task: Task) -> Ints:
        """What classes are balanced by (N,): the action, or the scene (from 1 on, so that none is the background)."""
        if task.has_actions:
            return self.action
        return np.where(self.scene == UNKNOWN, UNKNOWN, self.scene + 1)

    def name(self, sample: int, low: float) -> str:
        """A clip for messages: video and second."""
        return f"video {self.timelines[self.video[sample]].video_id!r} at {low:.2f} s"


def timelines(
    recordings: Sequence[Recording],
    durations: Mapping[str, float],
    labels: LabelSet,
    *,
    keep_direction: Sequence[str] = (),
) -> list[LabelledVideo]:
    """The videos of some recordings.

    Args:
        recordings: with their files.
        durations: length of every video, seconds.
        labels: class and scene order.
        keep_direction: actions whose direction matters.

    Raises:
        InputInvalid: an action of `keep_direction` does not exist.
    """
    flippable = np.ones(labels.n_classes, np.bool_)
    flippable[labels.action_ids(keep_direction)] = False
    scene_ids = {scene: i for i, scene in enumerate(labels.scenes)}
    found, skipped = [], 0
    for recording in recordings:
        table = recording.segments
        annotated = table is not None and bool(labels.actions)
        kept = segments.empty(scored=False)
        if table is not None and annotated:
            bad = segments.degenerate(table)
            skipped += int(bad.sum())
            kept = table[~bad]
        for video_id, path in recording.videos.items():
            found.append(
                LabelledVideo(
                    video_id=video_id,
                    path=path,
                    duration=durations[video_id],
                    annotated=annotated,
                    starts=kept["start"].to_numpy(np.float64),
                    ends=kept["end"].to_numpy(np.float64),
                    class_ids=np.asarray(labels.action_ids(kept["label"].tolist()), np.int64),
                    scene=scene_ids.get(recording.scene or "", UNKNOWN),
                    flippable=flippable,
                )
            )
    if skipped:
        log.warning(
            "%s that do not end after they start are left out; to learn labels without a duration use --tolerance S",
            many(skipped, "annotated segment"),
        )
    return found


def check_times(training: Sequence[LabelledVideo], validation: Sequence[LabelledVideo]) -> None:
    """Say how many segments lie outside their video, in one warning for all videos.

    Such segments teach nothing: times in another unit would train a model that only knows the background.

    Raises:
        InputInvalid: all of the training segments do.
    """
    videos = {line.video_id: line for line in (*training, *validation)}.values()  # both sides may be the same
    outside = {}
    for line in videos:
        beyond = line.ends > line.duration + PAST_THE_END
        if n := int((~line.touching() | beyond).sum()):
            outside[f"{line.video_id!r} ({line.duration:.2f} s long)"] = n
    if not outside:
        return
    example = next(iter(outside))
    if any(len(line.starts) for line in training) and not any(line.touching().any() for line in training):
        raise InputInvalid(
            f"no annotated segment lies inside its video; the first video is {example}",
            remedy="check the annotations: are the times in seconds?",
        )
    log.warning(
        "%d of %d annotated segment(s) lie outside their video or end after it, the first in video %s: "
        "are the times in seconds?",
        sum(outside.values()), sum(len(line.starts) for line in videos), example,
    )  # fmt: skip


def intervals(videos: Sequence[LabelledVideo], recipe: Recipe, task: Task) -> Samples:
    """All whole intervals of some videos that teach at least one label; of a video shorter than t its only one.

    Raises:
        InputInvalid: there are none.
    """
    video, low, high, action, scene = [], [], [], [], []
    for i, line in enumerate(videos):
        if not (line.annotated and task.has_actions) and not (line.scene != UNKNOWN and task.has_scenes):
            continue
        edges = grid.interval_edges(line.duration, recipe.interval)
        n = max(min(1, len(edges) - 1), grid.n_whole(line.duration, recipe.interval))
        video.append(np.full(n, i, np.int64))
        low.append(edges[:n])
        high.append(edges[1 : n + 1])
        action.append(line.labels(edges[:n], edges[1 : n + 1], recipe.label_rule))
        scene.append(np.full(n, line.scene, np.int64))
    if sum(map(len, video)) == 0:
        raise InputInvalid("no interval to train on", remedy="check the annotations and --task")
    return Samples(
        timelines=videos,
        video=np.concatenate(video),
        low=np.concatenate(low),
        high=np.concatenate(high),
        action=np.concatenate(action),
        scene=np.concatenate(scene),
    )


def choose_task(task: Task, recordings: Sequence[Recording]) -> Task:
    """The task to train: `task` itself, or for `AUTO` whatever the labels of `recordings` allow.

    Raises:
        InputInvalid: the labels do not allow it.
    """
    actions = any(r.segments is not None and len(r.segments) for r in recordings)
    scenes = any(r.scene is not None for r in recordings)
    if task is Task.AUTO:
        if not (actions or scenes):
            raise InputInvalid("the training recordings have neither action nor scene labels")
        chosen = Task.MULTI if actions and scenes else Task.TAL if actions else Task.SCENE
        what = {Task.MULTI: "actions and scenes", Task.TAL: "actions", Task.SCENE: "scenes"}[chosen]
        log.info("task %s: the training recordings have labels of %s", chosen, what)
        return chosen
    if task.has_actions and not actions:
        raise InputInvalid(
            f"--task {task} needs annotated actions, but the training recordings have none",
            remedy="train with --task scene" if scenes else None,
        )
    if task.has_scenes and not scenes:
        raise InputInvalid(
            f"--task {task} needs scene labels, but the training recordings have none",
            remedy="train with --task tal" if actions else None,
        )
    return task


def label_set(task: Task, actions: Sequence[str], scenes: Sequence[str], labels: Labels) -> LabelSet:
    """The names that a model of this task predicts."""
    if task.has_actions and not actions and labels is Labels.SEVERAL:
        raise InputInvalid("--labels several needs annotated actions")
    return LabelSet(actions=tuple(actions) if task.has_actions else (), scenes=tuple(scenes) if task.has_scenes else ())
