"""The scene of a video re-weights its actions, through how often they go together in the training annotations."""

from __future__ import annotations

import numpy as np

from bineego.tracks import Activation, ScoreTrack
from bineego.types import Floats

MIN_LIFT = 0.05
"""Smallest factor on an action: "never seen in this scene" is not "impossible"."""


def reweight(track: ScoreTrack, probabilities: Floats, weight: float) -> Floats:
    """Class probabilities (N, C + 1) under the scene probabilities of the video.

    By Bayes' rule an action's odds gain the factor P(class | scene) / P(class), averaged here over the scenes and
    raised to `weight`. Without a scene head, without priors by scene, or with weight 0, nothing changes.
    """
    priors = track.priors
    if weight == 0 or priors is None or not track.scenes or len(priors.scene_share) != len(track.scenes):
        return probabilities
    here = track.scene_probs @ priors.scene_share
    # A class (or a whole scene) without training time tells nothing: factor 1.
    lift = np.divide(here, priors.share, out=np.ones_like(here), where=priors.share > 0)
    factor: Floats = np.maximum(lift, MIN_LIFT) ** weight
    weighted: Floats = probabilities * factor
    if track.activation is Activation.SIGMOID:
        total = weighted + (1.0 - probabilities)  # the odds of one class against its absence
    else:
        total = weighted.sum(axis=1, keepdims=True)
    weighted /= total
    return weighted
