from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from bineego import segments
from bineego.errors import InputInvalid, UsageError
from bineego.evaluation import ceiling, evaluate


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


def test_it_is_no_bound():
    """Labels that cut the speech in two find both drinks; who overlooks the drink inside finds the speech."""
    truth = segments.make(["v"] * 3, ["speaking", "drinking", "drinking"], [0, 4, 20], [10, 6, 22])
    found = segments.make(["v"] * 2, ["speaking", "drinking"], [0, 20], [10, 22], [1.0, 1.0])
    assert ceiling(truth, 0.5)[0].final == 0.5
    assert evaluate(truth, found).final == 0.75


def test_lost_and_overlapped_by_hand():
    """A touch is no overlap; segments of one label do not hide each other; a hidden twin is lost."""
    truth = segments.make(["v"] * 6, ["a", "b", "b", "b", "c", "d"], [0, 2, 3, 10, 10, 20.1], [2, 4, 5, 12, 12, 20.2])
    (found,) = ceiling(truth, 1.0)
    assert found.overlapped == pytest.approx(2 / 6)  # the b and the c at 10-12
    assert found.lost == pytest.approx(2 / 6)  # that c (equal segments: the upper row) and the d


def test_many_segments_take_little_memory():
    rng = np.random.default_rng(0)
    start = rng.random(5000) * 36_000
    labels = [f"c{i}" for i in rng.integers(0, 30, 5000)]
    truth = segments.make(["v"] * 5000, labels, start, start + rng.random(5000) * 10)
    tracemalloc.start()
    ceiling(truth, 0.25)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100e6  # a table of all segments and all segments: 200 MB


def test_a_finer_grid_is_no_worse_on_average():
    rng = np.random.default_rng(0)
    start = np.arange(50) * 20 + rng.random(50)
    truth = segments.make(["v"] * 50, ["a"] * 50, start, start + 1 + rng.random(50) * 10)
    finals = [found.final for found in ceiling(truth, (0.1, 0.5, 2.0))]
    assert finals == sorted(finals, reverse=True)
    assert finals[0] > 0.9 > finals[2]


def test_refused():
    for end in (1e9, 1e6):
        truth = segments.make(["v"], ["a"], [0], [end])
        with pytest.raises(InputInvalid, match=r"video 'v': .*more than 1,000,000\n.*times must be in seconds"):
            ceiling(truth, 0.25)
    with pytest.raises(UsageError):
        ceiling(truth, 0.0)
    with pytest.raises(InputInvalid):
        ceiling(segments.empty(scored=False), 1.0)


def test_degenerate_segments_are_lost_and_counted_once(notes):
    truth = segments.make(["v", "v"], ["a", "a"], [0, 5], [2, 5])
    assert [found.lost for found in ceiling(truth, (0.5, 1.0))] == [0.5, 0.5]
    assert len(notes) == 1
