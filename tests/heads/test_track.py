"""The head's answer as a score track."""

import numpy as np
import pytest
import torch

from bineego.heads.temporal import HeadScores
from bineego.heads.track import to_track
from bineego.labels import LabelSet
from bineego.tracks import load, save

LABELS = LabelSet(actions=("bend", "jump"), scenes=("hall", "yard"))


def scores(n: int) -> HeadScores:
    proposals = torch.full((n, 2), -9.0)
    proposals[3, 1] = 2.0
    distances = torch.full((n, 2), 0.5)
    return HeadScores(torch.randn(n, 3), torch.randn(n + 1, 1), proposals, distances, torch.tensor([0.0, 2.0]))


def test_a_track_has_boundaries_candidates_and_a_scene(tmp_path):
    edges = np.append(np.arange(20) * 0.1, 1.95)
    track = to_track(scores(20), edges, LABELS, video_id="a", t=0.1)
    assert track.boundary.shape == (21, 1)
    assert len(track.candidates) == 1
    assert track.candidates.labels.tolist() == [2]
    assert track.candidates.starts.tolist() == [0.0]  # 0.35 - 0.5, cut off
    assert track.candidates.ends[0] == pytest.approx(0.85)
    assert track.scene[0] == "yard"
    save(track, tmp_path / "a.scores.npz")
    again = load(tmp_path / "a.scores.npz")
    assert np.array_equal(again.boundary, track.boundary)
    assert np.array_equal(again.candidates.ends, track.candidates.ends)


def test_scenes_alone():
    only = HeadScores(None, None, None, None, torch.tensor([0.0, 2.0]))
    track = to_track(only, np.arange(6) * 0.5, LABELS, video_id="a", t=0.5)
    assert track.actions == ()
    assert track.boundary is None
    assert track.candidates is None
    assert track.logits.shape == (5, 1)
