"""What is fitted on held-out recordings."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bineego import segments
from bineego.errors import InputInvalid
from bineego.formats.annotations import Annotations
from bineego.grid import interval_edges
from bineego.tracks import ScoreTrack
from bineego.training.validation import EVIDENCE, fit_evidence

LENGTH, STEP = 100.0, 0.25


def flickering(errors: float) -> tuple[list[ScoreTrack], Annotations]:
    """Four videos of ten actions of 6 s, and a classifier that is wrong for a cell at a time in a share of them."""
    rng = np.random.default_rng(5)
    rows, tracks = [], []
    for number in range(4):
        edges = interval_edges(LENGTH, STEP)
        right = np.zeros(len(edges) - 1, np.int64)
        for start in np.arange(2.0, LENGTH - 8, 10.0):
            rows.append((f"v{number}", "run", start, start + 6.0))
            right[int(start / STEP) : int((start + 6) / STEP)] = 1
        said = np.where(rng.random(len(right)) < errors, 1 - right, right)
        logits = np.where(np.arange(2) == said[:, None], 1.0, -1.0).astype(np.float32)
        tracks.append(
            ScoreTrack(
                video_id=f"v{number}", edges=edges, logits=logits, actions=("run",), t=1.0, scene_probs=np.zeros(0)
            )
        )
    table = segments.make(*map(list, zip(*rows, strict=True)))
    return tracks, Annotations(segments=table, videos=tuple(track.video_id for track in tracks), scenes={})


def test_errors_ask_for_smoothing_and_certainty_for_none() -> None:
    tracks, truth = flickering(0.0)
    assert fit_evidence(tracks, truth) == EVIDENCE[0]
    tracks, truth = flickering(0.2)
    found = fit_evidence(tracks, truth)
    assert found is not None
    assert found > EVIDENCE[0]


def test_little_says_nothing() -> None:
    tracks, truth = flickering(0.2)
    short = [dataclasses.replace(track, edges=track.edges[:81], logits=track.logits[:80]) for track in tracks]
    assert fit_evidence(short, truth) is None
    assert fit_evidence(tracks, dataclasses.replace(truth, segments=segments.empty(scored=False))) is None
    assert fit_evidence([], truth) is None
    # A network that finds nothing, whatever the value, says nothing about it either.
    blind = [dataclasses.replace(track, logits=np.tile(np.float32([9, -9]), (len(track), 1))) for track in tracks]
    assert fit_evidence(blind, truth) is None


@pytest.mark.parametrize("value", [0.0, -1.0, float("inf"), float("nan")])
def test_evidence_is_a_length(value: float) -> None:
    tracks, _ = flickering(0.0)
    with pytest.raises(InputInvalid, match="evidence"):
        dataclasses.replace(tracks[0], evidence=value)
