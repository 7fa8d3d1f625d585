from __future__ import annotations

import numpy as np

from bineego import segments
from bineego.evaluation.confusion import confusion

NUMBER = {"a": 0, "b": 1}


def test_by_hand() -> None:
    truth = segments.make(["v"] * 4, ["a", "a", "b", "b"], [0, 10, 20, 30], [5, 15, 25, 35])
    found = segments.make(
        ["v"] * 6,
        ["a", "b", "b", "a", "a", "b"],
        [0, 10, 20, 50, 0, 30],
        [5, 15, 25, 55, 5, 35],
        [0.9, 0.8, 0.7, 0.6, 0.5, 0.4],  # the last two are more than there are segments
    )
    assert confusion(truth, found, NUMBER, 0.5).tolist() == [[1, 1, 0], [0, 1, 1], [1, 0, 0]]


def test_every_segment_stands_in_its_row_once() -> None:
    rng = np.random.default_rng(0)
    n = 200
    start = rng.uniform(0, 100, n)
    videos = rng.choice(["u", "v", "w"], n)
    truth = segments.make(videos, rng.choice(["a", "b"], n), start, start + 5)
    found = segments.make(videos, rng.choice(["a", "b"], n), start + 1, start + 6, rng.random(n))
    counts = confusion(truth, found, NUMBER, 0.3)
    assert counts[:2].sum(axis=1).tolist() == [int((truth["label"] == name).sum()) for name in "ab"]
    assert counts[:, :2].sum() == n
