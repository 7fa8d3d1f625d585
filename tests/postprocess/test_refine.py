from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bineego.postprocess.refine import refine_edges


@given(st.floats(1.01, 3.99), st.floats(5.01, 8.99))
def test_exact_when_probabilities_are_shares_of_time(start: float, end: float) -> None:
    """Cells of 0.5 s whose probabilities are the time each class fills: the true bounds come back."""
    edges = np.arange(0, 10.5, 0.5)
    action = np.clip(np.minimum(edges[1:], end) - np.maximum(edges[:-1], start), 0, None) / 0.5
    probabilities = np.stack([1 - action, action], axis=1)
    labels = probabilities.argmax(axis=1)
    refined = refine_edges(labels, probabilities, edges)
    first, last = np.flatnonzero(labels)[[0, -1]]
    assert np.allclose([refined[first], refined[last + 1]], [start, end], atol=1e-9)


@given(st.integers(0, 10_000), st.integers(1, 30))
def test_edges_stay_in_order_and_near(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    edges = np.concatenate([[0], np.cumsum(rng.uniform(0.1, 1.0, n))])
    labels = rng.integers(0, 3, n)
    probabilities = rng.dirichlet(np.full(3, 0.3), size=n)
    refined = refine_edges(labels, probabilities, edges)
    assert (np.diff(refined) > 0).all()
    assert refined[0] == edges[0]
    assert refined[-1] == edges[-1]
    widest = np.diff(edges).max()
    assert np.abs(refined - edges).max() <= widest + 1e-12
    untouched = np.concatenate([[True], labels[1:] == labels[:-1], [True]])
    assert (refined[untouched] == edges[untouched]).all()


def test_certain_cells_keep_the_grid() -> None:
    labels = np.array([0, 1, 1, 2])
    edges = np.arange(5.0)
    assert refine_edges(labels, np.eye(3)[labels], edges).tolist() == edges.tolist()
