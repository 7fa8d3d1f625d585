from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bineego import grid
from bineego.labels import LabelRule

steps = st.sampled_from([0.25, 0.5, 1.0, 0.1, 1 / 3])
durations = st.floats(0, 500)
eighths = st.integers(0, 80).map(lambda n: n / 8)  # exact in binary: lengths that are equal on paper are equal here
rows = st.lists(st.tuples(eighths, eighths, st.integers(1, 3)), max_size=6)
spans = st.lists(st.tuples(eighths, st.integers(1, 24).map(lambda n: n / 8)), max_size=8)  # low, length: in any order


@given(durations, steps)
def test_edges_cover_the_video_in_steps_of_t(duration: float, t: float) -> None:
    edges = grid.interval_edges(duration, t)
    lengths = np.diff(edges)
    assert edges[0] == 0
    assert edges[-1] == pytest.approx(duration, abs=grid.EPSILON * t * 2)
    assert (lengths > 0).all()
    assert lengths[:-1] == pytest.approx(t)
    assert len(edges) - 1 in (grid.n_whole(duration, t), grid.n_whole(duration, t) + 1)


@given(st.integers(0, 1000), steps, st.floats(-1e-8, 1e-8))
def test_whole_intervals_survive_rounding_of_the_duration(n: int, t: float, error: float) -> None:
    assert grid.n_whole(max(0.0, n * t + error), t) == n
    assert len(grid.interval_edges(max(0.0, n * t + error), t)) == n + 1


def test_interval_length_must_be_positive() -> None:
    with pytest.raises(ValueError, match="positive"):
        grid.n_whole(10, 0)


def label_by_hand(low: float, high: float, segs: list[tuple[float, float, int]], rule: LabelRule) -> int:
    """The rule in words: largest overlap; ties: the shorter, then the later start; at least half, or centre, or any."""
    best: tuple[float, float, float] | None = None
    label = 0
    for start, end, class_id in segs:
        if end <= start:
            continue
        if rule is LabelRule.CENTRE:
            centre = (low + high) / 2
            shared = 1.0 if start <= centre < end else 0.0
        else:
            shared = round(max(0.0, min(high, end) - max(low, start)), 9)
        if shared <= 0 or (rule is LabelRule.MAJORITY and shared < round((high - low) / 2, 9)):
            continue
        key = (shared, -(end - start), start)
        if best is None or key > best:
            best, label = key, class_id
    return label


@given(rows, st.sampled_from(LabelRule))
def test_interval_labels_follow_the_rule(segs: list[tuple[float, float, int]], rule: LabelRule) -> None:
    segs = list({(s, e): (s, e, c) for s, e, c in segs}.values())  # two labels for one stretch: no rule but their order
    edges = grid.interval_edges(10.25, 0.5)
    starts, ends, ids = ([row[k] for row in segs] for k in range(3))
    found = grid.interval_labels(edges[:-1], edges[1:], starts, ends, ids, rule)
    spans = zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
    assert found.tolist() == [label_by_hand(low, high, segs, rule) for low, high in spans]


@given(spans, rows, st.sampled_from(LabelRule))
def test_intervals_may_lie_anyhow(
    drawn: list[tuple[float, float]], segs: list[tuple[float, float, int]], rule: LabelRule
) -> None:
    segs = list({(s, e): (s, e, c) for s, e, c in segs}.values())
    lows, highs = [low for low, _ in drawn], [low + length for low, length in drawn]
    starts, ends, ids = ([row[k] for row in segs] for k in range(3))
    found = grid.interval_labels(lows, highs, starts, ends, ids, rule)
    assert found.tolist() == [label_by_hand(low, high, segs, rule) for low, high in zip(lows, highs, strict=True)]


@given(spans, rows)
def test_targets_count_every_moment_once(
    drawn: list[tuple[float, float]], segs: list[tuple[float, float, int]]
) -> None:
    lows, highs = [low for low, _ in drawn], [low + length for low, length in drawn]
    starts, ends, ids = ([row[k] for row in segs] for k in range(3))
    found = grid.interval_targets(lows, highs, starts, ends, ids, 4)
    for target, low, high in zip(found.tolist(), lows, highs, strict=True):
        moments = np.arange(low, high, 1 / 8) + 1 / 16  # one in each eighth of a second
        covered = [
            np.mean([any(start <= moment < end for start, end, c in segs if c == k) for moment in moments])
            for k in range(1, 4)
        ]
        assert target[1:] == [share >= 0.5 for share in covered]
        assert target[0] == (not any(target[1:]))


def test_two_rows_for_one_stretch_cover_it_once() -> None:
    assert grid.interval_targets([0], [1], [0, 0], [0.3, 0.3], [1, 1], 2).tolist() == [[1, 0]]
    assert grid.interval_targets([0], [1], [0, 0.25], [0.3, 0.5], [1, 1], 2).tolist() == [[0, 1]]
    # One inside another: the outer one goes on after it.
    assert grid.interval_targets([1, 2, 3], [2, 3, 4], [0, 1], [4, 2], [1, 1], 2).tolist() == [[0, 1]] * 3


@given(spans, rows)
def test_n_touching_counts_overlaps(drawn: list[tuple[float, float]], segs: list[tuple[float, float, int]]) -> None:
    lows, highs = [low for low, _ in drawn], [low + length for low, length in drawn]
    starts, ends = ([row[k] for row in segs] for k in range(2))
    shared = grid.overlaps(lows, highs, starts, ends)
    assert grid.n_touching(lows, highs, starts, ends).tolist() == (shared > 0).sum(axis=1).tolist()
    assert grid.n_touching(starts, ends, lows, highs).tolist() == (shared > 0).sum(axis=0).tolist()


def test_a_long_video_takes_little_memory() -> None:
    """Six hours with 3000 segments: no table of all intervals and all segments (2 GB)."""
    edges = grid.interval_edges(6 * 3600, 0.25)
    rng = np.random.default_rng(0)
    starts = rng.random(3000) * 6 * 3600
    ends, ids = starts + rng.random(3000) * 10, rng.integers(1, 31, 3000)
    tracemalloc.start()
    grid.interval_labels(edges[:-1], edges[1:], starts, ends, ids)
    grid.interval_targets(edges[:-1], edges[1:], starts, ends, ids, 31)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50e6


def test_the_nested_action_names_its_interval() -> None:
    found = grid.interval_labels([0, 1, 2], [1, 2, 3], [0, 1], [3, 2], [1, 2])
    assert found.tolist() == [1, 2, 1]


def test_half_an_interval_is_enough() -> None:
    low, high = [0.0], [1.0]
    assert grid.interval_labels(low, high, [0.5], [2.0], [1]).tolist() == [1]
    assert grid.interval_labels(low, high, [0.51], [2.0], [1]).tolist() == [0]
    assert grid.interval_labels(low, high, [0.51], [2.0], [1], LabelRule.ANY).tolist() == [1]


@pytest.mark.parametrize("t", [0.1, 1 / 3, 0.7, 2.4])
def test_half_is_half_however_sums_round(t: float) -> None:
    """Ends of intervals are sums of float64: a half of one may be a hair less than its length times 0.5."""
    edges = grid.interval_edges(100 * t, t)
    lows, highs, ids = edges[:-1], edges[1:], np.ones(100, np.int64)
    for start, end in ((lows, lows + t / 2), (lows + t / 2, highs), (lows + t / 4, highs - t / 4)):
        assert grid.interval_labels(lows, highs, start, end, ids).tolist() == [1] * 100
        assert grid.interval_targets(lows, highs, start, end, ids, 2).tolist() == [[0, 1]] * 100
    quarters = np.concatenate([lows, lows + t / 2])
    in_two = (quarters, quarters + t / 4, np.ones(200, np.int64))
    assert grid.interval_targets(lows, highs, *in_two, 2).tolist() == [[0, 1]] * 100
    short = (lows + 1e-6, lows + t / 2, ids)
    assert grid.interval_labels(lows, highs, *short).tolist() == [0] * 100
    assert grid.interval_targets(lows, highs, *short, 2).tolist() == [[1, 0]] * 100


def test_targets_are_what_losses_take() -> None:
    assert grid.interval_targets([0], [1], [], [], [], 3).dtype == np.float32
    assert grid.interval_targets([0], [1], [], [], [], 3).tolist() == [[1, 0, 0]]


@given(rows)
def test_targets_agree_with_labels_where_actions_do_not_overlap(segs: list[tuple[float, float, int]]) -> None:
    kept: list[tuple[float, float, int]] = []
    reach = 0.0
    for start, end, class_id in sorted(segs):
        if end > start >= reach:
            kept.append((start, end, class_id))
            reach = end
    edges = grid.interval_edges(10.0, 0.7)
    starts, ends, ids = ([row[k] for row in kept] for k in range(3))
    labels = grid.interval_labels(edges[:-1], edges[1:], starts, ends, ids)
    targets = grid.interval_targets(edges[:-1], edges[1:], starts, ends, ids, 4)
    named = labels > 0
    assert (targets[named, labels[named]] == 1).all()
    assert ((targets[:, 0] == 1) == (targets[:, 1:].sum(axis=1) == 0)).all()


@given(st.floats(0, 100), st.floats(0.1, 2), st.integers(1, 16))
def test_clip_times_are_centres_of_equal_parts(low: float, t: float, n: int) -> None:
    times = grid.clip_times([low], [low + t], n)[0]
    assert times == pytest.approx([low + t * (k + 0.5) / n for k in range(n)])
    wide = grid.clip_times([low], [low + t], n, clip_duration=2 * t)[0]
    assert wide.mean() == pytest.approx(low + t / 2)
    if n > 1:
        assert np.diff(wide).mean() == pytest.approx(2 * np.diff(times).mean())


def test_a_clip_is_never_narrower_than_its_interval() -> None:
    assert np.array_equal(grid.clip_times([0], [1], 4, clip_duration=0.2), grid.clip_times([0], [1], 4))


def test_overlaps_are_seconds() -> None:
    assert grid.overlaps([0, 1], [1, 2], [0.5, 3], [1.75, 4]).tolist() == [[0.5, 0], [0.75, 0]]
    assert math.isclose(grid.overlaps([0], [10], [2], [1])[0, 0], 0)
