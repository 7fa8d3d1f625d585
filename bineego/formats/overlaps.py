"""Segments of one label that overlap, where a tool can hold only one at a time."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pandas as pd

from bineego import segments


def joined(table: pd.DataFrame) -> pd.DataFrame:
    """Equal labels of one video that overlap made one, from the first start to the last end; the first row's place.

    Segments that only touch stay two, and so does a moment at the border of another segment; equal moments are one.
    """
    order = np.lexsort((table["end"], table["start"]))
    columns = [table[name].to_numpy() for name in segments.COLUMNS]
    current: dict[tuple[str, str], int] = {}
    start, end = columns[2].copy(), columns[3].copy()
    kept = np.ones(len(table), np.bool_)
    for row in order.tolist():
        key = (columns[0][row], columns[1][row])
        other = current.get(key)
        same = other is not None and start[other] == start[row] and end[other] == end[row]
        if other is None or not (start[row] < end[other] or same):
            current[key] = row
            continue
        end[other] = max(end[other], end[row])
        kept[row] = False
    return table.assign(start=start, end=end)[kept].reset_index(drop=True)


def layers(table: pd.DataFrame, *, by_label: bool) -> list[int]:
    """For each row the number of the layer (0, 1, ...) that it goes to, so that none overlaps another in its layer.

    Args:
        table: the segments of one video.
        by_label: whether only equal labels conflict.
    """
    ends: dict[str, list[float]] = defaultdict(list)
    found = [0] * len(table)
    starts, stops = table["start"].to_numpy(), table["end"].to_numpy()
    names = table["label"].tolist()
    for row in np.lexsort((stops, starts)).tolist():
        busy = ends[names[row] if by_label else ""]
        free = next((k for k, end in enumerate(busy) if end <= starts[row]), None)
        if free is None:
            busy.append(stops[row])
            found[row] = len(busy) - 1
        else:
            busy[free] = stops[row]
            found[row] = free
    return found
