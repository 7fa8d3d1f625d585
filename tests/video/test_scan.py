from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bineego.errors import InputInvalid
from bineego.video.frames import Backend, FrameOptions
from bineego.video.reader import VideoReader
from bineego.video.scan import scan

Video = Callable[[str], Path]
MakeVideo = Callable[..., Path]


@pytest.mark.parametrize("name", ["closed.mp4", "open.mp4", "open.ts", "refresh.mp4", "hevc.mp4"])
def test_constant_rate_from_zero(video: Video, name: str) -> None:
    """MPEG-TS starts its clock at more than a second, MP4 with B-frames at a negative decoding time."""
    timeline = scan(video(name))
    np.testing.assert_allclose(timeline.times, np.arange(60) / 30, atol=2e-5)
    assert timeline.duration == pytest.approx(2.0, abs=1e-4)


@pytest.mark.parametrize("name", ["vp8.webm", "vp9.webm", "pyramid.mkv"])
def test_millisecond_containers(video: Video, name: str) -> None:
    timeline = scan(video(name))
    np.testing.assert_allclose(timeline.times, np.arange(60) / 30, atol=6e-4)
    assert timeline.duration == pytest.approx(2.0, abs=2e-3)


def test_variable_rate_is_exact(video: Video) -> None:
    ticks = np.cumsum(np.random.default_rng(3).integers(1, 160, 60))
    timeline = scan(video("vfr.mp4"))
    np.testing.assert_allclose(timeline.times, (ticks - ticks[0]) / 1000, atol=1e-9)


def test_file_without_presentation_times_is_decoded_for_them(video: Video) -> None:
    timeline = scan(video("mpeg4.avi"))
    assert timeline.by_order
    assert len(timeline.times) == 60
    np.testing.assert_allclose(np.diff(timeline.times), 1 / 30, atol=1e-9)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_times_in_the_order_of_decoding(
    video: Video, tmp_path: Path, caplog: pytest.LogCaptureFixture, suffix: str
) -> None:
    """Programs that copy an AVI with B-frames write its decoding times where presentation times belong."""
    whole, path = video("mpeg4.avi"), tmp_path / f"copied{suffix}"
    with av.open(str(whole)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.pts, packet.stream = packet.dts, stream
                target.mux(packet)
    timeline = scan(path)
    assert "its times are in the order of decoding" in caplog.text
    np.testing.assert_allclose(timeline.times, scan(whole).times, atol=1e-3)
    options = FrameOptions(size=48)
    expected = [frame.picture for frame in VideoReader(whole, options).read()]
    for backend in Backend:
        found = list(VideoReader(path, options, backend=backend).read())
        assert [frame.position for frame in found] == list(range(60))
        for frame in found:
            apart = [np.abs(frame.picture.astype(int) - other).mean() for other in expected]
            assert int(np.argmin(apart)) == frame.position


@settings(max_examples=15)
@given(st.lists(st.integers(1, 400), min_size=2, max_size=12))
def test_times_are_those_that_were_written(
    tmp_path_factory: pytest.TempPathFactory, make_video: MakeVideo, gaps: list[int]
) -> None:
    path = tmp_path_factory.mktemp("vfr") / "v.mp4"
    ticks = np.cumsum(gaps)
    make_video(
        path, count=len(ticks), width=32, height=32, ticks=ticks.tolist(), time_base=Fraction(1, 1000),
        options={"bf": "2"},
    )  # fmt: skip
    timeline = scan(path)
    np.testing.assert_allclose(timeline.times, (ticks - ticks[0]) / 1000, atol=1e-9)
    assert np.all(np.diff(timeline.times) > 0)
    assert timeline.duration > timeline.times[-1]


def test_recordings_joined_end_to_end_go_on(tmp_path: Path, video: Video, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "joined.ts"
    path.write_bytes(video("open.ts").read_bytes() * 2)
    timeline = scan(path)
    assert "jumps" in caplog.text
    assert len(timeline.times) >= 115
    assert timeline.duration == pytest.approx(4.0, abs=0.2)
    assert np.diff(timeline.times).max() < 0.2


def test_late_picture_after_sound_keeps_its_time(tmp_path: Path) -> None:
    """A player's 0:00 is the container's start, here that of the sound."""
    path = tmp_path / "late.mkv"
    with av.open(str(path), "w") as output:
        sound = output.add_stream("pcm_s16le", rate=8000, layout="mono")
        stream = output.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv420p"
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), "s16", "mono")
        frame.sample_rate, frame.pts = 8000, 0
        output.mux(sound.encode(frame))
        for number in range(5):
            picture = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 40 * number, np.uint8), "rgb24")
            picture.pts, picture.time_base = number + 5, Fraction(1, 10)
            output.mux(stream.encode(picture))
        output.mux(stream.encode(None))
    np.testing.assert_allclose(scan(path).times, 0.5 + np.arange(5) / 10, atol=1e-9)


def index_first(source: Path, path: Path) -> Path:
    """The same MP4 with its index before its pictures, so that a part of it can be read."""
    with av.open(str(source)) as content, av.open(str(path), "w", options={"movflags": "faststart"}) as output:
        stream = output.add_stream_from_template(content.streams.video[0])
        for packet in content.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                output.mux(packet)
    return path


@pytest.mark.parametrize("name", ["pyramid.mkv", "vp9.webm", "closed.mp4"])
def test_a_file_ends_where_it_breaks_off_and_says_so(
    tmp_path: Path, video: Video, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    source = video(name)
    if source.suffix == ".mp4":
        source = index_first(source, tmp_path / "whole.mp4")
    whole = scan(source)
    assert "ends early" not in caplog.text
    path = tmp_path / f"part{source.suffix}"
    path.write_bytes(source.read_bytes()[: whole.marks[38, 2]])
    timeline = scan(path)
    assert 1.0 < timeline.duration < 1.5  # less is missing than what a container's length may be off by
    assert f"ends early at {timeline.duration:.2f} s; its header says {whole.duration:.2f} s" in caplog.text


@pytest.mark.parametrize("name", ["open.mp4", "open.ts", "hevc.mp4", "refresh.mp4", "mpeg4.avi", "vp8.webm", "vfr.mp4"])
def test_whole_files_do_not_break_off(video: Video, name: str, caplog: pytest.LogCaptureFixture) -> None:
    scan(video(name))
    assert "ends early" not in caplog.text


@pytest.mark.parametrize(("suffix", "codec"), [(".wmv", "wmv2"), (".nut", "mpeg4"), (".mkv", "mpeg4")])
def test_a_late_start_is_no_early_end(
    tmp_path: Path, make_video: MakeVideo, caplog: pytest.LogCaptureFixture, suffix: str, codec: str
) -> None:
    """Some headers count their length from 0 on a clock on which the video starts later."""
    ticks = [30 * 30 + number for number in range(60)]
    timeline = scan(make_video(tmp_path / f"late{suffix}", codec=codec, ticks=ticks))
    np.testing.assert_allclose(timeline.times, np.arange(60) / 30, atol=1e-3)
    assert timeline.damage.ends is None
    assert not caplog.records


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
@pytest.mark.parametrize("late", [0, 3])
def test_sound_that_goes_on_is_no_promise(
    tmp_path: Path, suffix: str, late: int, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / f"long.{suffix}"
    with av.open(str(path), "w") as output:
        sound = output.add_stream("aac", rate=8000, layout="mono")
        stream = output.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        for number in range(10):
            picture = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 20 * number, np.uint8), "rgb24")
            picture.pts, picture.time_base = number + late, Fraction(1, 10)
            output.mux(stream.encode(picture))
        output.mux(stream.encode(None))
        for number in range(60):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            frame.sample_rate, frame.pts = 8000, 1024 * number
            output.mux(sound.encode(frame))
        output.mux(sound.encode(None))
    assert scan(path).duration == pytest.approx(1.0 + late / 10, abs=0.2)
    assert "ends early" not in caplog.text


def test_header_without_packets_is_invalid(tmp_path: Path, video: Video) -> None:
    whole = video("vp9.webm").read_bytes()
    path = tmp_path / "head.webm"
    path.write_bytes(whole[:600])
    with pytest.raises(InputInvalid):
        scan(path)


@pytest.mark.parametrize(("gap", "refused"), [(864, True), (50, False)])
def test_a_few_frames_that_claim_hours_are_refused_at_once(
    tmp_path: Path, make_video: MakeVideo, gap: int, refused: bool
) -> None:
    """A day in a hundred frames would be a million steps of features; a slide show of two hours is one."""
    path = tmp_path / "v.mp4"
    ticks = [i * gap for i in range(100)]
    make_video(path, count=100, width=32, height=32, ticks=ticks, time_base=Fraction(1, 1))
    if refused:
        with pytest.raises(InputInvalid, match="for 100 frames: one every"):
            scan(path)
    else:
        assert scan(path).duration == pytest.approx(100 * gap, abs=gap)
