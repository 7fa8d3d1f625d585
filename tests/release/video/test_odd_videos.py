"""Files that break readers, against what ffprobe says of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bineego.video.frames import Backend, FrameOptions
from bineego.video.probe import probe
from bineego.video.reader import VideoReader

# frames, damaged, first and last time (s), length (s), picture after rotation
FACTS = {
    "av1_video.mkv": (125, 0, 0.0, 4.96, 5.0, (640, 360)),
    "bitmap.mp4": (5, 0, 0.0, 4.0, 5.0, (1, 1)),
    "corrupted.mp4": (50, 2, 0.0, 4.9, 5.0, (1280, 720)),
    "fire2.mp4": (25, 0, 0.0, 2.279844, 2.379767, (1280, 720)),
    "h265_video.mp4": (10, 0, 0.0, 0.9, 1.0, (128, 128)),
    "nasa_13013.mp4": (325, 0, 0.0, 12.96, 13.0, (320, 180)),
    "no_duration.webm": (74, 0, 0.0, 4.872, 4.938, (1280, 720)),
    "test.avi": (164, 0, 0.04, 6.56, 6.6, (320, 240)),
    "unordered.mov": (4, 0, 0.0, 0.09375, 0.125, (50, 50)),
    "video_0.mov": (3, 0, 0.0, 0.066667, 0.1, (568, 320)),
    "video_90.mov": (3, 0, 0.0, 0.066667, 0.1, (320, 568)),
    "video_180.mov": (3, 0, 0.0, 0.066667, 0.1, (568, 320)),
    "video_270.mov": (3, 0, 0.0, 0.066667, 0.1, (320, 568)),
}


@pytest.mark.parametrize("name", FACTS)
def test_frames_and_times(shared: Path, name: str) -> None:
    frames, damaged, first, last, length, picture = FACTS[name]
    path = shared / "data" / "odd-videos" / name
    info = probe(path)
    assert (info.width, info.height) == picture
    reader = VideoReader(path, FrameOptions(size=32))
    found = list(reader.read())
    assert [index for index, _, _ in found] == list(range(frames))
    assert reader.damaged == damaged
    assert found[0][2] == pytest.approx(first, abs=1e-6)
    assert found[-1][2] == pytest.approx(last, abs=1e-6)
    assert reader.duration == pytest.approx(length, abs=1e-6)
    assert np.all(np.diff([time for _, _, time in found]) > 0)


@pytest.mark.parametrize("name", ["fire2.mp4", "video_0.mov", "video_90.mov", "video_180.mov", "video_270.mov"])
def test_rotation_is_that_of_opencv(shared: Path, name: str) -> None:
    pytest.importorskip("cv2")
    path = shared / "data" / "odd-videos" / name
    options = FrameOptions(size=128, keep_aspect=True)
    _, mine, _ = next(VideoReader(path, options).read())
    _, theirs, _ = next(VideoReader(path, options, backend=Backend.OPENCV).read())
    assert mine.shape == theirs.shape
    assert np.abs(mine.astype(int) - theirs).mean() < 3


def test_exit_codes_of_the_whole_folder(shared: Path, tmp_path: Path) -> None:
    folder = shared / "data" / "odd-videos"
    command = [sys.executable, "-m", "bineego", "extract-frames", "-o", str(tmp_path / "cache"), "--size", "32"]

    def run(*inputs: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*command, *map(str, inputs)], capture_output=True, text=True, cwd=tmp_path, check=False)

    whole = run(folder)
    assert whole.returncode == 5
    assert "result.webm: the file is empty" in whole.stderr
    assert "corrupted.mp4: 2 of 50 frames are damaged, the first at 3.00 s" in whole.stderr
    assert len(list((tmp_path / "cache" / "32").iterdir())) == len(FACTS)
    assert run(folder / "result.webm").returncode == 4
    assert run(folder / "video_0.mov").returncode == 0
