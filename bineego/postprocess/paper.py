"""The paper's decoder: the likeliest class of each whole interval. Source: report, section 3.2.

Its runs of one class are the segments (`spans.merge_runs`).
"""

from __future__ import annotations

import numpy as np

from bineego.grid import EPSILON, n_whole
from bineego.tracks import ScoreTrack
from bineego.types import Floats, Ints


def whole_cells(track: ScoreTrack) -> int:
    """Number of cells that `paper` uses: the floor(L / t) whole intervals of a plain grid (its shorter tail is
    dropped); all cells of a finer or fused grid.
    """
    widths = np.diff(track.edges)
    plain = bool((np.abs(widths[:-1] - track.t) <= EPSILON * track.t).all())
    return min(len(track), n_whole(track.duration, track.t)) if plain else len(track)


def likeliest(weighted: Floats) -> Ints:
    """Class id (N,) of every cell from class weights (N, C + 1); the background competes, and wins ties."""
    labels: Ints = weighted.argmax(axis=1).astype(np.int64)
    return labels
