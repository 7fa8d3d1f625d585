"""Rows of hand-made annotations: problems with some of them are reported once; if all are wrong, the file is
refused.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from bineego import segments
from bineego.errors import InputInvalid
from bineego.formats.annotations import NotPredictions

log = logging.getLogger(__name__)


@dataclass(kw_only=True, eq=False)
class RowCollector:
    """Segments collected from one file, and the rows that had to be left out.

    Attributes:
        path: the file.
        videos, labels, starts, ends: the segments so far.
        scores: their scores; None where a segment has none.
        problems: one text for each row that was skipped.
    """

    path: Path
    videos: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)
    scores: list[float | None] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def add(self, video: str, labels: Sequence[str], times: tuple[float, float], score: float | None = None) -> None:
        """One segment for each label."""
        for label in labels:
            self.videos.append(video)
            self.labels.append(label)
            self.starts.append(times[0])
            self.ends.append(times[1])
            self.scores.append(score)

    def skip(self, row: str, problem: str) -> None:
        """Leave a row out."""
        self.problems.append(f"row {row!r}: {problem}")

    def table(self) -> pd.DataFrame:
        """The segments table, in file order.

        Raises:
            InputInvalid: there were rows, and none could be used.
        """
        if self.problems and not self.labels:
            raise InputInvalid(f"no row can be used; {self.problems[0]}", where=self.path)
        if self.problems:
            more = f" (and {len(self.problems) - 1} more)" if len(self.problems) > 1 else ""
            log.warning("%s: skipped %s%s", self.path, self.problems[0], more)
        return segments.make(self.videos, self.labels, self.starts, self.ends)

    def scored_table(self) -> pd.DataFrame:
        """The segments table with scores, in file order.

        Raises:
            NotPredictions: a segment has none.
        """
        table = self.table()
        if None in self.scores:
            row = self.scores.index(None)
            raise NotPredictions(
                "these are annotations, not predictions: no score",
                where=f"{self.path}, {self.labels[row]!r} at {self.starts[row]:g} s of {self.videos[row]!r}",
            )
        return table.assign(**{segments.SCORE: np.array(self.scores, np.float64)})
