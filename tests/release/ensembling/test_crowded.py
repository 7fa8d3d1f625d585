"""Groups that are far too large for a rule written as "start again": still minutes at most, and still right."""

from __future__ import annotations

import time

import numpy as np
import pytest

from bineego import segments
from bineego.ensembling import paper


@pytest.mark.parametrize(("length", "iou"), [(3600.0, 0.5), (360.0, 0.5), (20.0, 0.5), (360.0, 0.9), (360.0, 0.0)])
def test_ten_thousand_candidates_of_one_label(length: float, iou: float) -> None:
    draw = np.random.default_rng(0)
    start = draw.uniform(0, length, 10_000)
    end = start + draw.lognormal(1, 1, 10_000)
    begin = time.process_time()
    start, end, _, alive = paper.merge(np.zeros(10_000, np.int64), start, end, draw.random(10_000), iou)
    assert time.process_time() - begin < 60
    left, right = start[alive], end[alive]
    for s, e in zip(left, right, strict=True):
        assert (segments.tiou(s, e, left, right) > iou).sum() == (1 if iou < 1 else 0)


def test_doubling_the_rows_costs_no_more_than_it_should() -> None:
    """Same shape, twice the videos: at most 2.3 times the time (the fastest of three, as machines are shared)."""

    def seconds(n_groups: int) -> float:
        draw = np.random.default_rng(1)
        group = np.repeat(np.arange(n_groups), 6)
        start = draw.uniform(0, 20, len(group))
        end = start + draw.uniform(1, 10, len(group))
        score = draw.random(len(group))
        times = []
        for _ in range(3):
            begin = time.process_time()
            paper.merge(group, start, end, score, 0.5)
            times.append(time.process_time() - begin)
        return min(times)

    assert seconds(80_000) < 2.3 * seconds(40_000)
