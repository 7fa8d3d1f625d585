"""The verb `localize`: videos in, timed actions out."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from bineego import segments
from bineego.datasets.recording import Subset, View
from bineego.errors import BatchFailed, BineegoError, UsageError, nearest
from bineego.inference.items import Item, find_items
from bineego.inference.options import LocalizeOptions
from bineego.inference.output import SCENES, Format, Output
from bineego.inference.views import Loaded, ModelSource, check_views, have_actions, load_models
from bineego.inference.workers import score_all
from bineego.postprocess import decode
from bineego.tsm.config import Precision
from bineego.tsm.device import choose_device
from bineego.tsm.precision import safe_precision
from bineego.types import OnProgress
from bineego.video.reader import Backend

log = logging.getLogger(__name__)

E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, kw_only=True, eq=False)
class Localized:
    """What `localize` found.

    Attributes:
        predictions: the scored segments of all videos, in the order of the inputs.
        scenes: the likeliest scene of each video and its probability; empty without a scene head.
        paths: the files written, the joint tables first.
        results: those of them that answer the call: the predictions of all videos, or of each, or the scenes.
        skipped: ids of videos that an earlier run had done.
    """

    predictions: pd.DataFrame
    scenes: Mapping[str, tuple[str, float]]
    paths: tuple[Path, ...]
    results: tuple[Path, ...]
    skipped: tuple[str, ...]


def localize(
    inputs: Path | str | Sequence[Path | str],
    *,
    model: ModelSource | Sequence[ModelSource] | None = None,
    output: Path | str | None = None,
    joint: bool = True,
    subset: Subset | str | None = None,
    view: View | str | Sequence[View | str] = View.PANORAMIC,
    videos: Path | str | None = None,
    options: LocalizeOptions | None = None,
    formats: Collection[Format | str] = (Format.CSV,),
    save_scores: bool = False,
    overwrite: bool = False,
    on_progress: OnProgress | None = None,
) -> Localized:
    """Find actions in videos.

    Args:
        inputs: videos, folders of videos, data sets, score tracks (these need no model) or folders of them.
        model: a model, its file, a run's folder or name; None = the newest run under ./runs. For several views: one
            for all, or one for each.
        output: folder for `<video_id>.csv` of every video, `predictions.csv` of all, `scenes.csv` of models with a
            scene head; None = nothing is written.
        joint: whether predictions.csv is written, and videos are skipped that an earlier run with the same model and
            options has done.
        subset: of data sets, only this subset.
        view: which videos of a 360+x folder. Several views that share a timeline: the tracks of a recording are fused
            (equal weights, linear pooling) and decoded once.
        videos: folder of the videos of an annotation file.
        options: scoring and decoding.
        formats: of the joint table; `json` = ActivityNet results.
        save_scores: keep `<video_id>.scores.npz` too.
        overwrite: do again what an earlier run has done.
        on_progress: called with (seconds of video done, seconds in all).

    Raises:
        UsageError, InputMissing, ModelError: before any work.
        InputInvalid: the model names actions only, and the view has no timeline; or the only input is wrong.
        BatchFailed: some of several videos failed; all else is written.
    """
    options = options or LocalizeOptions()
    views = [_choice(View, name, "view") for name in ([view] if isinstance(view, str) else view)]
    check_views(views)
    subset = None if subset is None else _choice(Subset, subset, "subset")
    kinds = [_choice(Format, name, "format") for name in formats]
    _choice(Backend, options.backend, "backend")
    given = [inputs] if isinstance(inputs, str | Path) else list(inputs)
    items = find_items(given, views=views, subset=subset, videos=videos)
    device = choose_device(options.device)
    models = () if all(item.is_track for item in items) else load_models(model, views)
    actions = have_actions(models, views)
    out = None
    if output is not None:
        out = Output(Path(output), joint=joint, formats=kinds, save_scores=save_scores)
        # Whether a score track has scenes is known once it is read.
        scenes = any(item.is_track for item in items) or any(one.model.card.network.n_scenes for one in models)
        out.check(items, actions=actions, scenes=scenes)
        # Of a model in memory nobody can tell whether it is still the same.
        out.resume(_key(options, models, views), fresh=overwrite or any(one.path is None for one in models))
    work = _Work(out, options, actions)
    todo = [item for item in items if not work.take_earlier(item)]
    if work.skipped:
        log.info("%d of %d videos are done already (--overwrite does them again)", len(work.skipped), len(items))
    if models and any(not item.is_track for item in todo):
        # Here, and not in every process that scores: what is to be said of it is said once.
        safe = {safe_precision(options.precision, device, one.model.card) for one in dict.fromkeys(models)}
        options = dataclasses.replace(options, precision=safe.pop() if len(safe) == 1 else Precision.FP32)
    # Processes load a model from its file, if it has one.
    sources = [one.model if options.jobs == 1 else one.path or one.model for one in models]
    for item, result in score_all(todo, sources, options, on_progress):
        if isinstance(result, BineegoError):
            if len(items) == 1:
                raise result
            work.failed[item.video_id] = result
            log.warning("%s is left out: %s", item.video_id, result)
        else:
            work.add(item, result)
    found = work.finish(items)
    if work.failed:
        first = next(iter(work.failed.values()))
        raise BatchFailed(
            f"{len(work.failed)} of {len(items)} inputs failed, the first with: {first.message}",
            where=first.where,
            remedy="the others are written; run the same command again after a repair: it does only what is missing"
            if out is not None and joint and len(work.failed) < len(items)
            else None,
        )
    return found


class _Work:
    """Results as they come in."""

    def __init__(self, output: Output | None, options: LocalizeOptions, actions: bool) -> None:
        self.output, self.options, self.actions = output, options, actions
        self.tables: dict[str, pd.DataFrame] = {}
        self.scenes: dict[str, tuple[str, float]] = {}
        self.paths: list[Path] = []
        self.skipped: list[str] = []
        self.failed: dict[str, BineegoError] = {}

    def take_earlier(self, item: Item) -> bool:
        """Take what an earlier run found, if it has done this video."""
        if self.output is None or not self.output.done(item, actions=self.actions):
            return False
        table, scene = self.output.earlier(item, actions=self.actions)
        self._keep(item, table, scene)
        self.skipped.append(item.video_id)
        return True

    def add(self, item: Item, track: Any) -> None:
        table = decode(track, self.options).assign(video_id=item.video_id)
        if self.output is not None:
            self.paths += self.output.write_video(item, track, table if self.actions else None)
        self._keep(item, table, track.scene)

    def _keep(self, item: Item, table: pd.DataFrame, scene: tuple[str, float] | None) -> None:
        self.tables[item.video_id] = table
        if scene is not None:
            self.scenes[item.video_id] = scene

    def finish(self, items: Sequence[Item]) -> Localized:
        """Everything in the order of the inputs, and the joint files."""
        order = [item.video_id for item in items]
        known = [self.tables[name] for name in order if name in self.tables]
        predictions = segments.concat(known if self.actions else [], scored=True)
        scenes = {name: self.scenes[name] for name in order if name in self.scenes}
        joint: list[Path] = []
        if self.output is not None and known:
            joint = self.output.write_joint(predictions if self.actions else None, scenes, list(self.tables))
        return Localized(
            predictions=predictions,
            scenes=scenes,
            paths=(*joint, *self.paths),
            results=self._results(joint),
            skipped=tuple(self.skipped),
        )

    def _results(self, joint: list[Path]) -> tuple[Path, ...]:
        if not self.actions:
            return tuple(joint)
        tables = [path for path in joint if path.name != SCENES]
        return tuple(tables or [path for path in self.paths if path.suffix == ".csv"])


def _choice(kind: type[E], value: E | str, what: str) -> E:
    try:
        return kind(value)
    except ValueError as error:
        remedy = f"one of {', '.join(kind)}{nearest(value, kind)}"
        raise UsageError(f"no {what} {str(value)!r}", remedy=remedy) from error


def _key(options: LocalizeOptions, models: Sequence[Loaded], views: Sequence[View]) -> dict[str, Any]:
    """What an earlier result must agree with to be taken over; where the work runs makes no difference."""
    names = {field.name for field in dataclasses.fields(LocalizeOptions)} - {"jobs", "device", "decoders"}
    plain = {name: getattr(options, name) for name in sorted(names)}
    return {"options": plain, "models": [_stamp(one.path) for one in models], "views": [str(view) for view in views]}


def _stamp(path: Path | None) -> list[Any] | None:
    if path is None:
        return None
    stat = path.stat()
    return [str(path.resolve()), stat.st_size, stat.st_mtime_ns]
