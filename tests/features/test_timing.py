"""When the steps of feature files are, in the words of three programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bineego.errors import InputInvalid
from bineego.features.timing import Timing, read_beside, timing_of

FILE = Path("folder/v.npy")


@pytest.mark.parametrize(
    ("said", "rate", "offset"),
    [
        ({"rate": 12.5}, 12.5, 0.04),
        ({"rate": 12.5, "offset": 0.1}, 12.5, 0.1),
        ({"fps": 30, "stride": 4, "window": 16}, 7.5, 8 / 30),
        ({"fps": 30, "stride": 4}, 7.5, 2 / 30),
        ({"default_fps": 25, "feat_stride": 5, "num_frames": 32, "downsample_rate": 2}, 2.5, 16 / 25),
        ({"fps": 30, "feature_stride": 4, "sample_stride": 1, "offset_frames": 8}, 7.5, 8 / 30),
        ({"fps": 30, "feature_stride": 4, "sample_stride": 2, "offset_frames": 0}, 3.75, 0.0),
        ({"rate": 7.5, "stride": 4, "window": 16}, 7.5, 8 / 30),
    ],
)
def test_the_words_of_three_programs(said: dict[str, Any], rate: float, offset: float) -> None:
    found = timing_of(said, FILE)
    assert (found.rate, found.offset) == (pytest.approx(rate), pytest.approx(offset))


def test_frames_a_second_may_come_from_elsewhere_and_the_json_wins() -> None:
    assert timing_of({"stride": 4}, FILE, frame_rate=24).rate == 6
    assert timing_of({"stride": 4, "fps": 30}, FILE, frame_rate=24).rate == 7.5


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ({}, "are not known"),
        ({"stride": 4}, "frame rate of the video"),
        ({"rate": 10, "window": 16}, "frame rate of the video"),
        ({"rate": 0}, "'rate' beside it must be a number, more than 0"),
        ({"rate": -2}, "more than 0"),
        ({"rate": "12.5"}, "'12.5'"),
        ({"rate": True}, "True"),
        ({"rate": float("nan")}, "nan"),
        ({"rate": 1e6}, "is not possible"),
        ({"rate": 10, "offset": -1}, "0 or more"),
        ({"stride": 4, "fps": 0}, "'fps'"),
        ({"rate": 12.5, "stride": 4, "fps": 30}, "its stride and fps give 7.5"),
        ({"rate": 12.5, "duration": -3}, "'duration'"),
    ],
)
def test_what_cannot_be_is_refused(said: dict[str, Any], what: str) -> None:
    with pytest.raises(InputInvalid, match=what):
        timing_of(said, FILE)


def test_the_json_of_a_file_wins_over_that_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "features.json").write_text(json.dumps({"fps": 30, "stride": 4, "window": 16}))
    (tmp_path / "b.json").write_text(json.dumps({"fps": 24}))
    (tmp_path / "c.json").write_text(json.dumps({"rate": 2}))
    rates = {name: timing_of(read_beside(tmp_path / f"{name}.npy"), FILE).rate for name in "abc"}
    assert rates == {"a": 7.5, "b": 6, "c": 2}


def test_a_video_called_features_speaks_for_itself_alone(tmp_path: Path) -> None:
    (tmp_path / "features.npy").touch()
    (tmp_path / "features.json").write_text(json.dumps({"rate": 3}))
    assert read_beside(tmp_path / "a.npy") == {}
    assert read_beside(tmp_path / "features.npy") == {"rate": 3}


def test_a_json_that_is_no_object_is_refused(tmp_path: Path) -> None:
    (tmp_path / "features.json").write_text("[1, 2]")
    with pytest.raises(InputInvalid, match="expected an object"):
        read_beside(tmp_path / "a.npy")


@given(rate=st.floats(0.1, 30), offset=st.floats(0, 2), steps=st.integers(1, 10_000))
def test_what_so_many_steps_cover_has_so_many_steps(rate: float, offset: float, steps: int) -> None:
    timing = Timing(rate=rate, offset=offset)
    assert timing.steps_of(timing.covered(steps)) == pytest.approx(steps)
