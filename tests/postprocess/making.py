"""Score tracks for tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bineego.tracks import ScoreTrack


def make_track(
    probabilities: np.ndarray | Sequence[Sequence[float]],
    t: float = 1.0,
    actions: tuple[str, ...] = ("x", "y"),
    duration: float | None = None,
    **others: object,
) -> ScoreTrack:
    """A track with these class probabilities (N, C + 1), in intervals of t seconds."""
    p = np.asarray(probabilities, np.float64)
    edges = np.arange(len(p) + 1) * t
    if duration is not None:
        edges[-1] = duration
    track = ScoreTrack(
        video_id="v", edges=edges, logits=np.log(np.maximum(p, 1e-9)).astype(np.float32), actions=actions, t=t,
        scene_probs=np.zeros(0), model="m",
    )  # fmt: skip
    return replace(track, **others)
