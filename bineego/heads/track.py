"""What a temporal head says of a video, as a score track."""

from __future__ import annotations

import numpy as np

from bineego.heads.temporal import HeadScores
from bineego.labels import LabelSet
from bineego.spans import Spans, make
from bineego.tracks import ScoreTrack
from bineego.types import Floats

LEAST_PROPOSAL = 0.02
"""Probability below which a step proposes nothing."""

PROPOSALS_A_SECOND = 20.0
"""Maximum number of proposals kept per video, the likeliest; the decoder suppresses near copies."""


def to_track(scores: HeadScores, edges: Floats, labels: LabelSet, *, video_id: str, t: float) -> ScoreTrack:
    """The score track of one video, with boundaries and candidates; neither calibrated nor with priors.

    Args:
        scores: the head's answer for T steps.
        edges: of the steps (T + 1,), seconds.
        labels: names of its logits.
        t: length of a whole step, seconds.
    """
    n_steps = len(edges) - 1
    logits = np.zeros((n_steps, 1), np.float32) if scores.actions is None else scores.actions.float().cpu().numpy()
    return ScoreTrack(
        video_id=video_id,
        edges=edges,
        logits=logits.astype(np.float32),
        actions=labels.actions if scores.actions is not None else (),
        t=t,
        scene_probs=np.zeros(0) if scores.scenes is None else scores.scenes.double().softmax(-1).cpu().numpy(),
        scenes=labels.scenes if scores.scenes is not None else (),
        boundary=None if scores.boundaries is None else scores.boundaries.float().cpu().numpy(),
        candidates=proposed(scores, edges),
    )


def proposed(scores: HeadScores, edges: Floats) -> Spans | None:
    """The segments that the steps propose, likeliest first; None without an anchor-free branch."""
    if scores.proposals is None or scores.distances is None:
        return None
    p_TC = scores.proposals.double().sigmoid().cpu().numpy()
    distances_T2 = scores.distances.double().cpu().numpy()
    step, column = np.nonzero(p_TC >= LEAST_PROPOSAL)
    centre = (edges[step] + edges[step + 1]) / 2
    starts = np.clip(centre - distances_T2[step, 0], 0.0, edges[-1])
    ends = np.clip(centre + distances_T2[step, 1], 0.0, edges[-1])
    found = make(column + 1, starts, ends, p_TC[step, column])
    found = found.where(np.flatnonzero(found.ends > found.starts))
    most = max(1, int(PROPOSALS_A_SECOND * edges[-1]))
    return found.where(np.argsort(-found.scores, kind="stable")[:most])
