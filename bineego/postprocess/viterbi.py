"""The likeliest sequence of classes over the cells of a track, by exact dynamic programming.

A path of classes c_i over cells of width w_i scores

    sum_i (w_i / t) * evidence_i(c_i)  -  sum_i w_i / dwell(c_i)  -  sum over switches of leave(class left)

where evidence is the log of the class probability, the second term is the log-probability of staying (a stay of mean
length `dwell` ends at a constant rate), and leave(c) = log(C) - log(1 - exp(-t / dwell(c))): somewhere within t the
stay ends, and any of the C other classes follows. All of it is proportional to cell length, so cutting a cell in two
changes nothing: fused and overlapping grids decode as plain ones do.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def leave_costs(dwell: Floats, t: float, n_others: int) -> Floats:
    """Cost of leaving each class; `dwell` has any shape, seconds."""
    cost: Floats = np.log(max(n_others, 1)) - np.log(-np.expm1(-t / dwell))
    return cost


def decode_path(evidence: Floats, widths: Floats, dwell: Floats, t: float) -> Ints:
    """Best class (N,) of every cell, the classes excluding each other. O(N K).

    Args:
        evidence: log-probabilities (N, K), finite.
        widths: cell widths (N,), seconds.
        dwell: mean length (K,) of a stay in each class, seconds.
        t: the interval length that one row of evidence stands for, seconds.

    Of equally good paths the one is taken that switches late and to the lower class.
    """
    n_classes = evidence.shape[1]
    leave = leave_costs(dwell, t, n_classes - 1)
    return _solve(_gains(evidence, widths, dwell, t)[:, None, :], leave[None])[:, 0]


def decode_each(on: Floats, off: Floats, widths: Floats, dwell: Floats, t: float) -> NDArray[np.bool_]:
    """Whether each class is on (N, C), every class decoded by itself as two states of equal mean stay.

    Args:
        on, off: log-probabilities (N, C) that the class is there, and that it is not.
        widths, dwell, t: see `decode_path`; dwell is (C,).
    """
    stay = np.stack([dwell, dwell], axis=-1)
    states = _gains(np.stack([off, on], axis=-1), widths, stay, t)
    active: NDArray[np.bool_] = _solve(states, leave_costs(stay, t, 1)).astype(bool)
    return active


def _gains(evidence: Floats, widths: Floats, dwell: Floats, t: float) -> Floats:
    width = widths.reshape(-1, *([1] * (evidence.ndim - 1)))
    gains: Floats = width * (evidence / t - 1.0 / dwell)
    return gains


def _solve(gains_NGK: Floats, leave_GK: Floats) -> Ints:
    """Best states (N, G) of G independent chains of K states each.

    "Switch to best": the cost of leaving depends on the class left alone, so one best predecessor serves all classes.
    """
    n, n_chains, n_states = gains_NGK.shape
    if n == 0:
        return np.zeros((0, n_chains), np.int64)
    chain = np.arange(n_chains)
    came_from_NG = np.zeros((n, n_chains), np.int64)  # the predecessor of those states that were switched to
    switched_NGK = np.zeros((n, n_chains, n_states), bool)
    best_GK = gains_NGK[0]
    for i in range(1, n):
        left_GK = best_GK - leave_GK
        source_G = left_GK.argmax(axis=1)
        switch_G1 = left_GK[chain, source_G][:, None]
        np.greater(switch_G1, best_GK, out=switched_NGK[i])
        came_from_NG[i] = source_G
        best_GK = np.maximum(best_GK, switch_G1) + gains_NGK[i]
    path_NG = np.empty((n, n_chains), np.int64)
    path_NG[-1] = best_GK.argmax(axis=1)
    for i in range(n - 1, 0, -1):
        here_G = path_NG[i]
        path_NG[i - 1] = np.where(switched_NGK[i, chain, here_G], came_from_NG[i], here_G)
    return path_NG
