from __future__ import annotations

import logging

import numpy as np
import pytest

from bineego.postprocess.calibration import (
    MAX_TEMPERATURE,
    MIN_INTERVALS,
    MIN_TEMPERATURE,
    expected_calibration_error,
    fit_temperature,
)
from bineego.tracks import Activation


def sampled(n: int, scale: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are `scale` times too large, and labels drawn from the true probabilities."""
    rng = np.random.default_rng(seed)
    z = rng.normal(0, 1.5, (n, 5))
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    labels = (rng.random((n, 1)) > p.cumsum(axis=1)).sum(axis=1)
    return z * scale, labels


def softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("scale", [0.4, 1.0, 3.0])
def test_finds_the_temperature_and_lowers_the_error(scale: float) -> None:
    logits, labels = sampled(20_000, scale)
    temperature = fit_temperature(logits, labels)
    assert temperature == pytest.approx(scale, rel=0.05)
    after = expected_calibration_error(softmax(logits / temperature), labels)
    assert after < 0.02
    if scale != 1.0:
        assert expected_calibration_error(softmax(logits), labels) > 3 * after


def test_sigmoid() -> None:
    rng = np.random.default_rng(1)
    z = rng.normal(0, 2, (8000, 3))
    targets = (rng.random(z.shape) < 1 / (1 + np.exp(-z))).astype(np.float32)
    assert fit_temperature(z * 2.5, targets, Activation.SIGMOID) == pytest.approx(2.5, rel=0.05)


@pytest.fixture
def notes(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Messages for the user."""
    caplog.set_level(logging.INFO, "bineego")
    return caplog


@pytest.mark.parametrize(
    ("wrong", "bound", "words"),
    [(0, MIN_TEMPERATURE, "almost no errors"), (MIN_INTERVALS, MAX_TEMPERATURE, "barely better than chance")],
)
def test_only_right_or_only_wrong_answers_stay_within_bounds(
    wrong: int, bound: float, words: str, notes: pytest.LogCaptureFixture
) -> None:
    labels = np.arange(MIN_INTERVALS) % 3
    logits = 4 * np.eye(3)[(labels + (np.arange(MIN_INTERVALS) < wrong)) % 3]
    assert fit_temperature(logits, labels) == pytest.approx(bound, rel=1e-6)
    assert f"limited to {bound:g}" in notes.text
    assert words in notes.text


@pytest.mark.parametrize("activation", list(Activation))
def test_too_few_intervals_leave_it_at_one(activation: Activation, notes: pytest.LogCaptureFixture) -> None:
    logits, labels = sampled(MIN_INTERVALS, 3.0)
    wanted = labels if activation is Activation.SOFTMAX else np.eye(5)[labels]
    assert fit_temperature(logits[1:], wanted[1:], activation) == 1.0
    assert f"{MIN_INTERVALS - 1} held-out intervals, {MIN_INTERVALS} are needed" in notes.text
    assert fit_temperature(logits, wanted, activation) > 1.5


def test_without_rows() -> None:
    assert fit_temperature(np.zeros((0, 3)), np.zeros(0, int)) == 1.0
    assert expected_calibration_error(np.zeros((0, 3)), np.zeros(0, int)) == 0.0


def test_calibration_error_by_hand() -> None:
    # Bin (.8, .8667]: confidence .85 twice, one hit. Bin (.9333, 1]: confidence 1 twice, two hits.
    p = np.array([[0.85, 0.15], [0.85, 0.15], [1.0, 0.0], [0.0, 1.0]])
    assert expected_calibration_error(p, [0, 1, 0, 1]) == pytest.approx(0.5 * 0.35)
