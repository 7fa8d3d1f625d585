"""What the boundary channel of a score track says."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bineego.types import Floats


def base_log_odds(log_odds: NDArray[np.floating]) -> Floats:
    """The usual log-odds (B,) of each column of boundary log-odds (N + 1, B): those of its mean probability.

    nan is left out; a column of nothing else has 0.
    """
    known = np.isfinite(log_odds)
    values = np.where(known, log_odds, 0.0).astype(np.float64)
    # By logs, which are exact where all probabilities are close to 0 or to 1.
    on, off = (
        np.logaddexp.reduce(np.where(known, -np.logaddexp(0.0, sign * values), -np.inf), axis=0) for sign in (-1, 1)
    )
    base: Floats = np.subtract(on, off, out=np.zeros(len(on)), where=known.any(axis=0))
    return base
