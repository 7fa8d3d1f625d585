from __future__ import annotations

import numpy as np
import pytest

from bineego.postprocess.paper import whole_cells
from bineego.tracks import ScoreTrack


def track_of(edges: np.ndarray, t: float) -> ScoreTrack:
    return ScoreTrack(
        video_id="v",
        edges=edges,
        logits=np.zeros((len(edges) - 1, 2), np.float32),
        actions=("a",),
        t=t,
        scene_probs=np.zeros(0),
    )


@pytest.mark.parametrize(
    ("edges", "t", "expected"),
    [
        (np.array([0, 0.5, 1.0, 1.3]), 0.5, 2),  # the tail is dropped
        (np.array([0, 0.5, 1.0]), 0.5, 2),
        (np.array([0, 0.3]), 0.5, 0),  # shorter than t
        (np.array([0.0]), 0.5, 0),
        (np.array([0, 0.25, 0.5, 0.6]), 0.5, 3),  # a finer grid: every cell
        (np.array([0, 0.5, 0.6, 1.0]), 0.5, 3),
    ],
)
def test_whole_cells(edges: np.ndarray, t: float, expected: int) -> None:
    assert whole_cells(track_of(edges.astype(float), t)) == expected
