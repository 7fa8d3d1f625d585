"""Parallel reading against sequential reading on twenty kinds of files."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from video.making import count_packets

from bineego.video import parallel
from bineego.video.frames import FrameOptions
from bineego.video.parallel import plan_parts, read_parallel
from bineego.video.reader import VideoReader

RNG = np.random.default_rng(11)
VFR = np.cumsum(RNG.integers(1, 120, 150)).tolist()


def x264(text: str) -> dict[str, object]:
    return {"options": {"preset": "veryfast", "x264-params": text}}


def x265(text: str) -> dict[str, object]:
    return {"codec": "libx265", "options": {"preset": "ultrafast", "x265-params": f"log-level=none:pools=1:{text}"}}


FILES: dict[str, dict[str, object]] = {
    "h264_default.mp4": x264("keyint=48"),
    "h264_closed_b3.mp4": x264("keyint=24:min-keyint=24:bframes=3:scenecut=0"),
    "h264_open_b3.mp4": x264("keyint=24:min-keyint=24:open-gop=1:bframes=3:scenecut=0"),
    "h264_open_pyramid.mkv": x264("keyint=30:open-gop=1:bframes=8:b-pyramid=normal:scenecut=0"),
    "h264_open.ts": x264("keyint=24:open-gop=1:bframes=3:scenecut=0"),
    "h264_closed.ts": x264("keyint=24:bframes=2"),
    "h264_no_b.mp4": x264("keyint=12:bframes=0"),
    "h264_intra_only.mp4": x264("keyint=1"),
    "h264_refresh.mp4": x264("keyint=24:intra-refresh=1:bframes=0"),
    "h264_refs.mkv": x264("keyint=24:ref=8:bframes=5:weightp=2"),
    "h264_vfr.mp4": {**x264("keyint=24:bframes=3"), "ticks": VFR, "time_base": Fraction(1, 1000)},
    "h264_60fps.mp4": {**x264("keyint=30:bframes=3"), "rate": 60},
    "hevc_open.mp4": x265("keyint=24:min-keyint=24:bframes=4"),
    "hevc_closed.mp4": x265("keyint=24:open-gop=0:bframes=4"),
    "hevc_open.ts": x265("keyint=24:bframes=4"),
    "hevc_vfr.mkv": {**x265("keyint=24:bframes=4"), "ticks": VFR, "time_base": Fraction(1, 1000)},
    "mpeg4.mp4": {"codec": "mpeg4", "options": {"g": "12", "bf": "2"}},
    "mpeg2.ts": {"codec": "mpeg2video", "options": {"g": "12", "bf": "2"}},
    "vp8.webm": {
        "codec": "libvpx",
        "options": {"g": "24", "auto-alt-ref": "1", "lag-in-frames": "16", "cpu-used": "8"},
    },
    "vp9.webm": {"codec": "libvpx-vp9", "options": {"g": "24", "lag-in-frames": "16", "cpu-used": "8"}},
    "av1.mkv": {"codec": "libsvtav1", "options": {"g": "24", "preset": "13"}},
}
UNCUT = {"h264_refresh.mp4"}


@pytest.mark.parametrize("name", FILES)
def test_no_seam(tmp_path: Path, make_video: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(parallel, "MIN_PART", 4)
    path = make_video(tmp_path / name, count=150, width=128, height=96, **FILES[name])
    options = FrameOptions(size=48)
    reader = VideoReader(path, options)
    for step in (1, 4):
        wanted = np.arange(0, len(reader.times), step)
        truth = list(reader.read(wanted))
        parts = plan_parts(reader.timeline, reader.kept[wanted], 2)
        assert (len(parts) == 1) == (name in UNCUT)
        with monkeypatch.context() as patch:
            if len(parts) > 1:  # it must not have gone the sequential way after all
                patch.setattr(VideoReader, "in_order", None)
            found = list(read_parallel(path, options, wanted, 2))
        assert [(index, time) for index, _, time in found] == [(index, time) for index, _, time in truth]
        for mine, theirs in zip(found, truth, strict=True):
            np.testing.assert_array_equal(mine[1], theirs[1])


@pytest.mark.parametrize("name", FILES)
def test_a_part_is_read_from_the_key_frame_before_it(
    tmp_path: Path, make_video: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """From anywhere on: the pictures and times of the whole, and fewer packets decoded where the file can be cut."""
    path = make_video(tmp_path / name, count=150, width=128, height=96, **FILES[name])
    whole = list(VideoReader(path, FrameOptions(size=48)).read())
    decoded = count_packets(monkeypatch)
    for first in (1, 25, 49, 80, 149):
        reader = VideoReader(path, FrameOptions(size=48))
        wanted = np.arange(first, len(reader.times))
        decoded.clear()
        found = list(reader.read(wanted))
        assert [(index, time) for index, _, time in found] == [(index, time) for index, _, time in whole[first:]]
        for mine, theirs in zip(found, whole[first:], strict=True):
            np.testing.assert_array_equal(mine[1], theirs[1])
        assert len(decoded) >= len(wanted)
    assert (len(decoded) == 150) == (name in UNCUT) or len(decoded) < 60
