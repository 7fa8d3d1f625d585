"""The likeliest sequence of classes over the cells of a track, by exact dynamic programming.

A path of classes c_i over cells of width w_i scores

    sum_i (w_i / t) * evidence_i(c_i)  -  sum_i w_i / dwell(c_i)  -  sum over switches of leave(class left)

where t is the length of video that counts as one independent observation, evidence is the log of the class
probability, the second term is the log-probability of staying (a stay of mean length `dwell` ends at a constant rate),
and leave(c) = log(C) - log(1 - exp(-t / dwell(c))): somewhere within t the stay ends, and any of the C other classes
follows. All of it is proportional to cell length, so cutting a cell in two
changes nothing: fused and overlapping grids decode as plain ones do.
"""

from __future__ import annotations

import numpy as np

from bineego.types import Bools, Floats, Ints


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
        t: seconds of video that count as one independent observation; a row of evidence weighs width / t of one.

    "Switch to best": the cost of leaving depends on the class left alone, so one best predecessor serves all classes.
    Of equally good paths the one is taken that switches late and to the lower class.
    """
    n, n_classes = evidence.shape
    path = np.zeros(n, np.int64)
    if n == 0:
        return path
    gains = widths[:, None] * (evidence / t - 1.0 / dwell)
    leave = leave_costs(dwell, t, n_classes - 1)
    switched = np.zeros((n, n_classes), bool)  # into which classes the best way is a switch, and from which one
    source = np.zeros(n, np.int64)
    best, left = gains[0].copy(), np.empty(n_classes)
    for i in range(1, n):
        np.subtract(best, leave, out=left)
        source[i] = k = left.argmax()
        np.less(best, left[k], out=switched[i])
        np.maximum(best, left[k], out=best)
        best += gains[i]
    here = path[-1] = best.argmax()
    for i in range(n - 1, 0, -1):
        if switched[i, here]:
            here = source[i]
        path[i - 1] = here
    return path


def decode_each(on: Floats, off: Floats, widths: Floats, dwell: Floats, t: float) -> Bools:
    """Whether each class is on (N, C), every class decoded by itself as two states of equal mean stay.

    Args:
        on, off: log-probabilities (N, C) that the class is there, and that it is not.
        widths, dwell, t: see `decode_path`; dwell is (C,).
    """
    active = np.zeros(on.shape, bool)
    if len(on) == 0:
        return active
    leave = leave_costs(dwell, t, 1)
    on_gains, off_gains = (widths[:, None] * (evidence / t - 1.0 / dwell) for evidence in (on, off))
    came_on, went_off = np.zeros(on.shape, bool), np.zeros(on.shape, bool)
    best_on, best_off = on_gains[0], off_gains[0]
    for i in range(1, len(on)):
        came_on[i] = best_off - leave > best_on
        went_off[i] = best_on - leave > best_off
        best_on, best_off = (
            np.maximum(best_on, best_off - leave) + on_gains[i],
            np.maximum(best_off, best_on - leave) + off_gains[i],
        )
    active[-1] = best_on > best_off
    for i in range(len(on) - 1, 0, -1):
        active[i - 1] = np.where(active[i], ~came_on[i], went_off[i])
    return active
