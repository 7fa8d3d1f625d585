"""The likeliest sequence of classes over the cells of a track, by exact dynamic programming.

A path of classes c_i over cells of width w_i scores

    sum_i (w_i / s) * log p_i(c_i)  -  sum_i w_i / dwell(c_i)  -  sum over switches of [ leave(class left) - gain ]

where s is the length of video that counts as one independent observation, p_i are the class probabilities of cell i,
the second term is the log-probability of staying (a stay of mean length `dwell` ends at a constant rate), and
leave(c) = log(C) - log(1 - exp(-s / dwell(c))): somewhere within s the stay ends, and any of the C other classes
follows. All of it is proportional to cell length, so cutting a cell in two changes nothing: fused and overlapping grids
decode as plain ones do. `gain` is what a boundary channel says of the edge that is crossed (`boundaries.switch_gains`).
"""

from __future__ import annotations

import numpy as np

from bineego.types import Bools, Floats, Ints


def leave_costs(dwell: Floats, independent_seconds: float, n_others: int) -> Floats:
    """Cost of leaving each class; `dwell` has any shape, seconds."""
    cost: Floats = np.log(max(n_others, 1)) - np.log(-np.expm1(-independent_seconds / dwell))
    return cost


def decode_path(
    log_probs: Floats, widths: Floats, dwell: Floats, independent_seconds: float, gains: Floats | None = None
) -> Ints:
    """Best class (N,) of every cell, the classes excluding each other. O(N K).

    Args:
        log_probs: log-probabilities (N, K), finite.
        widths: cell widths (N,), seconds.
        dwell: mean length (K,) of a stay in each class, seconds.
        independent_seconds: length of video that counts as one independent observation; a row of log-probabilities
            weighs width / independent_seconds of one.
        gains: log-odds (N,) added to a switch into each cell (the first has no part); None = 0.

    "Switch to best": the cost of leaving depends on the class left alone, so one best predecessor serves all classes
    but itself. That one would only switch where the gain is above its cost of leaving; then it comes from the second
    best. Of equally good paths the one is taken that switches late and to the lower class.
    """
    n, n_classes = log_probs.shape
    path = np.zeros(n, np.int64)
    if n == 0:
        return path
    worth = widths[:, None] * (log_probs / independent_seconds - 1.0 / dwell)
    leave = leave_costs(dwell, independent_seconds, n_classes - 1)
    extra = [0.0] * n if gains is None else gains.tolist()
    switched = np.zeros((n, n_classes), bool)  # into which classes the best way is a switch, and from which one
    source, second = np.zeros(n, np.int64), np.zeros(n, np.int64)
    best, left = worth[0].copy(), np.empty(n_classes)
    for i in range(1, n):
        np.subtract(best, leave, out=left)
        source[i] = k = left.argmax()
        arriving, own = left[k] + extra[i], best[k]
        np.less(best, arriving, out=switched[i])
        np.maximum(best, arriving, out=best)
        if switched[i, k]:
            left[k] = -np.inf
            second[i] = left.argmax()
            switched[i, k] = left[second[i]] + extra[i] > own
            best[k] = max(left[second[i]] + extra[i], own)
        best += worth[i]
    here = path[-1] = best.argmax()
    for i in range(n - 1, 0, -1):
        if switched[i, here]:
            here = second[i] if here == source[i] else source[i]
        path[i - 1] = here
    return path


def decode_each(
    on: Floats,
    off: Floats,
    widths: Floats,
    dwell: Floats,
    independent_seconds: float,
    gains: Floats | None = None,
) -> Bools:
    """Whether each class is on (N, C), every class decoded by itself as two states of equal mean stay.

    Args:
        on, off: log-probabilities (N, C) that the class is there, and that it is not.
        gains: log-odds, (N, C) or (N, 1), added to a switch into each cell; None = 0.
        widths, dwell, independent_seconds: see `decode_path`; dwell is (C,).
    """
    active = np.zeros(on.shape, bool)
    if len(on) == 0:
        return active
    leave = leave_costs(dwell, independent_seconds, 1)
    costs = np.broadcast_to(leave, on.shape) if gains is None else leave - gains
    on_worth, off_worth = (widths[:, None] * (logs / independent_seconds - 1.0 / dwell) for logs in (on, off))
    came_on, went_off = np.zeros(on.shape, bool), np.zeros(on.shape, bool)
    best_on, best_off = on_worth[0], off_worth[0]
    for i in range(1, len(on)):
        came_on[i] = best_off - costs[i] > best_on
        went_off[i] = best_on - costs[i] > best_off
        best_on, best_off = (
            np.maximum(best_on, best_off - costs[i]) + on_worth[i],
            np.maximum(best_off, best_on - costs[i]) + off_worth[i],
        )
    active[-1] = best_on > best_off
    for i in range(len(on) - 1, 0, -1):
        active[i - 1] = np.where(active[i], ~came_on[i], went_off[i])
    return active
