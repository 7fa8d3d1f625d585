"""Fragments of one model joined before fusing: a decoder without memory breaks one action into several."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bineego import segments

TOLERANCE = 1e-6
"""Seconds. Gaps are differences of float64 times: 0.3 - 0.1 is a gap of 0.2."""


def bridge(table: pd.DataFrame, gap: float) -> pd.DataFrame:
    """Segments of one video and label with at most `gap` seconds between them as one, with the largest score.

    Overlapping ones are joined as well. Rows with end <= start are left as they are, for the fusing to report.
    The result is ordered by video, label and start; with `gap` 0 the table itself is returned.
    """
    if gap <= 0 or len(table) == 0:
        return table
    bad = segments.degenerate(table)
    rest = table[~bad].sort_values(["video_id", "label", "start", "end"], kind="stable", ignore_index=True)
    pair = rest.groupby(["video_id", "label"], sort=False)
    number = pair.ngroup()
    reach = pair["end"].cummax()
    joined = (number == number.shift()) & (rest["start"] - reach.shift() <= gap + TOLERANCE)
    run = np.cumsum(~joined.to_numpy())
    columns = {"video_id": "first", "label": "first", "start": "first", "end": "max", "score": "max"}
    whole = rest.groupby(run, sort=True).agg(columns)
    return segments.concat([whole, table[bad]], scored=True)
