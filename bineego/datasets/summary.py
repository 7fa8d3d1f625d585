"""What a data set teaches, in numbers: its classes, and which of them the intervals of a length name."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from bineego import segments
from bineego.datasets.recording import Dataset, Recording
from bineego.grid import interval_edges, interval_labels, n_whole
from bineego.types import Ints
from bineego.words import many

log = logging.getLogger(__name__)

MOST_TOLD = 12
"""Classes in one line."""


@dataclass(frozen=True, kw_only=True)
class ClassCount:
    """One action: number of segments, of videos with some, and seconds in all, of the median and shortest segment."""

    label: str
    segments: int
    videos: int
    total: float
    median: float
    shortest: float

    def to_json(self) -> dict[str, Any]:
        return {
            "label": self.label, "segments": self.segments, "videos": self.videos, "total_seconds": self.total,
            "median_seconds": self.median, "shortest_seconds": self.shortest,
        }  # fmt: skip


def class_counts(table: pd.DataFrame) -> list[ClassCount]:
    """The actions of a segments table, by name."""
    lengths = (table["end"] - table["start"]).clip(lower=0)
    return [
        ClassCount(
            label=str(label), segments=len(rows), videos=int(table["video_id"].iloc[rows].nunique()),
            total=float(lengths.iloc[rows].sum()), median=float(lengths.iloc[rows].median()),
            shortest=float(lengths.iloc[rows].min()),
        )
        for label, rows in sorted(table.groupby("label", sort=False).indices.items())
    ]  # fmt: skip


def table_of(recordings: Iterable[Recording]) -> pd.DataFrame:
    """All annotated segments of some recordings."""
    return segments.concat([r.segments for r in recordings if r.segments is not None], scored=False)


def tell(recordings: Iterable[Recording], what: str) -> None:
    """Say in one line which actions there are, and how many of each."""
    counts = class_counts(table_of(recordings))
    if counts:
        shown = ", ".join(f"{c.label} {c.segments} ({c.total:.1f} s)" for c in counts[:MOST_TOLD])
        log.info("%s in %s: %s%s", many(len(counts), "action"), what, shown, ", ..." if len(counts) > MOST_TOLD else "")


def taught(recordings: Iterable[Recording], lengths: Mapping[str, float], t: float) -> dict[str, int]:
    """How many intervals of `t` seconds each action names, under the rule of training.

    Args:
        recordings: annotated ones.
        lengths: seconds, by recording; those without one end with their last segment.
        t: interval length.
    """
    counts: dict[str, int] = {}
    for recording in recordings:
        table = recording.segments
        if table is None:
            continue
        table = table[~segments.degenerate(table)]
        labels = sorted(table["label"].unique())
        counts |= {label: counts.get(label, 0) for label in labels}
        length = lengths.get(recording.recording_id) or float(table["end"].max() if len(table) else 0.0)
        named = np.bincount(_named(table, labels, length, t), minlength=len(labels) + 1)
        for label, n in zip(labels, named[1:].tolist(), strict=True):
            counts[label] += n
    return counts


def _named(table: pd.DataFrame, labels: Sequence[str], length: float, t: float) -> Ints:
    edges = interval_edges(length, t)
    n = max(min(1, len(edges) - 1), n_whole(length, t))
    numbers = {label: i for i, label in enumerate(labels, start=1)}
    ids = [numbers[label] for label in table["label"]]
    return interval_labels(
        edges[:n], edges[1 : n + 1], table["start"].to_numpy(np.float64), table["end"].to_numpy(np.float64), ids
    )


def near_equal(names: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of names that differ only in case, or in blanks, hyphens and underscores."""
    pairs: list[tuple[str, str]] = []
    seen: dict[str, str] = {}
    for name in names:
        key = "".join(name.casefold().replace("_", " ").replace("-", " ").split())
        if key in seen:
            pairs.append((seen[key], name))
        else:
            seen[key] = name
    return pairs


def with_moments(dataset: Dataset, tolerance: float) -> Dataset:
    """The data set with its moments (segments without length) `2 * tolerance` seconds long, from 0 on."""
    if not tolerance:
        return dataset

    def longer(table: pd.DataFrame | None) -> pd.DataFrame | None:
        if table is None:
            return None
        moments = table["end"] == table["start"]
        return table.assign(
            start=table["start"].where(~moments, (table["start"] - tolerance).clip(lower=0)),
            end=table["end"].where(~moments, table["end"] + tolerance),
        )

    return dataset.with_recordings([replace(r, segments=longer(r.segments)) for r in dataset.recordings])
