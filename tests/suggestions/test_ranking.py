"""What is suggested: where the model does not know, where it wavers, spread over videos, as much as was asked for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bineego.suggestions.ranking import LENGTH, choose, disagreement, rarity, uncertainty
from bineego.tracks import Activation, ScoreTrack


def track(probabilities: np.ndarray, video: str = "v", activation: Activation = Activation.SOFTMAX) -> ScoreTrack:
    p = np.clip(probabilities, 1e-6, 1 - 1e-6)
    logits = np.log(p) if activation is Activation.SOFTMAX else np.log(p / (1 - p))
    return ScoreTrack(
        video_id=video,
        edges=np.arange(len(p) + 1) * 1.0,
        logits=logits.astype(np.float32),
        actions=("a", "b"),
        t=1.0,
        activation=activation,
        scene_probs=np.zeros(0),
    )


def certain(n: int) -> np.ndarray:
    return np.tile([0.98, 0.01, 0.01], (n, 1))


def test_uncertainty_is_the_entropy() -> None:
    found = uncertainty(track(np.array([[1 / 3] * 3, [1.0, 0.0, 0.0], [0.5, 0.5, 0.0]])))
    assert found == pytest.approx([1.0, 0.0, np.log(2) / np.log(3)], abs=1e-4)
    each = uncertainty(track(np.array([[0.2, 0.5, 0.01], [0.9, 0.01, 0.99]]), activation=Activation.SIGMOID))
    assert each == pytest.approx([1.0, 0.0808], abs=1e-3)


def test_disagreement_is_with_the_farther_neighbour() -> None:
    p = np.array([[1.0, 0, 0], [1.0, 0, 0], [0, 1.0, 0], [0, 1.0, 0]])
    assert disagreement(track(p)) == pytest.approx([0, 1, 1, 0], abs=1e-4)


def test_rare_is_what_is_seldom_expected() -> None:
    p = np.array([[0.0, 1.0, 0.0]] * 9 + [[0.0, 0.0, 1.0]])
    assert rarity([track(p)]) == pytest.approx({"a": 0.0, "b": 1 - 1 / 9}, abs=1e-3)


def test_the_stretch_that_is_not_known_comes_first() -> None:
    p = certain(100)
    p[60:70] = 1 / 3
    found = choose([track(p)], LENGTH)
    assert [(stretch.start, stretch.end) for stretch in found] == [(60.0, 70.0)]
    assert set(found[0].actions) == {"a", "b"}


def test_suggestions_spread_over_videos() -> None:
    p = certain(100)
    p[20:80] = [0.4, 0.3, 0.3]
    found = choose([track(p, video) for video in "xyz"], 6 * LENGTH)
    assert {stretch.video_id for stretch in found} == {"x", "y", "z"}


@given(
    lengths=st.lists(st.integers(1, 60), min_size=1, max_size=4), seconds=st.integers(1, 200), seed=st.integers(0, 9)
)
def test_never_more_than_there_is_nor_twice(lengths: list[int], seconds: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    tracks = [track(rng.dirichlet(np.ones(3), n), f"v{i}") for i, n in enumerate(lengths)]
    found = choose(tracks, seconds)
    total = sum(stretch.end - stretch.start for stretch in found)
    assert total < seconds + LENGTH
    assert found
    for i, one in enumerate(found):
        assert 0 <= one.start < one.end <= lengths[int(one.video_id[1:])]
        for other in found[i + 1 :]:
            assert one.video_id != other.video_id or one.end <= other.start or other.end <= one.start
