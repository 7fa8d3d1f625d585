"""Files with several pictures, one a lens."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from bineego.errors import InputInvalid
from bineego.video.frames import Backend, FrameOptions
from bineego.video.parallel import read_parallel
from bineego.video.reader import VideoReader
from bineego.video.scan import scan

GREY = (40, 200)


@pytest.fixture(scope="module")
def two_lenses(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dark picture of 20 frames and a bright one of 10, in one file."""
    path = tmp_path_factory.mktemp("lenses") / "camera.insv"
    with av.open(str(path), "w", format="mp4") as output:
        streams = [output.add_stream("libx264", rate=10, options={"x264-params": "keyint=5"}) for _ in GREY]
        for stream in streams:
            stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for number in range(20):
            for stream, grey in zip(streams[: 1 + (number < 10)], GREY, strict=False):
                frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), grey + number, np.uint8), "rgb24")
                frame.pts = number
                output.mux(stream.encode(frame))
        for stream in streams:
            output.mux(stream.encode(None))
    return path


def mean(pictures: list[np.ndarray]) -> float:
    return float(np.mean(pictures))


@pytest.mark.parametrize(("stream", "n"), [(0, 20), (1, 10)])
@pytest.mark.parametrize("backend", list(Backend))
def test_the_one_that_is_asked_for_is_read(two_lenses: Path, stream: int, n: int, backend: Backend) -> None:
    if backend is Backend.OPENCV:
        pytest.importorskip("cv2")
    reader = VideoReader(two_lenses, FrameOptions(size=32), backend=backend, stream=stream)
    pictures = [picture for _, picture, _ in reader.read()]
    assert len(pictures) == n
    assert mean(pictures[:1]) == pytest.approx(GREY[stream], abs=4)
    assert reader.duration == pytest.approx(n / 10)


def test_in_parallel_too(two_lenses: Path) -> None:
    options = FrameOptions(size=32)
    reader = VideoReader(two_lenses, options, stream=1)
    pictures = [picture for _, picture, _ in read_parallel(two_lenses, options, workers=2, reader=reader)]
    assert len(pictures) == 10
    assert mean(pictures[:1]) == pytest.approx(GREY[1], abs=4)


def test_what_is_not_read_is_told(two_lenses: Path, caplog: pytest.LogCaptureFixture) -> None:
    scan(two_lenses)
    assert "2 video streams in one file" in caplog.text
    assert "--stream 1" in caplog.text
    caplog.clear()
    scan(two_lenses, stream=1)
    assert not caplog.records


def test_one_that_is_not_there(two_lenses: Path) -> None:
    with pytest.raises(InputInvalid, match="it has video streams 0 to 1"):
        scan(two_lenses, stream=2)
