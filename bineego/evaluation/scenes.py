"""Scene top-1: the share of videos whose scene was predicted."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping

from bineego.labels import match_scene
from bineego.words import listed

log = logging.getLogger(__name__)


def scene_top1(truth: Mapping[str, str], predicted: Mapping[str, str], annotated: Collection[str]) -> float | None:
    """Share of the videos of known scene whose predicted scene is the same, in any spelling that `labels.match_scene`
    understands; None if there is no such video.

    Videos that only the predictions name are left out. An annotated video of known scene without a predicted one counts
    as wrong, with a warning; unless none of them has one, for then the predictions are of other views.
    """
    counted = {video for video in predicted if video in truth}
    timeline = {video for video in annotated if video in truth}
    if missing := (timeline - counted if timeline & counted else set()):
        log.warning("no predicted scene for %s: counted as wrong", listed(sorted(missing), "video"))
        counted |= missing
    if not counted:
        if truth and predicted:
            log.warning("no video with a predicted scene has a known scene, so there is no scene score")
        return None
    right = sum(1 for video in counted if video in predicted and _same(truth[video], predicted[video]))
    return right / len(counted)


def _same(a: str, b: str) -> bool:
    if a == b:
        return True
    known = match_scene(a)
    return known is not None and known == match_scene(b)
