"""What was found in place of what."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from bineego import segments
from bineego.types import Ints


def confusion(truth: pd.DataFrame, predictions: pd.DataFrame, number: Mapping[str, int], tiou: float) -> Ints:
    """Counts (C + 1, C + 1): segments of action i (row) found as action k (column); the last column counts segments
    that were missed, the last row what was found where nothing is.

    Of each video as many predictions count as it has segments, the best first: candidates of low score, which every
    detector adds for recall, would say little. In order of score each takes the free segment, of any action, that it
    overlaps most, if by `tiou` or more.

    Args:
        number: row and column of each of the C actions.
    """
    n = len(number)
    counts = np.zeros((n + 1, n + 1), np.int64)
    found = dict(tuple(predictions.groupby("video_id", sort=False)))
    for video, true in truth.groupby("video_id", sort=False):
        rows = true["label"].map(number).to_numpy(np.int64)
        starts, ends = true["start"].to_numpy(np.float64), true["end"].to_numpy(np.float64)
        free = np.ones(len(true), bool)
        best = found.get(video, predictions.iloc[:0]).sort_values("score", ascending=False, kind="stable")[: len(true)]
        for label, start, end in zip(best["label"], best["start"], best["end"], strict=True):
            overlap = np.where(free, segments.tiou(start, end, starts, ends), -1.0)
            hit = int(overlap.argmax())
            row = n
            if overlap[hit] >= tiou:
                row, free[hit] = rows[hit], False
            counts[row, number[label]] += 1
        np.add.at(counts[:, n], rows[free], 1)
    return counts
