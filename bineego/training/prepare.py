"""From a DATASET to everything a run needs: checks before work, then the frame cache, then the intervals."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bineego.config import build
from bineego.datasets import open_dataset
from bineego.datasets.lengths import check_units
from bineego.datasets.open import videos_at_hand, with_files
from bineego.datasets.priors import measure
from bineego.datasets.recording import Dataset, Recording, View
from bineego.datasets.split import Split
from bineego.datasets.summary import tell, with_moments
from bineego.errors import InputInvalid, UsageError
from bineego.formats.options import LabelOptions
from bineego.inference.views import check_views
from bineego.labels import LabelSet
from bineego.priors import Priors
from bineego.training.options import RunOptions
from bineego.training.recipe import Labels, Recipe, Task
from bineego.training.samples import (
    LabelledVideo,
    Samples,
    check_times,
    choose_task,
    cut_line,
    intervals,
    label_set,
    quiet_moment,
    timelines,
)
from bineego.training.sampling import UNKNOWN
from bineego.training.splits import choose_split, cut_in_time
from bineego.training.untaught import report_untaught
from bineego.training.validation import HeldOut, later, truth_of
from bineego.tsm.config import NetworkConfig, Trunk
from bineego.types import OnProgress
from bineego.video.build import build_cache
from bineego.video.cache import FrameCache
from bineego.video.frames import FrameOptions
from bineego.video.probe import probe
from bineego.words import listed

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingPlan:
    """What is known before a frame is decoded.

    Attributes:
        dataset: the recordings that can be used.
        train, val: the two sides; `val` is `train` where nothing is held out.
        split: the same by ids.
        task, labels: what is learnt.
        cut_in_time: the only recording is on both sides: its first part is trained on, the rest held out.
    """

    dataset: Dataset
    train: tuple[Recording, ...]
    val: tuple[Recording, ...]
    split: Split
    task: Task
    labels: LabelSet
    cut_in_time: bool = False

    @property
    def held_out(self) -> bool:
        """Whether the validation recordings are others than those trained on."""
        return bool(self.split.val) or self.cut_in_time

    def videos(self) -> dict[str, Path]:
        """The files of both sides by video id."""
        return {video: path for r in (*self.train, *self.val) for video, path in r.videos.items()}

    def train_seconds(self) -> float:
        """Length of the training videos, as their headers promise it."""
        files = [path for recording in self.train for path in recording.videos.values()]
        return sum(probe(path).duration or 0.0 for path in files)

    def network_config(self, recipe: Recipe) -> NetworkConfig:
        """The network for this task."""
        return NetworkConfig(
            trunk=Trunk(recipe.trunk),
            n_classes=self.labels.n_classes if self.task.has_actions else 0,
            n_scenes=len(self.labels.scenes),
            n_frames=recipe.frames,
            shift=recipe.shift,
            dropout=recipe.dropout,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Material:
    """What is learnt from.

    Attributes:
        cache: frames of all videos.
        samples: intervals of the training recordings.
        panoramas: whether each video of `samples` is turned at random.
        held: the validation recordings.
        priors: statistics of the training annotations; None without an action head.
        fingerprint: changes with the videos, their lengths or their labels.
    """

    cache: FrameCache
    samples: Samples
    panoramas: tuple[bool, ...]
    held: HeldOut
    priors: Priors | None
    fingerprint: str
    facts: dict[str, Any] = field(default_factory=dict)


def at_hand(dataset: Dataset | Path | str, options: RunOptions) -> dict[View, dict[str, Path]]:
    """The video files of a data set that are there, by id, for each view that is trained on."""
    if isinstance(dataset, Dataset):
        return {options.view[0]: dataset.videos}
    return {view: videos_at_hand(dataset, videos=options.videos, view=view) for view in options.view}


def plan(
    dataset: Dataset | Path | str, recipe: Recipe, options: RunOptions, files: Mapping[str, Path] | None = None
) -> TrainingPlan:
    """Open a data set, choose split and task; nothing costly.

    Args:
        files: by video id, the features that stand for the videos, which then need not be there.

    Raises:
        InputMissing, InputInvalid, UsageError: see `open_dataset`, `choose_split` and `choose_task`; or there is no
            recording with a video and a label.
    """
    check_views(options.view)
    if len(options.view) > 1:
        files = _of_any_view(dataset, options, given=files is not None)
    if not isinstance(dataset, Dataset):
        how = build(LabelOptions, options)
        dataset = open_dataset(dataset, videos=options.videos, view=options.view[0], how=how, files=files)
    elif files is not None:
        dataset = with_files(dataset, files)
    dataset = with_moments(dataset, options.tolerance)
    _check_view(recipe.task, options.view[0])
    usable = dataset.with_recordings([r for r in dataset.recordings if r.videos and _is_labelled(r, recipe.task)])
    if not usable.recordings:
        what = "a video" if files is None else "features"
        raise InputInvalid(
            f"data set {dataset.name!r} has no recording with {what} and a label to learn",
            remedy=f"check its {'videos' if files is None else 'features'} and annotations, --view and --task",
        )
    check_units(usable.recordings)
    tell(usable.recordings, usable.name)
    split = choose_split(usable, recipe)
    train = tuple(usable.of_ids(split.train).recordings)
    val = tuple(usable.of_ids(split.val or split.train).recordings)
    task = choose_task(recipe.task, train)
    labels = label_set(task, dataset.actions, dataset.scenes, recipe.labels)
    if recipe.labels is Labels.SEVERAL and not task.has_actions:
        raise UsageError("--labels several applies to actions, but this task has none")
    labels.action_ids(recipe.keep_direction)  # names that do not exist fail here
    _report_unseen(train, labels)
    return TrainingPlan(
        dataset=usable,
        train=train,
        val=val,
        split=split,
        task=task,
        labels=labels,
        cut_in_time=cut_in_time(split, recipe),
    )


def gather(chosen: TrainingPlan, recipe: Recipe, options: RunOptions, on_frames: OnProgress | None = None) -> Material:
    """Bring all videos into the frame cache and cut them into intervals.

    Raises:
        InputMissing, InputInvalid: a video cannot be read; or see `check_times`.
        ResourceExhausted: the disk does not hold the cache.
    """
    cache = FrameCache(options.cache, FrameOptions(size=recipe.size, keep_aspect=recipe.keep_aspect))
    videos = chosen.videos()
    build_cache(cache, videos, jobs=options.jobs, on_progress=on_frames)
    durations = {video: float(cache.open(video, path).duration) for video, path in videos.items()}
    train_lines = timelines(chosen.train, durations, chosen.labels, keep_direction=recipe.keep_direction)
    val_lines = timelines(chosen.val, durations, chosen.labels)
    check_times(train_lines, val_lines)
    truth, begin = truth_of(chosen.val, chosen.task), 0.0
    if chosen.cut_in_time:
        begin = quiet_moment(train_lines[0])
        train_lines, val_lines = ([part] for part in cut_line(train_lines[0], begin))
        truth = later(truth, begin)
    samples = intervals(train_lines, recipe, chosen.task)
    report_untaught(samples, chosen.train, chosen.labels, recipe)
    if recipe.keep_aspect:
        _check_shapes(cache, videos)
    priors = measured_priors(chosen, durations, begin)
    held = HeldOut(
        timelines=val_lines,
        truth=truth,
        cache=cache,
        recipe=recipe,
        task=chosen.task,
        begin=begin,
    )
    return Material(
        cache=cache,
        samples=samples,
        panoramas=tuple(_is_turned(line.path, recipe, options.view[0]) for line in train_lines),
        held=held,
        priors=priors,
        fingerprint=_fingerprint(samples, val_lines, chosen.labels),
        facts=_facts(chosen, samples, held),
    )


def _of_any_view(dataset: Dataset | Path | str, options: RunOptions, *, given: bool) -> dict[str, Path]:
    """For each recording that has a video in one of several views, the first of them.

    Raises:
        UsageError: what is trained on has one view.
    """
    if given or isinstance(dataset, Dataset):
        what = "the features of --features are" if given else "an opened data set is"
        raise UsageError(f"{what} of one view", where="--view", remedy="name one view")
    views = at_hand(dataset, options)
    return {video: path for view in reversed(options.view) for video, path in views[view].items()}


def measured_priors(chosen: TrainingPlan, durations: Mapping[str, float], begin: float) -> Priors | None:
    """Statistics of the training annotations, up to the second `begin` of a recording that is cut in time; None
    without an action head."""
    if not chosen.task.has_actions:
        return None
    timed = [r for r in chosen.train if r.segments is not None and r.recording_id in durations]
    if chosen.cut_in_time:
        durations = dict.fromkeys(durations, begin)
    return measure(timed, durations, chosen.labels)  # which leaves out what lies after the end


def _check_view(task: Task, view: View) -> None:
    if task.has_actions and not view.has_timeline:
        raise InputInvalid(
            f"--view {view}: egocentric clips have no annotated timeline, so actions cannot be learnt from them",
            remedy="train with --task scene, or on --view panoramic or third_person",
        )


def _is_labelled(recording: Recording, task: Task) -> bool:
    actions, scene = recording.segments is not None, recording.scene is not None
    return {Task.TAL: actions, Task.SCENE: scene}.get(task, actions or scene)


def _report_unseen(train: tuple[Recording, ...], labels: LabelSet) -> None:
    """Say which names the network has an output for and never sees."""
    seen = {label for r in train if r.segments is not None for label in r.segments["label"].unique()}
    scenes = {r.scene for r in train}
    for noun, missing in (
        ("action", [name for name in labels.actions if name not in seen]),
        ("scene", [name for name in labels.scenes if name not in scenes]),
    ):
        if missing:
            log.warning("%s not in the training recordings", listed(missing, noun))


def _is_turned(path: Path, recipe: Recipe, view: View) -> bool:
    """Whether a video is a whole turn around: only then do its left and right edges meet."""
    wanted = view is View.PANORAMIC if recipe.yaw is None else recipe.yaw
    if not wanted:
        return False
    info = probe(path)
    return info.width == 2 * info.height


def _check_shapes(cache: FrameCache, videos: dict[str, Path]) -> None:
    shapes: dict[tuple[int, int], str] = {}
    for video, path in videos.items():
        shapes.setdefault(cache.open(video, path).shape, video)
    if len(shapes) > 1:
        found = ", ".join(f"{w}x{h} ({video})" for (h, w), video in shapes.items())
        raise InputInvalid(f"the videos have different aspect ratios: {found}", remedy="leave out --keep-aspect")


def _fingerprint(samples: Samples, val_lines: Sequence[LabelledVideo], labels: LabelSet) -> str:
    """Of everything that is learnt from or judged by, but for the pictures."""
    digest = hashlib.sha256(repr((labels.actions, labels.scenes)).encode())
    columns = [samples.video, samples.low, samples.high, samples.action, samples.scene]
    for side in (samples.timelines, val_lines):
        digest.update(repr([(line.video_id, line.duration, line.annotated, line.scene) for line in side]).encode())
        columns += [part for line in side for part in (line.starts, line.ends, line.class_ids)]
    for column in columns:
        digest.update(np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()


def _facts(chosen: TrainingPlan, samples: Samples, held: HeldOut) -> dict[str, Any]:
    """What the model card says about the data."""
    names = ("background", *chosen.labels.actions)
    known = samples.action[samples.action != UNKNOWN]
    facts: dict[str, Any] = {
        "dataset": chosen.dataset.name,
        "train_recordings": len(chosen.train),
        "val_recordings": len(chosen.split.val),
        "train_seconds": round(sum(line.duration for line in samples.timelines), 3),
        "train_intervals": len(samples),
        "train_segments": int(sum(len(r.segments) for r in chosen.train if r.segments is not None)),
        "val_segments": len(held.truth.segments),
        "train": list(chosen.split.train),
        "val": list(chosen.split.val),
    }
    if chosen.task.has_actions:
        counts = np.bincount(known, minlength=len(names)).tolist()
        facts["intervals_by_class"] = dict(zip(names, counts, strict=True))
    return facts
