from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bineego import segments
from bineego.errors import InputInvalid
from bineego.evaluation import evaluate
from bineego.formats import windows


def rows(table):
    return [tuple(row) for row in table.itertuples(index=False)]


def test_cut_at_the_windows_edges():
    table = segments.make(["v"], ["a"], [8.04], [30.0])
    assert rows(windows.cut(table)) == [
        ("v_0_10", "a", 8.0, 10.0),
        ("v_10_20", "a", 10.0, 20.0),
        ("v_20_30", "a", 20.0, 30.0),
    ]


def test_short_pieces_are_dropped_and_half_a_second_stays():
    table = segments.make(["v", "v", "v"], ["a", "b", "c"], [9.6, 9.5, 7.8], [20.4, 20.5, 8.3])
    kept = rows(windows.cut(table))
    assert [row[:2] for row in kept] == [
        ("v_10_20", "a"), ("v_0_10", "b"), ("v_10_20", "b"), ("v_20_30", "b"), ("v_0_10", "c"),
    ]  # fmt: skip


def test_scores_follow_and_degenerate_rows_vanish():
    table = segments.make(["v", "v", "v"], ["a"] * 3, [-3, 5, 1e300], [12, 5, 0], [0.1, 0.2, 0.3])
    assert rows(windows.cut(table)) == [
        ("v_-10_0", "a", -3.0, 0.0, 0.1), ("v_0_10", "a", 0.0, 10.0, 0.1), ("v_10_20", "a", 10.0, 12.0, 0.1),
    ]  # fmt: skip


def test_times_that_are_no_seconds_are_refused():
    with pytest.raises(InputInvalid, match="row 2"):
        windows.cut(segments.make(["v", "v"], ["a", "a"], [0, 0], [1, 1e12]))


def test_one_stray_row_is_refused_at_once_and_by_name():
    table = segments.make(["v", "w"], ["a", "a"], [0, 0], [30, 1e8], [0.9, 0.8])
    with pytest.raises(InputInvalid, match=r"video 'w': row 2 .*1e\+07 windows .*more than 1,000,000\n.*seconds"):
        evaluate(segments.make(["v"], ["a"], [0], [30]), table, protocol="windows")


def test_many_short_rows_are_no_mistake(monkeypatch):
    monkeypatch.setattr(windows, "MOST_WINDOWS", 10)
    table = segments.make(["v"] * 9, ["a"] * 9, [0] * 9, [25] * 9)
    assert len(windows.cut(table)) == 27
    with pytest.raises(InputInvalid, match="more than 90"):
        windows.cut(segments.make(["v"] * 9, ["a"] * 9, [0] * 9, [1000] * 9))


@given(st.lists(st.tuples(st.floats(-50, 200), st.floats(0, 60)), max_size=6))
def test_pieces_lie_in_their_window_and_keep_their_time(drawn):
    start = np.array([s for s, _ in drawn])
    table = segments.make(["v"] * len(drawn), [str(i) for i in range(len(drawn))], start, start + [d for _, d in drawn])
    pieces = windows.cut(table)
    for video, label, low, high in rows(pieces):
        first, last = map(int, video.split("_")[1:])
        assert last - first == 10
        assert first <= low < high <= last
        assert windows.original(video) == "v"
        assert table.start[int(label)] - 0.05 <= low + 1e-9
    for i, (_, d) in enumerate(drawn):
        mine = pieces[pieces.label == str(i)]
        total = (mine.end - mine.start).sum()
        # At most one short piece at either end is lost; each bound is rounded by at most 0.05 s.
        assert total == pytest.approx(d, abs=1.0 + 0.11)


def test_evaluating_in_windows(notes):
    truth = segments.make(["v"], ["a"], [0], [30])
    found = segments.make(["v", "v"], ["a", "a"], [0, 70], [20, 75], [0.9, 0.8])
    assert evaluate(truth, found).mAP == (1.0, 0.0, 0.0)
    assert evaluate(truth, found, protocol="windows").mAP == pytest.approx((2 / 3,) * 3)
    assert not notes  # a window without ground truth is not an unknown video


def test_unknown_videos_are_still_named(notes):
    truth = segments.make(["v"], ["a"], [0], [30])
    evaluate(truth, segments.make(["w"], ["a"], [0], [20], [0.9]), protocol="windows")
    assert any("'w_0_10'" in note for note in notes)
