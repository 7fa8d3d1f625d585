"""Probabilities that mean what they say.

Guo, Pleiss, Sun, Weinberger: On calibration of modern neural networks, ICML 2017 (temperature scaling, expected
calibration error). Over-confident probabilities cost the decoder 0.1 to 0.3 mAP (docs/facts.md).
"""

from __future__ import annotations

import logging

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bineego.tracks import Activation
from bineego.types import Floats

log = logging.getLogger(__name__)

MIN_TEMPERATURE, MAX_TEMPERATURE = 0.2, 5.0
"""Our choice, well beyond what a network that has learnt something needs. Where labels ask for more, they say that it
knows nothing, or that it made no error yet, and the likelihood would rise without limit."""

MIN_INTERVALS = 100
"""Fewer say too little. Neighbours are alike: a hundred intervals of actions four intervals long are 25 witnesses, with
which nine fits of ten are right within a factor of 1.5 (simulation); with 32 it is 2.5, and with 16 anything."""

AT_BOUND = 1e-3  # relative; a search that ends so close to a bound was stopped by it

_STEPS = 60  # golden sections: the bracket shrinks by 0.618 each, to far below any meaning


def fit_temperature(logits: ArrayLike, labels: ArrayLike, activation: Activation = Activation.SOFTMAX) -> float:
    """The temperature under which the true labels are likeliest.

    The negative log-likelihood is convex in 1 / T, so a one-dimensional search finds the minimum; it is kept within
    `MIN_TEMPERATURE` and `MAX_TEMPERATURE`, which data without (or with only) errors would leave. With fewer than
    `MIN_INTERVALS` rows the answer is 1. Both are logged.

    Args:
        logits: (N, C + 1), of intervals the network was not trained on.
        labels: class ids (N,) under softmax; 0/1 targets (N, C + 1) under sigmoid.
    """
    z, y = np.asarray(logits, np.float64), np.asarray(labels)
    if len(z) < MIN_INTERVALS:
        log.info("temperature not fitted: %d held-out intervals, %d are needed", len(z), MIN_INTERVALS)
        return 1.0
    low, high = 1.0 / MAX_TEMPERATURE, 1.0 / MIN_TEMPERATURE
    ratio = (np.sqrt(5.0) - 1.0) / 2.0
    a, b = high - ratio * (high - low), low + ratio * (high - low)
    at_a, at_b = _loss(z * a, y, activation), _loss(z * b, y, activation)
    for _ in range(_STEPS):
        if at_a <= at_b:
            high, b, at_b = b, a, at_a
            a = high - ratio * (high - low)
            at_a = _loss(z * a, y, activation)
        else:
            low, a, at_a = a, b, at_b
            b = low + ratio * (high - low)
            at_b = _loss(z * b, y, activation)
    temperature = float(2.0 / (low + high))
    for bound, why in ((MIN_TEMPERATURE, "makes almost no errors"), (MAX_TEMPERATURE, "is barely better than chance")):
        if abs(temperature / bound - 1) < AT_BOUND:
            log.warning("temperature limited to %g: the network %s on the held-out intervals", bound, why)
    return temperature


def expected_calibration_error(probabilities: ArrayLike, labels: ArrayLike, bins: int = 15) -> float:
    """Mean distance between confidence and accuracy over equal-width bins of confidence, weighted by their size.

    Args:
        probabilities: (N, K); the largest of a row is its confidence.
        labels: class ids (N,).

    Without rows the answer is 0.
    """
    p, y = np.asarray(probabilities, np.float64), np.asarray(labels, np.int64)
    if len(p) == 0:
        return 0.0
    confidence, hit = p.max(axis=1), p.argmax(axis=1) == y
    # Bins are (low, high], so that certainty falls into the last one.
    index = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    distance = np.bincount(index, confidence - hit, minlength=bins)
    return float(np.abs(distance).sum() / len(p))


def _loss(z: Floats, labels: NDArray[np.generic], activation: Activation) -> float:
    """Mean negative log-likelihood."""
    if activation is Activation.SIGMOID:
        return float(np.mean(np.logaddexp(0.0, z) - z * labels.astype(np.float64)))
    top = z.max(axis=1, keepdims=True)
    normaliser = np.log(np.exp(z - top).sum(axis=1)) + top[:, 0]
    return float(np.mean(normaliser - z[np.arange(len(z)), labels.astype(np.int64)]))
