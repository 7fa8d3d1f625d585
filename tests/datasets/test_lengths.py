from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bineego import segments
from bineego.datasets.lengths import check_units, header, likely_unit
from bineego.datasets.recording import Recording
from bineego.formats.options import TimeUnit

lengths = st.floats(2, 4000)
rates = st.sampled_from([10.0, 23.976, 25.0, 29.97, 60.0])


def recording(ends: list[float]) -> Recording:
    table = segments.make(["a"] * len(ends), ["x"] * len(ends), [0.0] * len(ends), ends)
    return Recording(recording_id="a", videos={"a": Path("a.mp4")}, segments=table)


@given(lengths, rates, st.lists(st.floats(0.5, 1), min_size=1, max_size=8))
def test_units_are_told_by_the_length(length: float, rate: float, shares: list[float]) -> None:
    seconds = [length * share for share in shares]
    headers = {"a": (length, rate)}
    assert likely_unit([recording(seconds)], headers) is None
    assert likely_unit([recording([1000 * s + 0.25 for s in seconds])], headers) is TimeUnit.MILLISECONDS
    assert likely_unit([recording([np.floor(rate * s) for s in seconds])], headers) in (TimeUnit.FRAMES, None)
    if length > 4:
        assert likely_unit([recording([np.floor(rate * s) for s in seconds])], headers) is TimeUnit.FRAMES


def test_what_cannot_be_told_is_not_refused() -> None:
    assert likely_unit([recording([50.0, 60.0])], {"a": (None, None)}) is None
    assert likely_unit([recording([5e9])], {"a": (10.0, 25.0)}) is None
    assert likely_unit([], {}) is None
    check_units([])


def test_a_file_that_is_no_video_promises_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    assert header(tmp_path / "a.mp4") == (None, None)


def test_headers_of_real_videos(shared: Path) -> None:
    length, rate = header(shared / "cases/entry-without-annotations/vid/v1.mp4")
    assert (length, rate) == (pytest.approx(6), pytest.approx(10))
