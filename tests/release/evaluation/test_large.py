"""What only large inputs show: work per row, long chains, many segments in one group."""

from __future__ import annotations

import numpy as np
import pytest

from bineego import segments
from bineego.evaluation import evaluate, pairs
from bineego.evaluation.bootstrap import resampled_ap
from bineego.evaluation.matching import match
from bineego.evaluation.scoring_table import arrange


def table(rows: int, seed: int = 0):
    rng = np.random.default_rng(seed)
    videos = np.array([f"v{i}" for i in range(rows // 100)], object)
    labels = np.array([f"c{i}" for i in range(200)], object)
    aim = np.sort(rng.integers(len(videos) * 2, size=rows))
    start = np.arange(len(videos) * 2) * 7.0 % 100
    truth = segments.make(np.repeat(videos, 2), labels[np.arange(len(start)) % 200], start, start + 10)
    near = start[aim] + rng.normal(0, 2, rows)
    return truth, segments.make(videos[aim // 2], labels[aim % 200], near, near + 10, rng.permutation(rows) / rows)


def test_pairs_compared_per_row_do_not_grow(monkeypatch: pytest.MonkeyPatch):
    compared = []

    def counted(*args):
        result = segments.tiou(*args)
        compared.append(result.size)
        return result

    monkeypatch.setattr(pairs, "tiou", counted)
    per_row = {}
    for rows in (20_000, 400_000):
        compared.clear()
        evaluate(*table(rows))
        per_row[rows] = sum(compared) / rows
    assert per_row[400_000] == pytest.approx(per_row[20_000], rel=0.05)


def test_a_chain_as_long_as_the_data():
    n = 3000
    truth = segments.make(["v"] * n, ["a"] * n, np.zeros(n), 100 + np.arange(n) / 1e5)
    found = segments.make(["v"] * n, ["a"] * n, np.zeros(n), np.full(n, 100), np.arange(n))
    assert evaluate(truth, found, tiou=0.5).final == 1.0


def test_agrees_with_the_slow_rule_on_crowded_videos():
    rng = np.random.default_rng(1)
    n_truth, n_found = 150, 1500
    start, first = rng.random(n_truth) * 50, rng.random(n_found) * 50
    truth = segments.make(["v"] * n_truth, ["a"] * n_truth, start, start + 5 + rng.random(n_truth) * 20)
    found = segments.make(
        ["v"] * n_found, ["a"] * n_found, first, first + 5 + rng.random(n_found) * 20, rng.permutation(n_found)
    )
    arranged = arrange(truth, found)
    for threshold, hits in zip((0.3, 0.5, 0.75, 0.95), match(arranged, (0.3, 0.5, 0.75, 0.95)), strict=True):
        free, expected = set(range(n_truth)), {}
        rows, of = arranged.predictions, arranged.truth
        for p in range(n_found):
            best = None
            for g in sorted(free):
                shared = min(rows.end[p], of.end[g]) - max(rows.start[p], of.start[g])
                if shared <= 0:
                    continue
                tiou = shared / ((of.end[g] - of.start[g]) + (rows.end[p] - rows.start[p]) - shared)
                if tiou >= threshold and (best is None or tiou >= best[0]):
                    best = (tiou, g)
            if best:
                free.remove(best[1])
                expected[p] = best[1]
        assert dict(zip(hits.prediction.tolist(), hits.truth.tolist(), strict=True)) == expected


def test_bootstrap_of_many_rows():
    truth, found = table(500_000)
    arranged = arrange(truth, found)
    hits = match(arranged, (0.5, 0.75, 0.95))
    ap = resampled_ap(arranged, hits, np.ones((100, len(arranged.videos)), np.int32))
    assert ap[:, 0].mean(axis=1) == pytest.approx(evaluate(truth, found).mAP)
