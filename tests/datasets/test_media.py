"""Lengths and frame rates of files, found without decoding."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from video.making import write_video

from bineego.datasets.media import MediaFiles, measure
from bineego.errors import InputInvalid


def test_length_and_rate_are_those_of_the_frames(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", count=30, rate=25)
    media = measure(path)
    assert media.path == path
    assert media.length == pytest.approx(1.2)
    assert media.rate == pytest.approx(25)
    assert media.steady


def test_times_in_whole_milliseconds_are_still_steady(tmp_path: Path) -> None:
    ticks = [round(n * 1001 / 30) for n in range(60)]
    path = write_video(tmp_path / "a.mkv", count=60, rate=30, ticks=ticks, time_base=Fraction(1, 1000))
    media = measure(path)
    assert media.steady
    assert media.rate == pytest.approx(29.97, rel=1e-3)


def test_a_variable_rate_is_told(tmp_path: Path) -> None:
    ticks = [*range(0, 300, 10), *range(300, 1500, 40)]
    path = write_video(tmp_path / "a.mp4", count=60, ticks=ticks, time_base=Fraction(1, 1000))
    assert not measure(path).steady


def test_files_are_looked_at_when_they_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    files = MediaFiles({"a": write_video(tmp_path / "a.mp4", count=10), "bad": tmp_path / "bad.mp4"})
    assert list(files) == ["a", "bad"]
    assert len(files) == 2
    assert files["a"] is files["a"]
    with pytest.raises(InputInvalid):
        files["bad"]
    with pytest.raises(KeyError):
        files["c"]
    assert files["lab/a.mp4"] is files["a"]
