from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bineego.training.sampling import UNKNOWN, Sampler, expected_draws, shard

keys = st.lists(st.integers(-1, 4), min_size=1, max_size=60).map(lambda found: np.array(found, np.int64))


def sampler(keys_N: np.ndarray, batch: int = 8, seed: int = 0, **options: float) -> Sampler:
    return Sampler(expected=expected_draws(keys_N, **options), batch_size=batch, seed=seed)


@given(keys, st.integers(1, 12), st.integers(0, 3))
def test_every_interval_once_in_batches_of_one_size(keys_N: np.ndarray, batch: int, epoch: int) -> None:
    batches = sampler(keys_N, batch).batches(epoch)
    assert sorted(draw.sample for part in batches for draw in part) == list(range(len(keys_N)))
    sizes = [len(part) for part in batches]
    assert max(sizes) <= batch
    assert max(sizes) - min(sizes) <= 1
    assert len(batches) == sampler(keys_N, batch).n_steps


@given(keys, st.floats(0, 1), st.one_of(st.none(), st.floats(0, 3)), st.integers(0, 5))
def test_counts_are_the_expected_ones_rounded(
    keys_N: np.ndarray, balance: float, ratio: float | None, seed: int
) -> None:
    s = sampler(keys_N, seed=seed, class_balance=balance, background_ratio=ratio)
    draws = [draw for part in s.batches(0) for draw in part]
    counts = np.bincount([draw.sample for draw in draws], minlength=len(keys_N))
    assert len(draws) == s.n_draws == round(s.expected.sum())
    assert (np.abs(counts - s.expected) < 1 + 1e-6).all()
    assert len({(draw.sample, draw.repeat) for draw in draws}) == len(draws)


def test_the_same_epoch_is_the_same_and_others_differ() -> None:
    s = sampler(np.zeros(40, np.int64))
    assert s.batches(3) == s.batches(3)
    assert s.batches(3) != s.batches(4)
    assert s.batches(3) != sampler(np.zeros(40, np.int64), seed=1).batches(3)


def test_balance_draws_classes_equally_often() -> None:
    keys_N = np.array([0] * 90 + [1] * 9 + [2] + [UNKNOWN] * 10)
    expected = expected_draws(keys_N, class_balance=1.0)
    totals = [expected[keys_N == key].sum() for key in (0, 1, 2)]
    np.testing.assert_allclose(totals, 100 / 3, rtol=0.02)
    np.testing.assert_allclose(expected[keys_N == UNKNOWN], 1, rtol=0.02)


def test_background_ratio() -> None:
    keys_N = np.array([0] * 90 + [1] * 10)
    expected = expected_draws(keys_N, background_ratio=2.0)
    np.testing.assert_allclose([expected[keys_N == key].sum() for key in (0, 1)], [20, 10])
    assert (expected_draws(keys_N, background_ratio=20.0) == 1).all()
    assert (
        expected_draws(np.zeros(5, np.int64), background_ratio=1.0) == 1
    ).all()  # no action: nothing to hold against
    seen = {
        draw.sample for e in range(40) for part in sampler(keys_N, background_ratio=2.0).batches(e) for draw in part
    }
    assert len(seen) == 100  # another background each epoch


@given(st.integers(1, 20), st.integers(1, 4), st.integers(1, 3))
def test_shards_hold_every_draw_once(n: int, world: int, accumulate: int) -> None:
    batch = sampler(np.zeros(n, np.int64), batch=n).batches(0)[0]
    parts = [list(shard(batch, rank, world, accumulate)) for rank in range(world)]
    assert all(len(p) == accumulate and all(p) for p in parts)
    real = [draw for p in parts for part in p for draw in part if draw.weight > 0]
    assert sorted(real) == sorted(batch)
