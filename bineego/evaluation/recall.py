"""Average recall when each video keeps only its best predictions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bineego.evaluation.ignored import settled
from bineego.evaluation.matching import Hits
from bineego.evaluation.scoring_table import ScoringTable


def recall_at(arranged: ScoringTable, hits: Sequence[Hits], k: int) -> tuple[float, ...]:
    """Share of the ground-truth segments hit at each threshold by the `k` highest scores of each video, all classes
    together (equal scores in file order).

    Lower ranked predictions never take a segment from higher ranked ones, so the matches of all predictions hold.
    """
    return tuple(_recall(*settled(arranged, found), k) for found in hits)


def _recall(arranged: ScoringTable, found: Hits, k: int) -> float:
    rows = arranged.predictions
    order = np.lexsort((rows.row, -arranged.score, rows.video))
    video = rows.video[order]
    first = np.append(True, video[1:] != video[:-1])[: len(video)]
    start = np.maximum.accumulate(np.where(first, np.arange(len(video)), 0))
    place = np.empty(len(video), np.int64)
    place[order] = np.arange(len(video)) - start
    return float((place[found.prediction] < k).sum() / max(1, len(arranged.truth)))
