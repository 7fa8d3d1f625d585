"""Whole clocks stay as they are, one damaged time is set right, recordings joined end to end go on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bineego.video.clock import Clock, mend
from bineego.video.pace import Pace
from bineego.video.timeline import NEVER_SHOWN

SECOND, FRAME = 1000, 40
GAPS = st.lists(st.sampled_from([FRAME] * 6 + [5, 300, 2500, 20_000]), min_size=40, max_size=90)
"""Distances of frames: mostly regular, with the pauses of screen recordings."""


def recording(gaps: list[int], b_frames: int) -> tuple[np.ndarray, np.ndarray]:
    """Presentation and decoding times of an encoder that puts a frame before the `b_frames` that it is needed for."""
    shown = np.cumsum([0, *gaps])
    order = [0]
    for first in range(1, len(shown), b_frames + 1):
        group = list(range(first, min(first + b_frames + 1, len(shown))))
        order += [group[-1], *group[:-1]]
    pts = shown[order]
    # Decoding times are presentation times in order, early enough for every frame.
    early = np.concatenate([shown[0] - FRAME * np.arange(b_frames, 0, -1), shown])[: len(shown)]
    return pts, early


def mended(pts: np.ndarray, dts: np.ndarray, *, by_dts: bool = True, promised: int | None = None) -> Clock:
    return mend(pts, dts, Pace(usual=FRAME, second=SECOND, by_dts=by_dts, promised=promised))


@given(gaps=GAPS, b_frames=st.integers(0, 3), by_dts=st.booleans(), late=st.integers(0, 5000))
@example(gaps=[FRAME] * 13 + [2500, FRAME, FRAME] * 9, b_frames=3, by_dts=True, late=0)  # most wait for a pause to end
def test_a_whole_clock_stays_as_it_is(gaps: list[int], b_frames: int, by_dts: bool, late: int) -> None:
    pts, dts = recording(gaps, b_frames)
    clock = mended(pts + late, dts + late, by_dts=by_dts, promised=int(pts.max()) + FRAME)
    assert not len(clock.doubtful)
    assert not len(clock.joins)
    np.testing.assert_array_equal(clock.pts, pts + late)


@given(
    n=st.integers(60, 120),
    b_frames=st.integers(0, 3),
    at=st.integers(2, 35),
    by=st.sampled_from([300_000, -300_000, 2**33, 5000, -5000, 1600, -1600]),
    by_dts=st.booleans(),
)
def test_one_damaged_time_is_set_between_its_neighbours(n: int, b_frames: int, at: int, by: int, by_dts: bool) -> None:
    pts, dts = recording([FRAME] * n, b_frames)
    broken_pts, broken_dts = pts.copy(), dts.copy()
    broken_pts[at] += by
    broken_dts[at] += by
    clock = mended(broken_pts, broken_dts, by_dts=by_dts)
    assert clock.doubtful.tolist() == [at]
    np.testing.assert_array_equal(clock.pts, pts)


@given(
    n=st.integers(60, 120),
    b_frames=st.integers(0, 3),
    last=st.booleans(),
    by=st.sampled_from([300_000, -300_000, 2**33, -(2**33), 5000, -5000, 500, -500]),
    kind=st.sampled_from(["both", "pts", "pts only"]),
    late=st.sampled_from([0, 7777]),
)
def test_the_first_and_the_last_time(n: int, b_frames: int, last: bool, by: int, kind: str, late: int) -> None:
    """Though nothing comes before the one, and nothing after the other."""
    pts, dts = (ticks + late for ticks in recording([FRAME] * n, b_frames))
    at = n if last else 0
    broken_pts, broken_dts = pts.copy(), dts.copy()
    broken_pts[at] += by
    broken_dts[at] += by if kind == "both" else 0
    clock = mended(broken_pts, broken_dts, by_dts=kind != "pts only")
    assert clock.doubtful.tolist() == [at]
    assert not len(clock.joins)
    np.testing.assert_array_equal(clock.pts, pts)


@given(
    n=st.integers(60, 120),
    b_frames=st.integers(0, 3),
    at=st.integers(2, 35),
    by=st.sampled_from([500, -500, 620, -620]),
    by_dts=st.booleans(),
)
def test_a_presentation_time_that_comes_between_others(n: int, b_frames: int, at: int, by: int, by_dts: bool) -> None:
    pts, dts = recording([FRAME] * n, b_frames)
    broken = pts.copy()
    broken[at] += by
    clock = mended(broken, dts, by_dts=by_dts)
    assert clock.doubtful.tolist() == [at]
    np.testing.assert_array_equal(clock.pts, pts)


@given(
    n=st.integers(60, 120),
    last=st.booleans(),
    frames=st.integers(1, 8),
    by=st.sampled_from([300_000, 5000, 500]),
)
def test_frames_that_share_the_first_or_the_last_stamp(n: int, last: bool, frames: int, by: int) -> None:
    right = np.arange(n) * FRAME
    broken = right.copy()
    broken[n - frames if last else 0 : n if last else frames] += by if last else -by
    pace = Pace(usual=FRAME, second=SECOND, stamped=(1, frames) if last else (frames, 1))
    clock = mend(broken, broken, pace)
    assert len(clock.doubtful) == frames
    np.testing.assert_array_equal(clock.pts, right)


@given(
    n=st.integers(60, 120), first=st.integers(5, 30), frames=st.integers(1, 30), by=st.sampled_from([500, -500, 5000])
)
def test_frames_in_order_need_no_room_for_reordering(n: int, first: int, frames: int, by: int) -> None:
    """One stamp of Matroska, that of a cluster, is that of many frames."""
    right = np.arange(n) * FRAME
    broken = right.copy()
    broken[first : first + frames] += by
    clock = mend(broken, broken, Pace(usual=FRAME, second=SECOND, by_dts=False, in_order=True))
    assert clock.doubtful.tolist() == list(range(first, first + frames))
    np.testing.assert_array_equal(clock.pts, right)


@given(n=st.integers(20, 60), last=st.booleans(), pause=st.sampled_from([160, 500, 5000]), lost=st.integers(1, 3))
def test_pauses_at_an_end_that_may_be(n: int, last: bool, pause: int, lost: int) -> None:
    """Where the header knows of the time, where a few frames may have been dropped, and where the rate is not even."""
    before, after = ([], [pause]) if last else ([pause], [])
    uneven = np.random.default_rng(n).integers(20, 80, n).tolist()
    for gaps, within in (
        ([*before, *[FRAME] * n, *after], (0, n * FRAME + pause)),
        ([FRAME * (1 + lost) if step else FRAME for step in [*before, *[0] * n, *after]], None),
        ([*before, *uneven, *after], None),
    ):
        pts, dts = recording(gaps, 0)
        pace = Pace(usual=FRAME, second=SECOND, within=within)
        clock = mend(pts, dts, pace)
        assert not len(clock.doubtful)
        np.testing.assert_array_equal(clock.pts, pts)


@given(n=st.integers(60, 120), b_frames=st.integers(1, 3), at=st.integers(2, 35), by=st.sampled_from([300_000, -5000]))
def test_a_presentation_time_alone(n: int, b_frames: int, at: int, by: int) -> None:
    pts, dts = recording([FRAME] * n, b_frames)
    broken = pts.copy()
    broken[at] += by
    clock = mended(broken, dts)
    assert clock.doubtful.tolist() == [at]
    np.testing.assert_array_equal(clock.pts, pts)
    broken[at] = NEVER_SHOWN
    np.testing.assert_array_equal(mended(broken, dts).pts, pts)


def test_a_burst_of_damage() -> None:
    pts, _ = recording([FRAME] * 200, 0)
    broken = pts.copy()
    broken[50:60] += np.random.default_rng(0).integers(-90_000, 90_000, 10)
    clock = mended(broken, broken)
    assert set(clock.doubtful.tolist()) <= set(range(50, 60))
    assert np.abs(clock.pts - pts).max() <= 10 * FRAME
    assert (np.diff(clock.pts) > 0).all()
    np.testing.assert_array_equal(clock.pts[60:], pts[60:])


@given(lengths=st.lists(st.integers(30, 80), min_size=2, max_size=4), b_frames=st.integers(0, 3), by_dts=st.booleans())
def test_joined_recordings_go_on(lengths: list[int], b_frames: int, by_dts: bool) -> None:
    parts = [recording([FRAME] * n, b_frames) for n in lengths]
    pts, dts = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    clock = mended(pts, dts, by_dts=by_dts)
    assert clock.joins.tolist() == np.cumsum([n + 1 for n in lengths])[:-1].tolist()
    assert not len(clock.doubtful)
    np.testing.assert_array_equal(np.diff(np.sort(clock.pts)), FRAME)


@pytest.mark.parametrize("pause", [600, 7000, 3_000_000])
def test_a_pause_stays_unless_the_header_leaves_no_room_for_it(pause: int) -> None:
    """One length of a frame that is damaged moves all that come after it (MP4 stores lengths)."""
    right, dts = recording([FRAME] * 60, 2)
    whole = int(right.max()) + FRAME
    pts = right + pause * (np.arange(61) >= 30)
    dts = dts + pause * (np.arange(61) >= 30)
    for promised in (None, whole + pause):
        np.testing.assert_array_equal(mended(pts, dts, promised=promised).pts, pts)
    clock = mended(pts, dts, promised=whole)
    assert clock.doubtful.tolist() == [30]
    np.testing.assert_array_equal(clock.pts, right)


def test_nothing_and_little() -> None:
    for n in range(3):
        ticks = np.arange(n) * FRAME
        np.testing.assert_array_equal(mended(ticks, ticks).pts, ticks)
    nothing = np.full(5, NEVER_SHOWN)
    np.testing.assert_array_equal(mended(nothing, nothing).pts, nothing)
