"""The verb `suggest`: which stretches of video to label next."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bineego import records, segments
from bineego.config import build, takes
from bineego.datasets.media import measure
from bineego.datasets.recording import View
from bineego.errors import BatchFailed, BineegoError, UsageError
from bineego.formats.annotations import Annotations
from bineego.formats.kinds import FileFormat
from bineego.formats.table import csv_line
from bineego.formats.write import WRITERS, write
from bineego.inference.items import Item, find_items
from bineego.inference.options import LocalizeOptions
from bineego.inference.scorers import score_all
from bineego.inference.suiting import check_suiting
from bineego.inference.views import ModelSource, load_models
from bineego.page.build import write_page
from bineego.page.results import gather
from bineego.postprocess import decode
from bineego.suggestions.options import SuggestOptions
from bineego.suggestions.ranking import Stretch, choose
from bineego.tracks import ScoreTrack
from bineego.tsm.card import ModelCard
from bineego.types import OnProgress
from bineego.words import duration, many

LABEL = "label here"
"""The action that marks a suggestion in projects of annotation tools."""

TABLE, PAGE, BORIS, VIA = "suggestions.csv", "suggestions.html", "suggestions.boris", "suggestions.via.json"

log = logging.getLogger(__name__)


@takes(SuggestOptions)
def suggest(
    inputs: Path | str | Sequence[Path | str],
    *,
    model: ModelSource | None = None,
    options: SuggestOptions | None = None,
    on_progress: OnProgress | None = None,
    **given: Any,
) -> list[Stretch]:
    """Name the stretches of videos whose labels would tell a model most.

    Args:
        inputs: videos, folders of videos, or score tracks (these need no model).
        model: a model, its file, a run's folder or name; None = the newest run under ./runs.
        options: many options at once; keywords win.
        on_progress: called with (seconds of video done, seconds in all).
        given: see `SuggestOptions`. In `output` appear suggestions.csv, a page that shows the stretches with what the
            model finds there, and projects for BORIS and the VGG Image Annotator that mark them.

    Returns:
        The stretches, the most telling first.

    Raises:
        UsageError, InputMissing, InputInvalid, ModelError: as `localize`.
        BatchFailed: some of several videos could not be scored; the suggestions are of the others.
    """
    chosen = build(SuggestOptions, options, given)
    items = find_items([inputs] if isinstance(inputs, str | Path) else list(inputs))
    paths = [chosen.output / name for name in (TABLE, PAGE, BORIS, VIA)]
    for path in paths:
        records.check_free(path, overwrite=chosen.overwrite)
    how = LocalizeOptions()
    scored = all(item.is_track for item in items)
    models = () if scored else load_models(model if model is not None else chosen.model, (View.PANORAMIC,))
    items = unlabelled(items, [one.model.card for one in models])
    check_suiting(items, models, how)
    failed: list[BineegoError] = []
    tracks: list[ScoreTrack] = []
    for item, result in score_all(items, models, how, on_progress):
        if isinstance(result, BineegoError):
            if len(items) == 1:
                raise result
            log.warning("%s skipped: %s", item.video_id, result)
            failed.append(result)
        else:
            tracks.append(replace(result, video_id=item.video_id))
    if tracks and not any(track.actions for track in tracks):
        raise UsageError("the model predicts only scenes, no actions", remedy="use one that was trained on actions")
    found = choose(tracks, 60 * chosen.minutes)
    if not found:
        raise UsageError("nothing to suggest: no video could be scored, or all are too short")
    files = {item.video_id: item.paths[0] for item in items if item.is_video_here}
    _write(chosen.output, found, tracks, files, how)
    seconds = sum(stretch.end - stretch.start for stretch in found)
    log.info("%s to label: %s of %s", duration(seconds), many(len(found), "place"), many(len(tracks), "video"))
    if failed:
        raise BatchFailed(
            f"{len(failed)} of {len(items)} inputs failed, the first with: {failed[0].message}", where=failed[0].where
        )
    return found


def unlabelled(items: Sequence[Item], cards: Sequence[ModelCard]) -> list[Item]:
    """The inputs without the videos that a model was trained or validated on: those have their labels. All, if none is
    left then."""
    labelled = {name for card in cards for side in ("train", "val") for name in card.data.get(side, ())}
    rest = [item for item in items if item.video_id not in labelled]
    if not rest or len(rest) == len(items):
        return list(items)
    log.info(
        "%s left out: the model was trained on their labels, or scored by them", many(len(items) - len(rest), "video")
    )
    return rest


def _write(
    folder: Path,
    found: Sequence[Stretch],
    tracks: Sequence[ScoreTrack],
    files: dict[str, Path],
    how: LocalizeOptions,
) -> None:
    """The table, the page and the projects."""
    ids = list(dict.fromkeys(stretch.video_id for stretch in found))
    with records.recorded(folder / TABLE) as draft:
        draft.write_text(_table(found), encoding="utf-8")
    shown = {track.video_id: track for track in tracks}
    predictions = segments.concat([decode(shown[video], how).assign(video_id=video) for video in ids], scored=True)
    marks: dict[str, list[tuple[float, float]]] = {}
    for stretch in found:
        marks.setdefault(stretch.video_id, []).append((stretch.start, stretch.end))
    content = gather("to label next", predictions, None, files, [shown[video] for video in ids], videos=ids)
    with records.recorded(folder / PAGE) as draft:
        write_page(replace(content, videos=ids, marks=marks), draft, at=folder / PAGE)
    columns = [(stretch.video_id, LABEL, stretch.start, stretch.end) for stretch in found]
    marked = Annotations(segments=segments.make(*map(list, zip(*columns, strict=True))), videos=tuple(ids))
    media = {video: measure(files[video]) if video in files else None for video in ids}
    with records.recording():
        for name, kind in ((BORIS, FileFormat.BORIS), (VIA, FileFormat.VIA)):
            write(marked, folder / name, WRITERS[kind], media)


def _table(found: Sequence[Stretch]) -> str:
    """A row for each stretch; the last column says what the model thinks of."""
    rows = [
        (one.video_id, f"{one.start:.3f}", f"{one.end:.3f}", f"{one.value:.3f}", " | ".join(one.actions))
        for one in found
    ]
    return "".join(map(csv_line, [("video_id", "start", "end", "value", "actions"), *rows]))
