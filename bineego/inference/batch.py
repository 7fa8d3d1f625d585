"""The verb `localize`: videos in, timed actions out."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from bineego import segments
from bineego.config import build, takes
from bineego.datasets.recording import View
from bineego.engines.engine import EngineKind
from bineego.errors import BatchFailed, BineegoError, Interrupted, Terminated, UsageError
from bineego.formats.kinds import FileFormat
from bineego.formats.write import ENDINGS
from bineego.inference import telling
from bineego.inference.items import Item, find_items
from bineego.inference.localized import Localized
from bineego.inference.options import LocalizeCall, LocalizeOptions
from bineego.inference.output import SCENES, Output, is_file
from bineego.inference.results import Finish, Found, OneFile, Results
from bineego.inference.scorers import score_all
from bineego.inference.suiting import check_suiting
from bineego.inference.views import (
    Loaded,
    ModelSource,
    check_joint,
    check_score_options,
    check_views,
    have_actions,
    load_models,
)
from bineego.postprocess.candidates import RANK
from bineego.progress import shown
from bineego.remote.address import Place
from bineego.shards import of_shard
from bineego.tsm.config import Precision
from bineego.tsm.device import choose_device
from bineego.tsm.model_file import fingerprint
from bineego.tsm.network import TSM
from bineego.tsm.precision import safe_precision
from bineego.types import OnProgress
from bineego.words import listed, many

log = logging.getLogger(__name__)

OnVideo = Callable[[str, int, int], None]

PLACES = {"jobs", "engine", "device", "decoders", "features", "scratch"}
"""Options that say where the work is done; they make no difference to the results."""


@takes(LocalizeCall)
def localize(
    inputs: Path | str | Sequence[Path | str],
    *,
    model: ModelSource | Sequence[ModelSource] | None = None,
    joint: bool = True,
    options: LocalizeOptions | None = None,
    on_progress: OnProgress | None = None,
    on_video: OnVideo | None = None,
    **given: Any,
) -> Localized:
    """Find actions in videos.

    Args:
        inputs: videos, folders of videos, data sets, features (.npy files), score tracks (these need no model) or
            folders of them; addresses of videos and score tracks (`s3://`, `gs://`, `hf://`, `https://`, also with
            `*`).
        model: a model, its file, a run's folder or name; None = the newest run under ./runs. For several views: one
            for all, or one for each.
        joint: whether predictions.csv is written: it holds all videos that are done in the folder.
        options: many options at once; keywords win.
        on_progress: called with (seconds of video done, seconds in all); a notebook shows a bar where it is left out.
        on_video: called with (video that is worked on, videos done, videos) whenever that changes.
        given: see `LocalizeCall`: `output` (nothing is written without it), `threshold`, `stride` ... What an earlier
            call with the same model and options has done in `output` is not done again.

    Raises:
        UsageError, InputMissing, ModelError: before any work.
        InputInvalid: the model names actions only, and the view has no timeline; or the only input is wrong.
        BatchFailed: some of several videos failed; all else is written.
    """
    call = build(LocalizeCall, options, given)
    options, views = build(LocalizeOptions, call), list(call.view)
    check_views(views)
    if options.end is not None and options.end <= options.start:
        raise UsageError(f"must be more than --start, {options.start:g}, not {options.end:g}", where="--end")
    several = [inputs] if isinstance(inputs, str | Path) else list(inputs)
    everything = find_items(several, views=views, subset=call.subset, videos=call.videos)
    device = choose_device(options.device if options.engine is EngineKind.LOCAL else "auto")
    models = () if all(item.is_track for item in everything) else load_models(model, views)
    mine = set(of_shard([item.video_id for item in everything], call.shard))
    items = [item for item in everything if item.video_id in mine]
    check_score_options(models, options)
    check_joint(models)
    check_suiting(items, models, options)
    actions = have_actions(models, views)
    out = _output(call, items, models, actions=actions, joint=joint)
    if isinstance(out, Output):
        kept = out.results.keeper
        items = [dataclasses.replace(item, kept=None if item.is_track else kept(item)) for item in items]
    work = _Work(out if isinstance(out, Output) else None, options, actions, items, alone=len(everything) == 1)
    todo = [item for item in items if not work.take_earlier(item)]
    if work.skipped:
        log.info("%d of %s already done (--overwrite redoes them)", len(work.skipped), many(len(items), "video"))
    options = _with_precision(options, models, todo, device)
    try:
        finish = Finish(options, actions, out.results if isinstance(out, Output) else out)
        with contextlib.closing(score_all(todo, models, options, shown("localizing", on_progress), finish)) as found:
            work.tell(todo, on_video)
            for item, result in found:
                work.take(item, result)
                work.tell(todo, on_video)
    except (KeyboardInterrupt, Interrupted, Terminated) as stop:
        if out is not None:
            work.finish()
            stop.args = (f"{work.n_done} of {many(len(items), 'video')} done; the same command goes on",)
        raise
    localized = work.finish()
    work.raise_failures()
    return localized


def _with_precision(
    options: LocalizeOptions, models: Sequence[Loaded], todo: Sequence[Item], device: torch.device
) -> LocalizeOptions:
    """The options with the number format that all models may use. It is chosen here, and not in every process that
    scores: so that its messages appear once."""
    clip_models = [one for one in dict.fromkeys(models) if isinstance(one.model.network, TSM)]
    if not clip_models or all(item.is_track for item in todo):
        return options
    safe = {safe_precision(options.precision, device, one.model.card) for one in clip_models}
    return dataclasses.replace(options, precision=safe.pop() if len(safe) == 1 else Precision.FP32)


class _Work:
    """Results as they come in."""

    def __init__(
        self,
        output: Output | None,
        options: LocalizeOptions,
        actions: bool,
        items: Sequence[Item],
        *,
        alone: bool,
    ) -> None:
        self.output, self.options, self.actions, self.items, self.alone = output, options, actions, items, alone
        self.found: dict[str, Found] = {}
        self.paths: list[Place] = []
        self.skipped: list[str] = []
        self.failed: dict[str, BineegoError] = {}
        self.empty: dict[str, str] = {}
        self.lacking: dict[str, list[str]] = {}

    @property
    def n_done(self) -> int:
        return len(self.found)

    def take_earlier(self, item: Item) -> bool:
        """Take what an earlier call found, or met, if it has done this video."""
        earlier = None if self.output is None else self.output.results.earlier(item, actions=self.actions)
        if isinstance(earlier, Found):
            self.found[item.video_id] = earlier
            self.skipped.append(item.video_id)
        elif earlier is not None:
            self.take(item, earlier)
        return earlier is not None

    def take(self, item: Item, result: Found | BineegoError) -> None:
        """Take what is new of one video.

        Raises:
            BineegoError: it is the only one, and has failed.
        """
        if isinstance(result, BineegoError):
            if self.output is not None:
                self.output.results.fail(item, result)
            if self.alone:
                raise result
            self.failed[item.video_id] = result
            log.warning("%s skipped: %s", item.video_id, result)
            return
        self.paths += result.paths
        self.found[item.video_id] = result
        for name in item.lacking:
            if name not in item.cameras:  # of views that were asked for, it was said before
                self.lacking.setdefault(name, []).append(item.video_id)
        if result.best or (result.table is not None and not (result.table["score"] >= RANK).any()):
            self.empty[item.video_id] = result.best
        log.info("%s", telling.line(item.video_id, result.table, result.scene, result.best, item.damage))

    def tell(self, todo: Sequence[Item], on_video: OnVideo | None) -> None:
        """Tell which video comes next (several processes do not say), and how many are done."""
        left = [item.video_id for item in todo if item.video_id not in self.found and item.video_id not in self.failed]
        if on_video is not None:
            alone = self.options.engine is EngineKind.LOCAL and self.options.jobs in (None, 1)
            on_video(left[0] if left and alone else "", len(self.items) - len(left), len(self.items))

    def finish(self) -> Localized:
        """Everything in the order of the inputs, and the joint files."""
        known = {item.video_id: self.found[item.video_id] for item in self.items if item.video_id in self.found}
        tables = [found.table for found in known.values() if found.table is not None]
        joint = self.output.write_joint() if self.output is not None else []
        if len(known) > 1 and self.actions:
            log.info(
                "%s, %s",
                many(len(known), "video"),
                many(sum(int((each["score"] >= RANK).sum()) for each in tables), "action"),
            )
        damaged = [video for video, found in known.items() if found.damage]
        if damaged and len(known) > 1:
            log.info("damaged: %s; --strict skips such videos", listed(damaged, "video"))
        for name, without in self.lacking.items():
            log.warning("no %s, which the model was trained with, in %s", name, listed(without, "video"))
        if self.empty:
            log.info("%s", telling.empties(self.empty, len(known), self.options.threshold))
        return Localized(
            videos=tuple(known),
            predictions=segments.concat(tables, scored=True),
            scenes={video_id: found.scene for video_id, found in known.items() if found.scene is not None},
            paths=(*joint, *self.paths),
            results=self._results(joint),
            skipped=tuple(self.skipped),
            damage={video: found.damage for video, found in known.items() if found.damage},
            files={
                item.video_id: item.paths[0] for item in self.items if item.video_id in known and item.is_video_here
            },
        )

    def raise_failures(self) -> None:
        """
        Raises:
            BatchFailed: some videos could not be done.
        """
        if not self.failed:
            return
        first = next(iter(self.failed.values()))
        raise BatchFailed(
            f"{len(self.failed)} of {len(self.items)} inputs failed, the first with: {first.message}",
            where=first.where,
            remedy="the others are done; fix these and run the same command again, which does only what is missing"
            if self.output is not None and self.found
            else None,
        )

    def _results(self, joint: Sequence[Place]) -> tuple[Place, ...]:
        """The files that answer the call: the tables of all videos, or else of each, or else the scenes."""
        tables = [path for path in joint if path.name != SCENES]
        if tables or not self.actions:
            return tuple(tables or joint)
        if self.output is not None:
            folder = self.output.results.folder
            return tuple(folder / f"{item.video_id}.csv" for item in self.items if item.video_id in self.found)
        return tuple(self.paths[:1])


def _output(
    call: LocalizeCall, items: Sequence[Item], models: Sequence[Loaded], *, actions: bool, joint: bool
) -> Output | OneFile | None:
    """Where results go, checked; None = nowhere.

    Raises:
        UsageError: it cannot be written to, or holds what is not ours; see `_one_file`.
    """
    if call.output is None:
        return None
    if is_file(call.output):
        return _one_file(call.output, items, call, actions=actions)
    results = Results(
        folder=call.output,
        save_scores=call.save_scores,
        by=_made_with(build(LocalizeOptions, call), models, call.view),
        overwrite=call.overwrite,
        scratch=call.scratch,
    )
    out = Output(results, joint=joint, formats=call.format)
    # Whether a score track has scenes is known once it is read.
    scenes = any(item.is_track for item in items) or any(one.model.card.network.n_scenes for one in models)
    out.check(items, actions=actions, scenes=scenes)
    return out


def _one_file(path: Place, items: Sequence[Item], call: LocalizeCall, *, actions: bool) -> OneFile:
    """`-o` names a file: that is one video's.

    Raises:
        UsageError: there are several videos or formats, or no actions to write.
    """
    if len(items) != 1:
        raise UsageError(f"names a file, but there are {len(items)} videos", where=path, remedy="name a folder with -o")
    if not actions:
        raise UsageError(
            "is a table of actions, but only scenes are predicted", where=path, remedy="name a folder with -o"
        )
    told = [form for form in call.format if form is not FileFormat.CSV]
    if len(told) > 1:
        raise UsageError(f"names a file, but there are {len(told)} formats", where=path, remedy="name a folder with -o")
    form = told[0] if told else FileFormat(ENDINGS[path.suffix.casefold()])
    one = OneFile(
        path,
        items[0],
        form=form,
        save_scores=call.save_scores,
        overwrite=call.overwrite,
        scratch=call.scratch,
    )
    one.check()
    return one


def _made_with(options: LocalizeOptions, models: Sequence[Loaded], views: Sequence[View]) -> dict[str, Any]:
    """What an earlier result must agree with to be taken over; where the work runs makes no difference."""
    names = {field.name for field in dataclasses.fields(LocalizeOptions)} - PLACES
    plain = {name: getattr(options, name) for name in sorted(names)}
    return {
        "options": plain,
        "models": [fingerprint(one.model) for one in models],
        "views": [str(view) for view in views],
    }
