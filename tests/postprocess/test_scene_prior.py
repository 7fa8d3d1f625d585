from __future__ import annotations

import numpy as np
import pytest

from bineego.postprocess.scene_prior import reweight
from bineego.priors import Priors
from bineego.tracks import Activation, ScoreTrack


def track_of(activation: Activation, scene_probs: tuple[float, float], *, priors: bool = True) -> ScoreTrack:
    return ScoreTrack(
        video_id="v",
        edges=np.array([0.0, 0.5]),
        logits=np.zeros((1, 3), np.float32),
        actions=("cook", "drive"),
        t=0.5,
        activation=activation,
        scene_probs=np.array(scene_probs),
        scenes=("kitchen", "car"),
        priors=Priors(
            dwell=np.ones(3),
            share=np.array([0.5, 0.25, 0.25]),
            scene_share=np.array([[0.5, 0.5, 0.0], [0.5, 0.0, 0.5]]),
        )
        if priors
        else None,
    )


def test_bayes_rule() -> None:
    track = track_of(Activation.SOFTMAX, (0.8, 0.2))
    p = reweight(track, track.probabilities(), 1.0)
    # Lifts: background 1, cook .4 / .25 = 1.6, drive .1 / .25 = .4
    assert p[0] == pytest.approx(np.array([1.0, 1.6, 0.4]) / 3.0)


def test_never_seen_is_not_impossible() -> None:
    track = track_of(Activation.SOFTMAX, (1.0, 0.0))
    assert reweight(track, track.probabilities(), 1.0)[0, 2] > 0.01


def test_sigmoid_odds() -> None:
    track = track_of(Activation.SIGMOID, (0.8, 0.2))
    p = reweight(track, track.probabilities(), 1.0)
    assert p[0, 1] / (1 - p[0, 1]) == pytest.approx(1.6)


@pytest.mark.parametrize("priors", [True, False])
def test_off(priors: bool) -> None:
    track = track_of(Activation.SOFTMAX, (0.8, 0.2), priors=priors)
    p = track.probabilities()
    assert reweight(track, p, 0.0 if priors else 1.0) is p
