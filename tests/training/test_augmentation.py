from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bineego.training.augmentation import Change, apply, draw_change, jittered
from bineego.training.randomness import Purpose, generator, torch_seed


def frames(width: int = 8) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (3, 4, width, 3)).astype(np.uint8)


@given(st.floats(0, 0.999))
def test_turning_is_a_roll_of_all_frames(turn: float) -> None:
    before = frames()
    after = apply(Change(turn=turn), before)
    assert any(np.array_equal(after, np.roll(before, k, axis=2)) for k in range(8))
    assert np.array_equal(np.sort(after, axis=2), np.sort(before, axis=2))


def test_flip_mirrors_and_nothing_else() -> None:
    before = frames()
    assert np.array_equal(apply(Change(flip=True), before), before[:, :, ::-1])
    assert np.array_equal(apply(Change(), before), before)
    assert apply(Change(flip=True), before).flags.c_contiguous


def test_crops_have_the_shape_of_the_whole() -> None:
    before = frames(16)
    after = apply(Change(crop=(0.2, 0.1, 0.66, 0.75)), before)
    assert after.shape == before.shape
    assert after.dtype == np.uint8
    assert np.array_equal(apply(Change(crop=(0.0, 0.0, 1.0, 1.0)), before), before)


def test_an_option_does_not_disturb_the_others() -> None:
    for sample in range(20):
        changes = [
            draw_change(generator(Purpose.CLIP, 0, 0, sample), flip=True, yaw=yaw, crop=crop)
            for yaw in (False, True)
            for crop in (False, True)
        ]
        assert len({change.flip for change in changes}) == 1
        assert not draw_change(generator(Purpose.CLIP, 0, 0, sample), flip=False, yaw=False, crop=False).flip
        for change in changes:
            if change.crop is not None:
                top, left, height, width = change.crop
                assert 0 <= top <= 1 - height + 1e-12
                assert 0 <= left <= 1 - width + 1e-12


@given(st.floats(0, 50), st.floats(0.1, 3), st.floats(0.05, 60), st.integers(0, 100))
def test_jitter_stays_in_the_video(low: float, length: float, duration: float, seed: int) -> None:
    low = min(low, max(0.0, duration - length))
    a, b = jittered(np.random.default_rng(seed), low, low + length, duration)
    assert a >= 0
    assert abs(b - a - length) < 1e-9
    assert abs(a - low) <= length / 2 + 1e-9
    assert b <= max(duration, length) + 1e-9


def test_streams_differ_by_purpose_and_key() -> None:
    seeds = {torch_seed(purpose, *key) for purpose in Purpose for key in ((0, 1), (1, 0), (0, 0, 1))}
    assert len(seeds) == 3 * len(Purpose)
    assert all(0 <= seed < 2**63 for seed in seeds)
