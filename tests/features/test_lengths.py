"""A wrong rate is found by the number of steps."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bineego.errors import InputInvalid
from bineego.features.lengths import Length, check_ends, check_lengths
from bineego.features.npy import FeatureFile
from bineego.features.timing import Timing


def file(steps: int, rate: float, offset: float | None = None, duration: float | None = None) -> FeatureFile:
    timing = Timing(rate=rate, offset=0.5 / rate if offset is None else offset, duration=duration)
    return FeatureFile(
        video_id="v", path=Path("i3d/v.npy"), timing=timing, n_steps=steps, kinds={"given": 8}, made_by={}
    )


def check(steps: list[int], seconds: list[float], rate: float, offset: float | None = None) -> None:
    files = {f"v{i}": file(n, rate, offset) for i, n in enumerate(steps)}
    check_lengths(files, {f"v{i}": Length(seconds=s, source="its file") for i, s in enumerate(seconds)})


@given(
    seconds=st.lists(st.floats(2, 600), min_size=1, max_size=8),
    fps=st.sampled_from([24.0, 25.0, 29.97, 30.0]),
    stride=st.sampled_from([1, 2, 4, 8, 16]),
    window=st.sampled_from([1, 4, 16, 32]),
    padded=st.booleans(),
)
def test_features_as_others_make_them_pass(
    seconds: list[float], fps: float, stride: int, window: int, padded: bool
) -> None:
    """Windows that do not fit into the video are left out, or padded."""
    window = max(window, stride)
    frames = [max(window, round(s * fps)) for s in seconds]
    steps = [-(-n // stride) if padded else (n - window) // stride + 1 for n in frames]
    check(steps, [n / fps for n in frames], fps / stride, window / 2 / fps)


@given(
    seconds=st.lists(st.floats(20, 600), min_size=1, max_size=8),
    rates=st.sampled_from([(30, 25), (25, 30), (24, 25), (25, 24), (12.5, 25), (7.5, 30), (30, 7.5), (8, 16)]),
)
def test_a_wrong_rate_is_refused(seconds: list[float], rates: tuple[float, float]) -> None:
    true, said = rates
    with pytest.raises(InputInvalid, match="do not fit"):
        check([round(s * true) for s in seconds], seconds, said)


def test_the_message_has_the_numbers_and_the_rate_that_fits() -> None:
    with pytest.raises(InputInvalid) as caught:
        check([250, 500], [20.0, 40.0], 25.0)
    assert "'v0' has 250 steps, which at 25 a second cover 10.00 s, and its length by its file is 20.00 s" in str(
        caught.value
    )
    assert "at 12.5 steps per second all fit" in str(caught.value)
    assert caught.value.exit_code == 4


def test_short_videos_tell_it_together() -> None:
    check([100] * 9, [8.0] * 9, 12.5)
    with pytest.raises(InputInvalid, match="9 of 9"):
        check([96] * 9, [8.0] * 9, 12.5)  # made at 12 a second


def test_one_video_that_is_cut_off_is_named() -> None:
    with pytest.raises(InputInvalid, match="1 of 3 videos: 'v1'"):
        check([250, 100, 250], [20.0] * 3, 12.5)


def test_what_the_json_says_of_the_length_counts_too() -> None:
    check_lengths({"v": file(250, 12.5, duration=20.0)}, {})
    with pytest.raises(InputInvalid, match=r"by the JSON beside its features is 10\.00 s"):
        check_lengths({"v": file(250, 12.5, duration=10.0)}, {})


def test_without_lengths_the_annotations_tell_what_they_can() -> None:
    files = {f"v{i}": file(250, 12.5) for i in range(4)}
    check_ends(files, {"v0": 19.0, "v1": 8.0, "v2": 20.6, "v3": 0.0})
    with pytest.raises(InputInvalid, match="end after the features"):
        check_ends(files, {"v0": 38.0, "v1": 30.0, "v2": 39.0})
    with pytest.raises(InputInvalid, match="in the first 50% of the features"):
        check_ends(files, {"v0": 9.0, "v1": 8.0, "v2": 10.0})
    check_ends(files, {"v0": 9.0, "v1": 8.0})  # two videos may be chance
