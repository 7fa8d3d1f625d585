"""Frame caches that several processes use at once, and extractions that are broken off."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bineego.video.build import build_cache
from bineego.video.cache import FrameCache
from bineego.video.frames import FrameOptions
from bineego.video.reader import VideoReader

SMALL = FrameOptions(size=32)
FILL = """
import sys
from pathlib import Path
import simplejpeg
from bineego.video.build import build_cache
from bineego.video.cache import FrameCache
from bineego.video.frames import FrameOptions
cache, path = FrameCache(sys.argv[1], FrameOptions(size=32)), Path(sys.argv[2])
print("ready", flush=True)
sys.stdin.read()
build_cache(cache, {"v": path}, jobs=1)
cache.open("v", path).frames([0])
"""
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


@pytest.mark.parametrize("replaced", [False, True])
def test_several_processes_fill_one_cache(tmp_path: Path, video: Callable[[str], Path], replaced: bool) -> None:
    path = tmp_path / "v.mp4"
    cache = FrameCache(tmp_path / "cache", SMALL)
    for _ in range(10):
        shutil.rmtree(cache.folder, ignore_errors=True)
        if replaced:
            shutil.copy(video("vfr.mp4"), path)
            build_cache(cache, {"v": path}, jobs=1)
        shutil.copy(video("closed.mp4"), path)
        running = [
            subprocess.Popen(
                [sys.executable, "-c", FILL, cache.folder, path],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT,
            )
            for _ in range(4)
        ]  # fmt: skip
        for process in running:
            assert process.stdout is not None
            process.stdout.readline()
        for process in running:
            assert process.stdin is not None
            process.stdin.close()
            process.stdin = None
        assert [(process.communicate()[1], process.returncode) for process in running] == [("", 0)] * 4
        assert list(cache.sized_folder.iterdir()) == [cache.entry("v", path)]


def test_frames_can_be_read_while_others_write_them(tmp_path: Path, video: Callable[[str], Path]) -> None:
    path, cache = video("closed.mp4"), FrameCache(tmp_path, SMALL)
    build_cache(cache, {"v": path}, jobs=1)
    cached, stop, errors = cache.open("v", path), threading.Event(), []

    def read() -> None:
        while not stop.is_set():
            try:
                cached.frames([0, 1, 2])
            except Exception as error:
                errors.append(error)

    reading = threading.Thread(target=read)
    reading.start()
    for _ in range(100):
        reader = VideoReader(path, cache.options)
        list(cache.write("v", reader, reader.read()))
    stop.set()
    reading.join()
    assert not errors


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_extraction_that_is_broken_off_leaves_nothing(
    tmp_path: Path, make_video: Callable[..., Path], sent: signal.Signals, code: int
) -> None:
    (tmp_path / "videos").mkdir()
    first = make_video(tmp_path / "videos" / "0.mp4", count=1500)
    for number in (1, 2, 3):
        shutil.copy(first, tmp_path / "videos" / f"{number}.mp4")
    for _ in range(3):
        cache = tmp_path / "cache"
        shutil.rmtree(cache, ignore_errors=True)
        process = subprocess.Popen(
            [sys.executable, "-m", "bineego", "extract-frames", tmp_path / "videos", "-o", cache, "--jobs", "2"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT, start_new_session=True,
        )  # fmt: skip
        while process.poll() is None:
            if sum(file.stat().st_size > 0 for file in cache.glob("256/.*/frames.jpg")) == 2:
                break
            time.sleep(0.01)
        if sent == signal.SIGINT:
            os.killpg(process.pid, sent)  # as a terminal does
        else:
            process.send_signal(sent)
        process.communicate()
        assert process.returncode == code
        assert not list(cache.glob("256/.*"))
