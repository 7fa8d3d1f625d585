from __future__ import annotations

import numpy as np
import pytest

from bineego import segments
from bineego.errors import InputInvalid, UsageError
from bineego.evaluation import ceiling


def test_on_the_grid_all_can_be_had():
    truth = segments.make(["v", "v", "w"], ["a", "b", "a"], [0, 3, 0.5], [2, 4, 3.5])
    for found in ceiling(truth, (0.25, 0.5)):
        assert (found.final, found.lost, found.overlapped) == (1.0, 0.0, 0.0)
        assert found.recall == (1.0, 1.0, 1.0)


def test_off_the_grid_by_hand():
    """0.3 to 2.8 s, t = 1: the intervals of it are 0..3 (each covered by half or more), tIoU 2.5 / 3 = 0.83."""
    (found,) = ceiling(segments.make(["v"], ["a"], [0.3], [2.8]), 1.0)
    assert found.mAP == (1.0, 1.0, 0.0)
    assert found.lost == 0.0


def test_too_short_is_lost():
    truth = segments.make(["v", "v"], ["a", "b"], [0, 3.1], [2, 3.4])
    half, whole = ceiling(truth, (0.5, 1.0))
    assert half.lost == 0.0
    assert whole.lost == 0.5
    assert whole.mAP == (0.5, 0.5, 0.5)
    assert whole.to_json()["t"] == 1.0


def test_actions_at_the_same_time_overlap():
    """A drink inside a speech splits the speech in two."""
    truth = segments.make(["v", "v", "w"], ["speaking", "drinking", "drinking"], [0, 4, 20], [10, 6, 22])
    (found,) = ceiling(truth, 0.5)
    assert found.overlapped == pytest.approx(2 / 3)
    assert found.lost == 0.0
    assert found.recall == pytest.approx((2 / 3,) * 3)  # 4 of 10 s and 4 of 10 s: no half of the speech


def test_a_finer_grid_is_no_worse_on_average():
    rng = np.random.default_rng(0)
    start = np.arange(50) * 20 + rng.random(50)
    truth = segments.make(["v"] * 50, ["a"] * 50, start, start + 1 + rng.random(50) * 10)
    finals = [found.final for found in ceiling(truth, (0.1, 0.5, 2.0))]
    assert finals == sorted(finals, reverse=True)
    assert finals[0] > 0.9 > finals[2]


def test_refused():
    truth = segments.make(["v"], ["a"], [0], [1e9])
    with pytest.raises(InputInvalid, match="1e\\+09"):
        ceiling(truth, 0.25)
    with pytest.raises(UsageError):
        ceiling(truth, 0.0)
    with pytest.raises(InputInvalid):
        ceiling(segments.empty(scored=False), 1.0)


def test_degenerate_segments_are_lost_and_counted_once(notes):
    truth = segments.make(["v", "v"], ["a", "a"], [0, 5], [2, 5])
    assert [found.lost for found in ceiling(truth, (0.5, 1.0))] == [0.5, 0.5]
    assert len(notes) == 1
