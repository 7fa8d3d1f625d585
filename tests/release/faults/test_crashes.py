"""A decoder that crashes: its video is tried twice, then named and left out, and all others are done."""

from __future__ import annotations

from pathlib import Path

import pytest
from release.faults.conftest import Run
from video.making import write_video

CRASHES = """
import os, signal, sys
if sys.orig_argv[1:2] != ["-c"]:
    from bineego.video import parallel, reader
    kept_open, whole, parts = reader.VideoReader.read, None, parallel.decode_parts

    def crash(path):
        mark = str(path) + ".mark"
        if "always" in str(path) or ("once" in str(path) and not os.path.exists(mark)):
            open(mark, "w").close()
            os.kill(os.getpid(), signal.SIGSEGV)

    def read(self, *args, **more):
        crash(self.path)
        return kept_open(self, *args, **more)

    def decode_parts(path, *more):
        crash(path)
        yield from parts(path, *more)

    reader.VideoReader.read = read
    decode_parts.__module__, decode_parts.__qualname__ = parts.__module__, parts.__qualname__
    parallel.decode_parts = decode_parts
"""
"""Loaded by every process: a decoder that meets a file it cannot take."""


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("videos")
    for name in ("always", "good", "once"):
        write_video(folder / f"{name}.mp4", count=30)
    return folder


@pytest.fixture
def crashing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook" / "sitecustomize.py").write_text(CRASHES)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "hook"))


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize(
    ("command", "made"),
    [
        (["extract-frames", "--size", "32"], "32/*/frames.jpg"),
        (["extract-features", "--kinds", "motion"], "*.npy"),
    ],
    ids=["extract-frames", "extract-features"],
)
def test_of_several_videos_only_that_one_is_lost(
    command: list[str], made: str, jobs: int, crashing: None, videos: Path, tmp_path: Path, run: Run
) -> None:
    done = run(*command, videos, "-o", "out", "--jobs", jobs, folder=tmp_path)
    for mark in videos.glob("*.mark"):
        mark.unlink()
    assert done.returncode == 5, done.stderr
    assert "always" in done.stderr.rsplit("error:", 1)[1]
    assert "set aside: 2 processes that worked on it died, the last by signal 11" in done.stderr
    assert done.stderr.count("trying again") == 2, done.stderr  # once each
    assert len(list((tmp_path / "out").glob(made))) == 2


def test_a_long_video_that_several_processes_decode(crashing: None, tmp_path: Path, run: Run) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    write_video(folder / "once.mp4", count=300, rate=10, options={"x264-params": "keyint=20:bframes=0"})
    (folder / "once.mp4").rename(folder / "always.mp4")
    done = run("extract-frames", folder / "always.mp4", "-o", "out", "--jobs", 2, "--size", 32, folder=tmp_path)
    assert done.returncode == 5, done.stderr
    assert done.stderr.count("trying again") == 1
    assert "set aside" in done.stderr
    (folder / "always.mp4").rename(folder / "once.mp4")
    done = run("extract-frames", folder / "once.mp4", "-o", "out", "--jobs", 2, "--size", 32, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "trying again" in done.stderr
    assert len(list((tmp_path / "out").glob("32/*/frames.jpg"))) == 1
