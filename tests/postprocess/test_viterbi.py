from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bineego.postprocess.viterbi import decode_each, decode_path, leave_costs


def path_score(
    path: tuple[int, ...],
    log_probs: np.ndarray,
    widths: np.ndarray,
    dwell: np.ndarray,
    t: float,
    gains: np.ndarray | None = None,
) -> float:
    """The objective, written from the docstring."""
    n_others = log_probs.shape[1] - 1
    total = 0.0
    for i, c in enumerate(path):
        total += widths[i] / t * log_probs[i, c] - widths[i] / dwell[c]
        if i and path[i - 1] != c:
            left = path[i - 1]
            total -= np.log(n_others) - np.log(1 - np.exp(-t / dwell[left]))
            total += 0.0 if gains is None else gains[i]
    return total


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(2, 4))
def test_equals_brute_force(seed: int, n: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    log_probs = np.log(rng.dirichlet(np.full(k, 0.4), size=n) + 1e-3)
    widths, dwell, t = rng.uniform(0.1, 1.0, n), rng.uniform(0.3, 8.0, k), 0.5
    found = path_score(tuple(decode_path(log_probs, widths, dwell, t)), log_probs, widths, dwell, t)
    best = max(path_score(path, log_probs, widths, dwell, t) for path in itertools.product(range(k), repeat=n))
    assert np.isclose(found, best, rtol=0, atol=1e-9)


@settings(max_examples=100)
@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(2, 4), st.floats(0.1, 8))
def test_with_boundaries_it_equals_brute_force(seed: int, n: int, k: int, strength: float) -> None:
    rng = np.random.default_rng(seed)
    log_probs = np.log(rng.dirichlet(np.full(k, 0.4), size=n) + 1e-3)
    widths, dwell, t = rng.uniform(0.1, 1.0, n), rng.uniform(0.3, 8.0, k), 0.5
    gains = rng.normal(0, strength, n)  # strong ones make it worth while to switch whatever the classes
    path = tuple(decode_path(log_probs, widths, dwell, t, gains))
    every = itertools.product(range(k), repeat=n)
    best = max(path_score(other, log_probs, widths, dwell, t, gains) for other in every)
    assert np.isclose(path_score(path, log_probs, widths, dwell, t, gains), best, rtol=0, atol=1e-9)


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.booleans())
def test_classes_by_themselves_with_boundaries_equal_brute_force(seed: int, shared: bool) -> None:
    rng = np.random.default_rng(seed)
    n, k, t = 5, 3, 0.5
    p = rng.uniform(0.01, 0.99, (n, k))
    widths, dwell, gains = rng.uniform(0.1, 1.0, n), rng.uniform(0.3, 8.0, k), rng.normal(0, 3, (n, 1 if shared else k))
    active = decode_each(np.log(p), np.log(1 - p), widths, dwell, t, gains)
    for c in range(k):
        own, stay = np.log(np.stack([1 - p[:, c], p[:, c]], axis=1)), np.full(2, dwell[c])
        gain = gains[:, 0 if shared else c]
        found = path_score(tuple(active[:, c].astype(int)), own, widths, stay, t, gain)
        best = max(path_score(path, own, widths, stay, t, gain) for path in itertools.product(range(2), repeat=n))
        assert np.isclose(found, best, rtol=0, atol=1e-9)


@settings(max_examples=30)
@given(st.integers(0, 10_000))
def test_classes_by_themselves_equal_brute_force(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, k, t = 5, 3, 0.5
    p = rng.uniform(0.01, 0.99, (n, k))
    widths, dwell = rng.uniform(0.1, 1.0, n), rng.uniform(0.3, 8.0, k)
    active = decode_each(np.log(p), np.log(1 - p), widths, dwell, t)
    for c in range(k):
        log_probs, stay = np.log(np.stack([1 - p[:, c], p[:, c]], axis=1)), np.full(2, dwell[c])
        found = path_score(tuple(active[:, c].astype(int)), log_probs, widths, stay, t)
        best = max(path_score(path, log_probs, widths, stay, t) for path in itertools.product(range(2), repeat=n))
        assert np.isclose(found, best, rtol=0, atol=1e-9)


@given(st.integers(0, 10_000), st.integers(2, 5))
def test_cutting_cells_changes_nothing(seed: int, parts: int) -> None:
    rng = np.random.default_rng(seed)
    log_probs = np.log(rng.dirichlet(np.full(4, 0.4), size=30) + 1e-3)
    dwell = np.full(4, 5.0)
    whole = decode_path(log_probs, np.full(30, 0.5), dwell, 0.5)
    cut = decode_path(np.repeat(log_probs, parts, axis=0), np.full(30 * parts, 0.5 / parts), dwell, 0.5)
    assert cut.tolist() == np.repeat(whole, parts).tolist()


def test_short_flicker_is_smoothed_and_long_changes_stay() -> None:
    p = np.full((40, 3), 0.1)
    p[:20, 1] = p[20:, 2] = 0.8
    p[8] = [0.1, 0.3, 0.6]  # one cell of doubt
    path = decode_path(np.log(p), np.full(40, 0.5), np.full(3, 10.0), 0.5)
    assert path.tolist() == [1] * 20 + [2] * 20


def test_leaving_costs_more_where_stays_are_long() -> None:
    cost = leave_costs(np.array([1.0, 10.0, 100.0]), 0.5, 3)
    assert (np.diff(cost) > 0).all()
    assert (cost > 0).all()


def test_empty_track() -> None:
    assert decode_path(np.zeros((0, 3)), np.zeros(0), np.ones(3), 0.5).shape == (0,)


@pytest.mark.parametrize("p", [0.9, 0.2])
def test_a_single_cell_goes_by_itself(p: float) -> None:
    on, off = np.log([[p]]), np.log([[1 - p]])
    assert decode_each(on, off, np.ones(1), np.array([5.0]), 1.0).tolist() == [[p > 0.5]]
