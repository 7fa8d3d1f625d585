"""Files with bytes overwritten, cut out or cut off: an expected error or frames in order, never a crash or a hang."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

READ = """
import logging, sys, warnings
from bineego.errors import BineegoError
from bineego.video.frames import FrameOptions
from bineego.video.reader import VideoReader
logging.disable(logging.CRITICAL)
for path in sys.argv[1:]:
    try:
        reader = VideoReader(path, FrameOptions(size=32))
        found = [(index, time) for index, _, time in reader.read()]
        assert [index for index, _ in found] == list(range(len(reader.times))), path
        assert all(a[1] < b[1] for a, b in zip(found, found[1:])), path
        assert 0 <= reader.damaged < len(found), path
    except BineegoError as error:
        assert error.exit_code in (3, 4) and path in str(error), path
print("done")
"""
KINDS = ["closed.mp4", "open.ts", "hevc.mp4", "mpeg4.avi", "vp8.webm", "vp9.webm", "pyramid.mkv"]


def mutated(content: bytes, rng: np.random.Generator) -> bytes:
    data = bytearray(content)
    for _ in range(int(rng.integers(1, 4))):
        at = int(rng.integers(0, len(data)))
        length = int(rng.choice([1, 4, 50, 2000]))
        match int(rng.integers(0, 4)):
            case 0:
                data[at : at + length] = rng.integers(0, 256, length, np.uint8).tobytes()
            case 1:
                del data[at : at + length]
            case 2:
                data[at:at] = rng.integers(0, 256, length, np.uint8).tobytes()
            case _:
                del data[max(200, at) :]
    return bytes(data)


@pytest.mark.parametrize("kind", KINDS)
def test_mutated_files(tmp_path: Path, video: Callable[[str], Path], kind: str) -> None:
    rng = np.random.default_rng(sum(kind.encode()))
    content = video(kind).read_bytes()
    paths = []
    for number in range(40):
        path = tmp_path / f"{number}_{kind}"
        path.write_bytes(mutated(content, rng))
        paths.append(str(path))
    done = subprocess.run(
        [sys.executable, "-c", READ, *paths], capture_output=True, text=True, timeout=600, check=False
    )
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
