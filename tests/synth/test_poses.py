"""What the actions promise: pairs that only motion tells apart, a pair that only the scene does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bineego.labels import CHALLENGE_ACTIONS
from bineego.synth import ACTIONS, MOTION_PAIRS, SCENE_PAIR, poses
from bineego.synth.figures import STRETCH
from bineego.synth.script import LONG, SCENE_ACTIONS, SHORT

PHASES = (np.arange(1000) + 0.5) / 1000


def frames(name: str, seconds: float, period: float = 1.0) -> np.ndarray:
    """Poses (1000, P) `seconds` after the start, over all starting phases."""
    action = ACTIONS[name]
    found = np.zeros((len(PHASES), poses.N_PARAMETERS))
    for row, phase in zip(found, PHASES, strict=True):
        for parameter, value in action.pose(seconds, float(phase), period).items():
            row[parameter] = value
    return found


@pytest.mark.parametrize(("forth", "back"), MOTION_PAIRS)
@settings(max_examples=20)
@given(seconds=st.floats(0, 10))
def test_single_frames_of_a_motion_pair_have_one_distribution(forth: str, back: str, seconds: float) -> None:
    a, b = (np.sort(frames(name, seconds), axis=0) for name in (forth, back))
    # Every phase is as likely in both: the sorted poses are the same up to the grid's resolution.
    assert np.abs(a - b).max() <= np.ptp(a) * 5 * 2 / len(PHASES) + 1e-6


@pytest.mark.parametrize(("forth", "back"), MOTION_PAIRS)
def test_nothing_but_the_order_of_frames_tells_a_motion_pair_apart(forth: str, back: str) -> None:
    a, b = ACTIONS[forth], ACTIONS[back]
    assert (a.path, a.period, a.prop) == (b.path, b.period, b.prop)
    assert a.direction == -b.direction
    assert SHORT.lengths == {}
    assert SHORT.frequency[forth] == SHORT.frequency[back]
    for weights in SCENE_ACTIONS.values():
        assert weights.get(forth, 1.0) == weights.get(back, 1.0)


@pytest.mark.parametrize(("forth", "back"), MOTION_PAIRS)
def test_two_frames_do_tell_a_motion_pair_apart(forth: str, back: str) -> None:
    """A twentieth of a second on, most frames of one have moved up and most of the other down."""
    for name, sign in ((forth, 1), (back, -1)):
        moved = frames(name, 0.05) - frames(name, 0.0)
        joint = int(np.abs(moved).sum(axis=0).argmax())
        direction = np.sign(moved[:, joint]) * sign * (-1 if joint == poses.CROUCH else 1)
        assert (direction > 0).mean() > 0.7


@pytest.mark.parametrize(("forth", "back"), MOTION_PAIRS)
def test_a_mirrored_picture_does_not_turn_one_into_the_other(forth: str, back: str) -> None:
    for name in (forth, back):
        found = frames(name, 0.0)
        assert np.array_equal(found[:, poses.LEFT_UPPER], found[:, poses.RIGHT_UPPER])
        assert np.array_equal(found[:, poses.LEFT_FORE], found[:, poses.RIGHT_FORE])


def test_the_scene_pair_is_one_movement_in_different_scenes() -> None:
    kitchen, elsewhere = SCENE_PAIR
    assert ACTIONS[kitchen] == ACTIONS[elsewhere]
    for weights in SCENE_ACTIONS.values():
        assert 0.0 in (weights[kitchen], weights[elsewhere])
    assert any(weights[kitchen] for weights in SCENE_ACTIONS.values())
    assert any(weights[elsewhere] for weights in SCENE_ACTIONS.values())


def test_actions_bear_names_of_the_challenge() -> None:
    named = set(ACTIONS) - set(poses.SOUND_PAIR)  # two more, which only their sound tells apart
    assert named <= set(CHALLENGE_ACTIONS)
    assert set(LONG.lengths) == named
    assert STRETCH > 1


@given(st.floats(0, 0.9999))
def test_paths_are_closed_and_steady(phase: float) -> None:
    for action in ACTIONS.values():
        here, there = action.path(phase), action.path((phase + 1e-4) % 1.0)
        assert set(here) == set(there)
        assert all(abs(here[key] - there[key]) < 0.5 for key in here)
