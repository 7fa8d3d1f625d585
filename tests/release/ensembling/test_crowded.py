"""Groups that are far too large for a rule written as "start again": the work stays bounded, and the result right."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from bineego import segments
from bineego.ensembling import islands, large_islands, paper

CANDIDATES = 10_000


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of pairs that the merge has compared, a figure for each comparison of many."""
    counts: list[int] = []

    def counting(function: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
        def counted(*args: object) -> np.ndarray:
            result = function(*args)
            counts.append(result.size)
            return result

        return counted

    monkeypatch.setattr(paper, "overlap_at", counting(islands.overlap_at))
    monkeypatch.setattr(large_islands.segments, "tiou", counting(segments.tiou))
    return counts


@pytest.mark.parametrize(
    ("length", "iou", "share"),
    [(3600.0, 0.5, 0.01), (360.0, 0.5, 0.08), (20.0, 0.5, 1.0), (360.0, 0.9, 0.04), (360.0, 0.0, 1.5)],
)
def test_ten_thousand_candidates_of_one_label(length: float, iou: float, share: float, compared: list[int]) -> None:
    """At most `share` of all pairs are compared, once each; starting again would take thousands."""
    draw = np.random.default_rng(0)
    start = draw.uniform(0, length, CANDIDATES)
    end = start + draw.lognormal(1, 1, CANDIDATES)
    start, end, _, alive = paper.merge(np.zeros(CANDIDATES, np.int64), start, end, draw.random(CANDIDATES), iou)
    assert sum(compared) < share * CANDIDATES**2
    left, right = start[alive], end[alive]
    for s, e in zip(left, right, strict=True):
        assert (segments.tiou(s, e, left, right) > iou).sum() == 1


def test_twice_the_videos_are_twice_the_work(compared: list[int]) -> None:
    def pairs(n_groups: int) -> int:
        compared.clear()
        draw = np.random.default_rng(1)
        group = np.repeat(np.arange(n_groups), 6)
        start = draw.uniform(0, 20, len(group))
        end = start + draw.uniform(1, 10, len(group))
        paper.merge(group, start, end, draw.random(len(group)), 0.5)
        return sum(compared)

    assert pairs(20_000) < 2.05 * pairs(10_000)
