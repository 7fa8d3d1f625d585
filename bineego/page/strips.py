"""Score tracks as strips of heat."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np

from bineego.tracks import ScoreTrack

STRONG = 0.2
"""Probability from which on an action gets a lane even where no segment is."""


def strips_of(track: ScoreTrack, names: Sequence[str], columns: int) -> dict[str, Any]:
    """The probabilities of a track as bytes: for each of `names` a row of at most `columns`, 255 = 1.

    All columns are equally long; each holds the largest probability of the cells that it touches. `length` is what they
    span, seconds; `strong` are the rows that reach `STRONG`.
    """
    probabilities = track.probabilities()[:, 1:]
    n = min(columns, len(track))
    bounds = np.linspace(0, track.duration, n + 1)
    cells = np.searchsorted(track.edges, bounds[:-1], side="right") - 1
    ends = np.maximum(np.searchsorted(track.edges, bounds[1:], side="left"), cells + 1)
    place = {name: k for k, name in enumerate(names)}
    rows = np.zeros((len(names), n), np.uint8)
    most = np.array([probabilities[first:last].max(axis=0) for first, last in zip(cells, ends, strict=True)])
    for k, action in enumerate(track.actions):
        rows[place[action]] = np.rint(255 * np.clip(most[:, k], 0, 1))
    strong = [place[action] for k, action in enumerate(track.actions) if probabilities[:, k].max() >= STRONG]
    return {
        "classes": len(names),
        "columns": n,
        "length": track.duration,
        "strong": strong,
        "data": base64.b64encode(rows.tobytes()).decode(),
    }
