"""Files with one damaged time, joined files, raw streams: the right times, and a word about them."""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from video.damage import flash, matroska_block, mp4_length, mp4_offset, mpeg

from bineego.video.frames import Backend, FrameOptions
from bineego.video.reader import VideoReader
from bineego.video.scan import scan

Make = Callable[..., Path]
RATE, FRAMES = 25, 100


@pytest.fixture(scope="module", params=[0, 2], ids=["in order", "reordered"])
def source(request: pytest.FixtureRequest, make_video: Make, tmp_path_factory: pytest.TempPathFactory) -> Make:
    """A regular video of some container, with and without frames that are decoded before they are shown."""
    folder = tmp_path_factory.mktemp("sources")

    def make(suffix: str) -> Path:
        path = folder / f"{request.param}{suffix}"
        options = {"x264-params": f"keyint=25:bframes={request.param}:scenecut=0"}
        return path if path.exists() else make_video(path, count=FRAMES, rate=RATE, options=options)

    return make


def assert_right(path: Path, caplog: pytest.LogCaptureFixture, n_doubtful: int = 1) -> None:
    timeline = scan(path)
    np.testing.assert_allclose(timeline.times, np.arange(FRAMES) / RATE, atol=2e-3)
    assert timeline.duration == pytest.approx(FRAMES / RATE, abs=0.01)
    assert len(timeline.doubtful) == n_doubtful
    assert "damaged times of 1 frame, the first at" in caplog.text
    assert "joined" not in caplog.text
    # And the pictures come with these times.
    found = list(VideoReader(path, FrameOptions(size=32)).read())
    assert [round(seconds * RATE) for _, _, seconds in found] == list(range(FRAMES))


@pytest.mark.parametrize("seconds", [300, -300, 5, -5, 0.5, -0.5, 0.06])
def test_mpeg(source: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture, seconds: float) -> None:
    path = tmp_path / "one.ts"
    mpeg(source(".ts"), path, 40, seconds)
    assert_right(path, caplog)
    assert "header" not in caplog.text  # such a file has none with a length
    assert len(list(VideoReader(path, FrameOptions(size=32), backend=Backend.OPENCV).read())) == FRAMES
    assert "read with PyAV, because OpenCV does not support corrected times" in caplog.text


@pytest.mark.parametrize("milliseconds", [20_000, -2_000])
def test_matroska(source: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture, milliseconds: int) -> None:
    path = tmp_path / "one.mkv"
    matroska_block(source(".mkv"), path, 60, milliseconds)
    assert_right(path, caplog)


@pytest.mark.parametrize("seconds", [300, -300, 2, -2])
def test_mp4_offset(make_video: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture, seconds: int) -> None:
    """Frames that fall out of the edit list by it are there again."""
    whole = make_video(
        tmp_path / "whole.mp4", count=FRAMES, rate=RATE, options={"x264-params": "keyint=25:bframes=2:scenecut=0"}
    )
    with av.open(str(whole)) as container:
        second = round(1 / container.streams.video[0].time_base)
    path = tmp_path / "one.mp4"
    mp4_offset(whole, path, 40, seconds * second)
    assert_right(path, caplog)


@pytest.mark.parametrize("picture", [0, -1])
@pytest.mark.parametrize("suffix", [".ts", ".flv", ".mkv"])
@pytest.mark.parametrize("seconds", [20, -5, 0.5, -0.5])
def test_at_an_end(
    source: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture, suffix: str, picture: int, seconds: float
) -> None:
    """The length and all other times are those of the whole file, though nothing comes before, or after."""
    path = tmp_path / f"one{suffix}"
    if suffix == ".mkv":
        matroska_block(source(suffix), path, picture, round(1000 * seconds))
    else:
        {".ts": mpeg, ".flv": flash}[suffix](source(suffix), path, picture, seconds)
    assert_right(path, caplog)
    assert "header" not in caplog.text


@pytest.mark.parametrize("picture", [0, -1])
@pytest.mark.parametrize("suffix", [".mpg", ".vob"])
@pytest.mark.parametrize("seconds", [300, -5, 0.5, -0.5])
@pytest.mark.parametrize("b_frames", ["0", "2"])
def test_program_stream_at_an_end(
    make_video: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture,
    b_frames: str, suffix: str, picture: int, seconds: float,
) -> None:  # fmt: skip
    """One stamp may be that of several frames."""
    options = {"bf": b_frames, "g": "12"}
    whole = make_video(tmp_path / f"whole{suffix}", codec="mpeg2video", count=FRAMES, rate=RATE, options=options)
    path = tmp_path / f"one{suffix}"
    mpeg(whole, path, picture, seconds)
    timeline = scan(path)
    np.testing.assert_allclose(timeline.times, np.arange(FRAMES) / RATE, atol=2e-3)
    assert timeline.duration == pytest.approx(FRAMES / RATE, abs=0.01)
    assert 1 <= timeline.damage.doubtful == len(timeline.doubtful)
    assert "damaged times of" in caplog.text
    assert "joined" not in caplog.text


@pytest.mark.parametrize("entry", [0, -1])
@pytest.mark.parametrize("seconds", [300, -5, 0.5, -0.5])
def test_mp4_offset_at_an_end(
    make_video: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture, entry: int, seconds: float
) -> None:
    options = {"x264-params": "keyint=25:bframes=2:scenecut=0"}
    whole = make_video(tmp_path / "whole.mp4", count=FRAMES, rate=RATE, options=options)
    with av.open(str(whole)) as container:
        second = round(1 / container.streams.video[0].time_base)
    path = tmp_path / "one.mp4"
    mp4_offset(whole, path, entry, round(seconds * second))
    assert_right(path, caplog)
    assert "header" not in caplog.text


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("b_frames", [0, 1, 2])
def test_a_pause_at_an_end_that_the_header_knows_of(
    make_video: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture, suffix: str, last: bool, b_frames: int
) -> None:
    steps = [40] * 60
    steps[-1 if last else 0] = 1900
    ticks = np.concatenate([[0], np.cumsum(steps)])
    options = {"x264-params": f"keyint=25:bframes={b_frames}:b-adapt=0:scenecut=0"}
    path = tmp_path / f"pause{suffix}"
    make_video(path, count=61, rate=RATE, ticks=ticks.tolist(), time_base=Fraction(1, 1000), options=options)
    np.testing.assert_allclose(scan(path).times, ticks / 1000, atol=2e-3)
    assert not caplog.records


@pytest.mark.parametrize("seconds", [60, -60, 5, -5])
def test_sound_still_says_where_the_start_is(tmp_path: Path, seconds: float) -> None:
    """A player's 0:00 is the first of both, here the sound, however wrong the first picture's time is."""
    whole, path = tmp_path / "whole.ts", tmp_path / "one.ts"
    with av.open(str(whole), "w") as output:
        sound, pictures = output.add_stream("mp2", rate=48_000), output.add_stream("mpeg2video", rate=RATE)
        pictures.width, pictures.height, pictures.pix_fmt = 96, 64, "yuv420p"
        quiet = av.AudioFrame.from_ndarray(np.zeros((1, 2 * 2 * 48_000), np.int16), format="s16", layout="stereo")
        quiet.sample_rate, quiet.pts = 48_000, 0
        output.mux(sound.encode(quiet))
        for number in range(50):
            picture = av.VideoFrame.from_ndarray(np.full((64, 96, 3), 4 * number, np.uint8), format="rgb24")
            picture.pts, picture.time_base = number + 5, Fraction(1, RATE)
            output.mux(pictures.encode(picture))
        for stream in (sound, pictures):
            output.mux(stream.encode(None))
    right = scan(whole)
    assert right.times[0] > 0.1
    mpeg(whole, path, 0, seconds)
    np.testing.assert_allclose(scan(path).times, right.times, atol=2e-3)


@pytest.mark.parametrize("seconds", [300, 3])
def test_mp4_length(make_video: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture, seconds: int) -> None:
    ticks = np.cumsum(np.tile([40, 41], 40)).tolist()  # lengths in turn: one entry of the table for each
    whole = make_video(
        tmp_path / "whole.mp4", count=80, ticks=ticks, time_base="1/1000", options={"x264-params": "bframes=0"}
    )
    right = scan(whole)
    with av.open(str(whole)) as container:
        second = round(1 / container.streams.video[0].time_base)
    path = tmp_path / "one.mp4"
    mp4_length(whole, path, 40, seconds * second)
    timeline = scan(path)
    np.testing.assert_allclose(timeline.times, right.times, atol=2e-3)
    assert "damaged times of 1 frame, the first at 1.6" in caplog.text


@pytest.mark.parametrize("suffix", [".ts", ".mkv", ".mpg"])
def test_joined_files_go_on(make_video: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture, suffix: str) -> None:
    codec = {"codec": "mpeg2video", "options": {"bf": "2"}} if suffix == ".mpg" else {"options": {"bf": "2"}}
    part = make_video(tmp_path / f"part{suffix}", count=50, rate=RATE, **codec)
    path = tmp_path / f"joined{suffix}"
    path.write_bytes(part.read_bytes() * 2)
    timeline = scan(path)
    np.testing.assert_allclose(timeline.times, np.arange(100) / RATE, atol=2e-3)
    assert "its clock jumps 1 time(s); the parts are joined without a gap" in caplog.text
    assert len(list(VideoReader(path, FrameOptions(size=32)).read())) == 100


@pytest.mark.parametrize(("suffix", "times", "read"), [(".mp4", 2, 1), (".flv", 2, 1), (".asf", 3, 1), (".mkv", 3, 2)])
def test_recordings_that_ffmpeg_does_not_read_are_told(
    make_video: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture, suffix: str, times: int, read: int
) -> None:
    codec = "mpeg4" if suffix == ".asf" else "libx264"
    part = make_video(tmp_path / f"part{suffix}", count=50, rate=RATE, codec=codec)
    path = tmp_path / f"joined{suffix}"
    path.write_bytes(part.read_bytes() * times)
    timeline = scan(path)
    assert len(timeline.times) == 50 * read
    assert timeline.damage.unread == round(1 - read / times, 2)
    assert f"the last {100 * timeline.damage.unread:.0f} % are not read: another recording begins there" in caplog.text
    caplog.clear()
    assert scan(part).damage.unread == 0
    assert "not read" not in caplog.text


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg, which writes Theora")
def test_joined_theora(tmp_path: Path) -> None:
    part, path = tmp_path / "part.ogv", tmp_path / "joined.ogv"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=s=64x48:r=10:d=5", "-c:v", "libtheora", part],
        check=True,
    )
    path.write_bytes(part.read_bytes() * 2)
    np.testing.assert_allclose(scan(path).times, np.arange(100) / 10, atol=2e-3)
    assert len(list(VideoReader(path, FrameOptions(size=32)).read())) == 100


@pytest.mark.parametrize(
    ("name", "codec", "container"),
    [
        ("raw.h264", "libx264", "h264"),
        ("raw.hevc", "libx265", "hevc"),
        ("raw.m2v", "mpeg2video", "mpeg2video"),
        ("raw.m1v", "mpeg1video", "mpeg1video"),
    ],
)
def test_raw_streams_go_by_the_rate_they_state(
    make_video: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, codec: str, container: str
) -> None:
    rate = 50 if codec.startswith("mpeg") else 10  # MPEG-1 and 2 know a few rates only
    options = {"x265-params": "log-level=none:pools=1"} if codec == "libx265" else {"bf": "2"}
    path = make_video(tmp_path / name, codec=codec, count=30, rate=rate, container=container, options=options)
    timeline = scan(path)
    np.testing.assert_allclose(timeline.times, np.arange(30) / rate, atol=1e-6)
    assert timeline.duration == pytest.approx(30 / rate)
    assert f"a raw stream has no times; read at {rate} frames per second" in caplog.text


def test_motion_jpeg_alone(make_video: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = make_video(tmp_path / "raw.mjpeg", codec="mjpeg", count=20, rate=10, container="mjpeg", pixels="yuvj420p")
    assert len(scan(path).times) == 20
    assert "read at 25 frames per second" in caplog.text  # such a file says nothing of its rate


def test_a_header_that_promises_less_is_told(
    make_video: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = make_video(tmp_path / "whole.mkv", count=FRAMES, rate=RATE)
    content = whole.read_bytes()
    assert b"00:00:04.000000000" in content
    path = tmp_path / "less.mkv"
    path.write_bytes(content.replace(b"00:00:04.000000000", b"00:00:02.000000000"))
    assert scan(path).duration == pytest.approx(4.0, abs=0.01)
    assert "4.00 s of video, but its header says 2.00 s" in caplog.text


@pytest.mark.parametrize("suffix", [".mkv", ".avi", ".flv"])
def test_a_length_of_the_whole_file_that_is_too_short_is_told(
    make_video: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture, suffix: str
) -> None:
    codec = "flv1" if suffix == ".flv" else "mpeg4"
    whole = make_video(tmp_path / f"whole{suffix}", codec=codec, count=FRAMES, rate=RATE, options={"g": "25"})
    content = bytearray(whole.read_bytes())
    before, form, length, less = {
        ".mkv": (b"\x44\x89\x88", ">d", FRAMES / RATE * 1000, 2000.0),  # milliseconds
        ".avi": (b"strh", "<I", FRAMES, FRAMES // 2),
        ".flv": (b"duration\0", ">d", FRAMES / RATE, 2.0),
    }[suffix]
    at = content.index(struct.pack(form, length), content.index(before))
    content[at : at + struct.calcsize(form)] = struct.pack(form, less)
    path = tmp_path / f"less{suffix}"
    path.write_bytes(content)
    assert scan(whole).damage.ends is None
    assert not caplog.records
    assert scan(path).duration == pytest.approx(4.0, abs=0.01)
    assert "4.00 s of video, but its header says 2.00 s" in caplog.text


class Pipe:
    """What cannot be gone back in, so that no length is filled in at the end."""

    def __init__(self) -> None:
        self.content = b""

    def write(self, data: bytes) -> int:
        self.content += bytes(data)
        return len(data)


@pytest.mark.parametrize("container", ["matroska", "asf"])
def test_a_length_that_ffmpeg_guesses_is_no_promise(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, container: str
) -> None:
    """From the rate of the sound alone: many times too long."""
    pipe = Pipe()
    with av.open(pipe, "w", format=container) as output:
        pictures, sound = output.add_stream("mpeg4", rate=RATE), output.add_stream("mp2", rate=48_000)
        pictures.width, pictures.height, pictures.pix_fmt = 96, 64, "yuv420p"
        pictures.bit_rate, sound.bit_rate = 0, 32_000
        noise = np.random.default_rng(0)
        for _ in range(FRAMES):
            picture = av.VideoFrame.from_ndarray(noise.integers(0, 256, (64, 96, 3), np.uint8), format="rgb24")
            output.mux(pictures.encode(picture))
        quiet = av.AudioFrame.from_ndarray(np.zeros((1, 2 * 4 * 48_000), np.int16), format="s16", layout="stereo")
        quiet.sample_rate = 48_000
        output.mux(sound.encode(quiet))
        for stream in (pictures, sound):
            output.mux(stream.encode(None))
    path = tmp_path / "piped"
    path.write_bytes(pipe.content)
    with av.open(str(path)) as opened:
        assert opened.duration > 2 * 1_000_000 * FRAMES / RATE  # a guess, if this is still how FFmpeg does it
    timeline = scan(path)
    assert timeline.duration == pytest.approx(FRAMES / RATE, abs=0.1)
    assert not timeline.damage
    assert not caplog.records


LENGTHS = [
    (".avi", "mpeg4", {"bf": "2"}),
    (".avi", "mjpeg", {}),
    (".rm", "rv20", {}),
    (".ivf", "libvpx", {"cpu-used": "8"}),
    (".flv", "flv1", {}),
    (".asf", "wmv2", {}),
    (".mkv", "mpeg4", {}),
]  # fmt: skip


@pytest.mark.parametrize(("suffix", "codec", "options"), LENGTHS)
def test_lengths_that_a_pipe_left_open_are_no_promise(
    make_video: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture,
    suffix: str, codec: str, options: dict[str, str],
) -> None:  # fmt: skip
    """And those of a file that was filled in at the end are one, though the file was cut since."""
    how = {"codec": codec, "options": options, "count": FRAMES, "rate": RATE, "width": 176, "height": 144}
    how["pixels"] = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    whole, pipe = make_video(tmp_path / f"whole{suffix}", **how), Pipe()
    make_video(pipe, container={".mkv": "matroska"}.get(suffix, suffix[1:]), **how)
    piped, cut, half = (tmp_path / f"{name}{suffix}" for name in ("piped", "cut", "half"))
    piped.write_bytes(pipe.content)
    half.write_bytes(pipe.content[: len(pipe.content) // 2])
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    for path in (whole, piped):
        timeline = scan(path)
        assert timeline.duration == pytest.approx(FRAMES / RATE, abs=0.1)
        assert not timeline.damage
    assert scan(half).damage.ends is None
    assert not caplog.records
    timeline = scan(cut)
    assert timeline.damage.ends == (pytest.approx(timeline.duration, abs=0.01), pytest.approx(4.0, abs=0.1))
    assert timeline.duration < 3
    assert "ends early" in caplog.text
