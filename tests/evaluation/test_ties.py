from __future__ import annotations

import itertools

import pytest

from bineego import segments
from bineego.evaluation import evaluate

TIOU = (0.5, 0.75)


def test_a_tie_of_hit_and_miss_is_warned_of(notes):
    truth = segments.make(["v"], ["a"], [0], [10])
    found = segments.make(["v", "v"], ["a", "a"], [0, 50], [10, 60], [0.9, 0.9])
    result = evaluate(truth, found)
    assert result.final == 1.0
    assert result.ties is not None
    assert (result.ties.worst, result.ties.best) == (0.5, 1.0)
    assert any("tied scores" in note and "move by 0.5000" in note for note in notes)


@pytest.mark.parametrize(
    "found",
    [
        segments.make(["v", "v"], ["a", "a"], [0, 20], [10, 30], [0.9, 0.9]),  # two hits
        segments.make(["v", "v"], ["a", "a"], [0, 50], [10, 60], [0.9, 0.8]),  # no tie
        segments.make(["v", "v"], ["a", "b"], [0, 50], [10, 60], [0.9, 0.9]),  # two classes
    ],
)
def test_harmless_ties_are_not(found, notes):
    truth = segments.make(["v", "v", "v"], ["a", "a", "b"], [0, 20, 0], [10, 30, 10])
    assert evaluate(truth, found).ties is None
    assert not notes


def test_order_within_a_tie_never_decides_between_two_that_would_both_hit():
    """Whichever comes first takes the segment: the score cannot move."""
    truth = segments.make(["v"], ["a"], [0], [10])
    found = segments.make(["v", "v"], ["a", "a"], [0, 0], [10, 10], [0.9, 0.9])
    ties = evaluate(truth, found).ties
    assert ties is not None
    assert ties.worst == ties.best == 1.0


def test_range_lies_within_all_orders_and_mostly_reaches_their_ends(random_set):
    reached, cases = 0, 0
    for seed in range(400):
        truth, found = random_set(seed, n_found=5)
        result = evaluate(truth, found, tiou=TIOU)
        orders = [evaluate(truth, found.iloc[list(o)], tiou=TIOU).final for o in _orders(found)] if result.ties else []
        if result.ties is None:
            continue
        cases += 1
        assert min(orders) - 1e-12 <= result.ties.worst <= result.final <= result.ties.best <= max(orders) + 1e-12
        reached += abs(min(orders) - result.ties.worst) < 1e-9 and abs(max(orders) - result.ties.best) < 1e-9
        if cases == 8:
            break
    assert cases >= 8
    assert reached >= 0.9 * cases


def _orders(found):
    return itertools.islice(itertools.permutations(range(len(found))), 120)
