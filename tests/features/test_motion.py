from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bineego.features.motion import directed_motion, grey, motion_energy

PICTURES = arrays.arrays(np.float32, (64, 64), elements=st.integers(0, 255))
UP, DOWN, LEFT, RIGHT = (slice(33 * i, 33 * (i + 1)) for i in range(4))


def cloud(seed: int = 0) -> np.ndarray:
    """A soft pattern on 96 x 96 pixels, to cut moving pictures from."""
    field = np.random.default_rng(seed).normal(size=(96, 96))
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(96), np.fft.fftfreq(96)))
    soft = np.fft.ifft2(np.fft.fft2(field) * np.exp(-((frequency / 0.05) ** 2))).real
    return (127 + 60 * soft / soft.std()).astype(np.float32)


@pytest.mark.parametrize("size", [64, 128, 160, 100, 16])
def test_grey_pictures_keep_the_mean(size: int) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (size, size, 3), dtype=np.uint8)
    small = grey(picture)
    assert small.shape == (64, 64)
    assert small.mean() == pytest.approx(float((picture @ [0.299, 0.587, 0.114]).mean()), abs=1e-2)


def test_halving_takes_the_mean_of_four_pixels() -> None:
    picture = np.repeat(np.random.default_rng(0).integers(0, 256, (128, 128, 1), dtype=np.uint8), 3, axis=2)
    wanted = picture[..., 0].reshape(64, 2, 64, 2).mean((1, 3))
    np.testing.assert_allclose(grey(picture), wanted, atol=1e-2)


@given(PICTURES, PICTURES)
def test_energy_is_the_same_forward_and_backward_and_direction_turns_round(a: np.ndarray, b: np.ndarray) -> None:
    np.testing.assert_array_equal(motion_energy(a, b), motion_energy(b, a))
    forward, backward = directed_motion(a, b), directed_motion(b, a)
    for one, other in ((UP, DOWN), (LEFT, RIGHT)):
        np.testing.assert_allclose(forward[one], backward[other], rtol=1e-2, atol=1e-2)


@given(PICTURES)
def test_a_still_picture_does_not_move(a: np.ndarray) -> None:
    assert not motion_energy(a, a).any()
    assert not directed_motion(a, a).any()


@pytest.mark.parametrize("negative", [False, True])
@pytest.mark.parametrize(("dy", "dx", "wanted"), [(-1, 0, UP), (1, 0, DOWN), (0, -1, LEFT), (0, 1, RIGHT)])
def test_direction_is_that_of_the_movement_whatever_is_brighter(
    dy: int, dx: int, wanted: slice, negative: bool
) -> None:
    field = 255 - cloud() if negative else cloud()
    before, now = field[16:80, 16:80], field[16 - dy : 80 - dy, 16 - dx : 80 - dx]
    found = directed_motion(before, now)
    totals = {way.start: float(found[way][-1]) for way in (UP, DOWN, LEFT, RIGHT)}
    opposite = {0: 33, 33: 0, 66: 99, 99: 66}[wanted.start]
    assert max(totals, key=lambda way: totals[way]) == wanted.start
    assert totals[wanted.start] > 5 * totals[opposite]


def test_blocks_lie_where_the_movement_is() -> None:
    before, now = np.zeros((2, 64, 64), np.float32)
    now[:8, -8:] = 100
    energy = motion_energy(before, now)
    assert energy[:64].reshape(8, 8).argmax() == 7
    assert energy[64] == energy[7]  # sorted, the largest first
    assert energy[-1] == pytest.approx(np.log1p(100 / 64), rel=1e-2)
