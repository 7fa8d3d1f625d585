"""After the last epoch of a temporal head: what is fitted on the examples that its members have not seen."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Hashable, Sequence

from bineego.heads.temporal import HeadEnsemble
from bineego.postprocess import fit_decoder
from bineego.tracks import ScoreTrack
from bineego.training.fit import Fitted, calibrate
from bineego.training.prepare import TrainingPlan
from bineego.training.temporal.answers import answer, truth_of_lines, unseen, unseen_lines
from bineego.training.temporal.material import HeadMaterial
from bineego.training.validation import HeldOut
from bineego.tsm.card import ModelCard

log = logging.getLogger(__name__)


def fit_head(head: HeadEnsemble, chosen: TrainingPlan, material: HeadMaterial, card: ModelCard) -> Fitted:
    """Fit temperature and decoder on what the members say of the examples they have not seen; without folds, on the
    held-out recordings."""
    tracks, held, groups = _judged(head, chosen, material, card)
    found = calibrate(tracks, held) if tracks else None
    if found is None:
        return Fitted()
    calibrated = [track.with_temperature(found.temperature) for track in tracks]
    return Fitted(found, fit_decoder(calibrated, held.truth, groups))


def _judged(
    head: HeadEnsemble, chosen: TrainingPlan, material: HeadMaterial, card: ModelCard
) -> tuple[list[ScoreTrack], HeldOut, Sequence[Hashable]]:
    """Tracks of what was not seen, their labels, and which of them belong together; no tracks if all was seen."""
    if not chosen.task.has_actions:
        return [], material.held, []
    tracks = unseen(head, material.folds, card)
    if tracks:
        lines = unseen_lines(material.folds, material.lines)
        truth = truth_of_lines(lines, card.labels)
        return tracks, dataclasses.replace(material.held, timelines=lines, truth=truth), material.folds.known()
    if chosen.held_out:
        tracks = [answer(head, example, card) for example in material.val]
    return tracks, material.held, [track.video_id for track in tracks]
