from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from bineego.errors import UsageError
from bineego.video import opencv
from bineego.video.frames import Backend, FrameOptions
from bineego.video.reader import VideoReader

Video = Callable[[str], Path]
SMALL = FrameOptions(size=48)


@pytest.mark.parametrize("kind", ["closed.mp4", "open.ts", "vfr.mp4", "mpeg4.avi", "vp9.webm", "hevc.mp4"])
def test_same_frames_at_the_same_times(video: Video, kind: str) -> None:
    """Pixels differ a little (colour upsampling); of all our frames, each of theirs is most like its own."""
    pytest.importorskip("cv2")
    reader = VideoReader(video(kind), SMALL)
    reference = np.stack([picture for _, picture, _ in reader.read()]).astype(int)
    other = VideoReader(video(kind), SMALL, backend=Backend.OPENCV)
    wanted = np.arange(0, len(reader.times), 3)
    found = list(other.read(wanted))
    assert [index for index, _, _ in found] == wanted.tolist()
    for index, picture, time in found:
        assert time == reader.times[index]
        differences = np.abs(reference - picture).mean(axis=(1, 2, 3))
        assert differences.argmin() == index
        assert differences[index] < 8
    assert other.damaged == 0


def test_rotation(tmp_path: Path, make_video: Callable[..., Path]) -> None:
    pytest.importorskip("cv2")
    path = make_video(tmp_path / "turned.mp4", count=5, rotation=90)
    options = FrameOptions(size=48, keep_aspect=True)
    mine = [picture for _, picture, _ in VideoReader(path, options).read()]
    theirs = [picture for _, picture, _ in VideoReader(path, options, backend=Backend.OPENCV).read()]
    assert mine[0].shape == theirs[0].shape == (72, 48, 3)
    assert np.abs(mine[4].astype(int) - theirs[4]).mean() < 6


def test_missing_library_names_the_way_out(video: Video, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    reader = VideoReader(video("closed.mp4"), SMALL, backend=Backend.OPENCV)
    with pytest.raises(UsageError, match="--backend opencv"):
        list(reader.read())


def test_environment_is_left_as_it_was(video: Video, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("cv2")
    monkeypatch.setenv("OPENCV_FFMPEG_CAPTURE_OPTIONS", "threads;1")
    list(VideoReader(video("closed.mp4"), SMALL, backend=Backend.OPENCV).read([0]))
    assert os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] == "threads;1"


@pytest.mark.parametrize("codec", ["libx264", "mpeg2video"])
@pytest.mark.parametrize("still", [False, True])
def test_interlaced_pictures_are_those_of_the_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, codec: str, still: bool
) -> None:
    """OpenCV says that it converted them, and gives what was in its memory."""
    cv2 = pytest.importorskip("cv2")
    path = tmp_path / "interlaced.mkv"
    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec, rate=25, options={"flags": "+ildct+ilme", "x264-params": "interlaced=1"})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for number in range(12):
            picture = np.full((64, 96, 3), 60, np.uint8)
            picture[:, 40 : 48 + (0 if still else 4 * number)] = 220
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts = number
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    ours = [picture for _, picture, _ in VideoReader(path, SMALL).read()]
    theirs = [picture for _, picture, _ in VideoReader(path, SMALL, backend=Backend.OPENCV).read()]
    assert len(theirs) == len(ours) == 12
    assert np.abs(np.stack(theirs).astype(int) - ours).mean(axis=(1, 2, 3)).max() < 8
    # A still picture may be in that memory by chance, and OpenCV 4.10 converts them.
    assert still or cv2.__version__.startswith("4.10.") or "read with PyAV" in caplog.text


@pytest.mark.parametrize("there", [0, 1, 5, 11])
def test_what_opencv_does_not_give_is_taken_from_pyav(
    tmp_path: Path, make_video: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, there: int
) -> None:
    """It ends at the first packet that it cannot use: an empty one (Theora's repetitions), say."""
    path = make_video(tmp_path / "v.mp4", count=12)
    expected = list(VideoReader(path, SMALL).read())

    def some(*_: object) -> list[tuple[int, np.ndarray, float]]:
        return [(number, frame.picture, frame.time) for number, frame in enumerate(expected[:there])]

    monkeypatch.setattr(opencv, "wanted_frames_opencv", some)
    reader = VideoReader(path, SMALL, backend=Backend.OPENCV)
    found = list(reader.read())
    assert reader.damaged == 0
    assert [frame.time for frame in found] == [frame.time for frame in expected]
    assert all(np.array_equal(one.picture, other.picture) for one, other in zip(found, expected, strict=True))


def test_a_still_picture_is_taken_from_opencv(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    pytest.importorskip("cv2")
    path = tmp_path / "still.mp4"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for number in range(10):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 90, np.uint8), "rgb24")
            frame.pts = number
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    assert len(list(VideoReader(path, SMALL, backend=Backend.OPENCV).read())) == 10
    assert not caplog.records
