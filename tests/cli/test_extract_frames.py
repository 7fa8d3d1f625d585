from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("videos")
    for name in ("a", "b"):
        with av.open(str(where / f"{name}.mp4"), "w") as output:
            stream = output.add_stream("libx264", rate=10)
            stream.width, stream.height, stream.pix_fmt = 64, 32, "yuv420p"
            for number in range(10):
                picture = np.full((32, 64, 3), 20 * number, np.uint8)
                output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
            output.mux(stream.encode(None))
    return where


@pytest.fixture
def run(command: Run) -> Run:
    return partial(command, "extract-frames")


def test_prints_the_cache_and_nothing_else(folder: Path, tmp_path: Path, run: Run) -> None:
    done = run(folder, "-o", tmp_path / "cache", "--size", "32", "--jobs", "1", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"{tmp_path / 'cache'}\n")
    assert "2 videos" in done.stderr
    assert len(list((tmp_path / "cache" / "32").iterdir())) == 2


def test_exit_codes(folder: Path, tmp_path: Path, run: Run) -> None:
    assert run(tmp_path / "gone.mp4", "-o", tmp_path / "cache", cwd=tmp_path).returncode == 3
    (tmp_path / "bad.mp4").write_text("no video")
    single = run(tmp_path / "bad.mp4", "-o", tmp_path / "cache", cwd=tmp_path)
    assert single.returncode == 4
    assert "Traceback" not in single.stderr
    some = run(folder, tmp_path / "bad.mp4", "-o", tmp_path / "cache", "--size", "32", "--jobs", "1", cwd=tmp_path)
    assert some.returncode == 5
    assert "bad.mp4" in some.stderr
    assert len(list((tmp_path / "cache" / "32").iterdir())) == 2
