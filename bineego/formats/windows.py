"""The challenge's 10 s windows: both sides cut into pieces, each window a video of its own.

Source: the challenge's Kaggle task: windows from floor(start / 10) * 10 to ceil(end / 10) * 10, pieces shorter than
0.5 s dropped, times rounded to 0.1 s; window id `<video_id>_<start>_<end>`, times stay those of the whole video.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

from bineego import segments
from bineego.errors import InputInvalid

WINDOW = 10  # seconds
LEAST_PIECE = 0.5  # seconds
DECIMALS = 1

MOST_WINDOWS = 1_000_000
"""Of a whole table; more means that its times are not seconds."""

MOST_WINDOWS_A_ROW = 10
"""On average. Counts where it allows more than `MOST_WINDOWS`: a table may have millions of short rows."""


def cut(table: pd.DataFrame) -> pd.DataFrame:
    """The pieces of every segment, in row order, then by time; a row that ends at or before its start has none.

    Raises:
        InputInvalid: so many windows that the times cannot be seconds.
    """
    start, end = table["start"].to_numpy(np.float64), table["end"].to_numpy(np.float64)
    spans = np.where(end > start, np.ceil(end / WINDOW) - np.floor(start / WINDOW), 0.0)
    most = max(MOST_WINDOWS, MOST_WINDOWS_A_ROW * len(table))
    if spans.sum() > most:
        longest = int(spans.argmax())
        raise InputInvalid(
            f"row {longest + 1} of the table lasts {end[longest] - start[longest]:g} s: "
            f"{spans.sum():.3g} windows of {WINDOW} s in all, more than {most:,}",
            where=f"video {table['video_id'].iloc[longest]!r}",
            remedy="times are seconds",
        )
    count = spans.astype(np.int64)
    first = np.where(count > 0, np.floor(start / WINDOW), 0.0).astype(np.int64)
    row = np.repeat(np.arange(len(table)), count)
    window = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count) + first[row]
    low = np.maximum(start[row], window * WINDOW)
    high = np.minimum(end[row], (window + 1) * WINDOW)
    # Differences of float64 times: without rounding, 8.3 - 7.8 would be shorter than half a second.
    kept = np.round(high - low, 9) >= LEAST_PIECE
    row, window, low, high = row[kept], window[kept], low[kept], high[kept]
    names = table["video_id"].to_numpy(object)[row]
    ids = [f"{name}_{w * WINDOW}_{(w + 1) * WINDOW}" for name, w in zip(names, window.tolist(), strict=True)]
    return segments.make(
        np.array(ids, object),
        table["label"].to_numpy(object)[row],
        np.round(low, DECIMALS),
        np.round(high, DECIMALS),
        table[segments.SCORE].to_numpy(np.float64)[row] if segments.SCORE in table else None,
    )


def joined(pieces: pd.DataFrame) -> pd.DataFrame:
    """Whole segments from pieces, the other way round: pieces that meet at the edge of two windows of one video, with
    one label and one score, become one again. Rows by video and time, under the video's own id.

    Args:
        pieces: a table whose `video_id` are window ids, times those of the whole video.
    """
    table = pieces.assign(video_id=[original(window) for window in pieces["video_id"]])
    keys = ["video_id", "label", *((segments.SCORE,) if segments.SCORE in table else ())]
    table = segments.order_by_time(table)
    rows: list[tuple[Any, ...]] = []
    open_rows: dict[tuple[Any, ...], int] = {}
    starts, ends = table["start"].tolist(), table["end"].tolist()
    for key, start, end in zip(table[keys].itertuples(index=False, name=None), starts, ends, strict=True):
        row = open_rows.get((*key, start)) if start % WINDOW == 0 else None
        if row is None:
            rows.append((*key, start, end))
            row = len(rows) - 1
        else:
            del open_rows[(*key, start)]
            rows[row] = (*rows[row][:-1], end)
        if end % WINDOW == 0:
            open_rows[(*key, end)] = row
    return pd.DataFrame(rows, columns=[*keys, *segments.TIMES])[list(table.columns)] if rows else table


def original(window_id: str) -> str:
    """The video of a window."""
    return window_id.rsplit("_", 2)[0]


def ids_of(pieces: pd.DataFrame, videos: Collection[str]) -> tuple[str, ...]:
    """The windows among `pieces` that belong to `videos`."""
    known = set(videos)
    return tuple(window for window in dict.fromkeys(pieces["video_id"]) if original(window) in known)
