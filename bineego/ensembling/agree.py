"""Whether several models speak of the same videos, and give scores on the same scale."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterable, Sequence

from bineego.ensembling.inputs import ModelAnswers
from bineego.formats import names

RATIO = 10.0
"""Highest scores that differ by more are on different scales."""

log = logging.getLogger(__name__)


def with_common_ids(models: Sequence[ModelAnswers], ids: Iterable[str] = ()) -> list[ModelAnswers]:
    """The models under the video ids of the first ones: where exactly one of those fits, a later one takes it.

    Args:
        models: as read.
        ids: known before the first model: those of the ground truth.
    """
    known = dict.fromkeys(ids)
    found = []
    for model in models:
        mine = model.videos
        matched = names.match(mine, known)
        if matched:
            names.say(matched, model.name)
            model = _renamed(model, matched)
        if known and mine and not any(video in known for video in model.videos):
            log.warning("%s: none of its videos is in the inputs before it: %s", model.name, names.explain(mine, known))
        known |= dict.fromkeys(model.videos)
        found.append(model)
    return found


def _renamed(model: ModelAnswers, matched: dict[str, str]) -> ModelAnswers:
    if model.table is not None:
        ids = model.table["video_id"].map(lambda video: matched.get(video, video))
        return dataclasses.replace(model, table=model.table.assign(video_id=ids))
    tracks = {
        matched.get(video, video): dataclasses.replace(track, video_id=matched.get(video, video))
        for video, track in model.tracks.items()
    }
    return dataclasses.replace(model, tracks=tracks)


def warn_of_scales(models: Sequence[ModelAnswers]) -> None:
    """Say which models give scores on another scale than the others: their average would be that of the larger one."""
    ranges = {
        model.name: (float(model.table["score"].min()), float(model.table["score"].max()))
        for model in models
        if model.table is not None and len(model.table)
    }
    if len(ranges) < 2:
        return
    chances = {least >= 0 and most <= 1 for least, most in ranges.values()}
    highest = [most for _, most in ranges.values()]
    if len(chances) > 1 or (chances == {False} and max(highest) > RATIO * max(min(highest), 0.0)):
        shown = "; ".join(f"{name}: {least:g} to {most:g}" for name, (least, most) in ranges.items())
        log.warning(
            "the inputs' scores are on different scales (%s); rescale them, for example to 0 to 1, "
            "before averaging", shown,
        )  # fmt: skip
