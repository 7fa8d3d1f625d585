"""Fragments of one model joined before fusing: a decoder without memory breaks one action into several."""

from __future__ import annotations

import pandas as pd

from bineego import segments, spans


def bridge(table: pd.DataFrame, gap: float) -> pd.DataFrame:
    """Segments of one video and label with at most `gap` seconds between them as one, with the largest score.

    Overlapping ones are joined as well. Rows with end <= start are left as they are, for the fusing to report.
    The result is ordered by video, label and start; with `gap` 0 the table itself is returned.
    """
    if gap <= 0 or len(table) == 0:
        return table
    bad = segments.degenerate(table)
    rest = table[~bad]
    group = rest.groupby(list(segments.KEYS), sort=True)
    whole = spans.bridge(spans.make(group.ngroup(), rest["start"], rest["end"], rest["score"]), gap)
    keys = group.size().reset_index().iloc[whole.labels]
    joined = segments.make(keys["video_id"], keys["label"], whole.starts, whole.ends, whole.scores)
    return segments.concat([joined, table[bad]], scored=True)
