"""Long videos in bounded memory, and processes that end at any moment."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from release.inference.test_long_videos import write_video

from bineego.features import npy
from bineego.features import track as tracks

CHILD = """
import json, resource, sys
import torch
torch.set_num_threads(1)
import bineego
found = bineego.extract_features(sys.argv[1], "out", size=64, jobs=1, kinds=sys.argv[2])
steps = len(next(iter(found.values())))
print(json.dumps({"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, "steps": steps}))
"""


def peak_of(video: Path, kinds: str, where: Path) -> tuple[int, int]:
    """Peak resident memory in bytes, and steps."""
    where.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(video), kinds], capture_output=True, text=True, check=True, cwd=where
    )
    found = json.loads(done.stdout)
    return 1024 * int(found["peak"]), int(found["steps"])


@pytest.mark.parametrize(("kinds", "numbers"), [("motion,direction", 129 + 132), ("final,mid", 1280 + 1792 + 261)])
def test_memory_grows_with_the_features_and_not_with_the_pictures(tmp_path: Path, kinds: str, numbers: int) -> None:
    minutes = (1, 10) if "motion" in kinds else (1, 4)
    peaks, steps = zip(
        *(peak_of(write_video(tmp_path / f"{m}.mp4", 60 * m, fps=12), kinds, tmp_path / str(m)) for m in minutes),
        strict=True,
    )
    more = steps[1] - steps[0]
    # Measured, read back and written: three copies in half precision at most; one picture has 12 kB.
    assert peaks[1] - peaks[0] < 3 * 2 * numbers * more + 40e6


def test_a_killed_process_leaves_whole_files_and_the_next_one_goes_on(tmp_path: Path) -> None:
    videos = tmp_path / "videos"
    videos.mkdir()
    for number in range(6):
        write_video(videos / f"{number}.mp4", 20, fps=25)
    command = [
        sys.executable, "-m", "bineego", "extract-features", str(videos), "-o", "out", "--kinds", "motion",
        "--size", "64", "--jobs", "2",
    ]  # fmt: skip
    cache = tmp_path / ".bineego" / "features"
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL, start_new_session=True)
    while process.poll() is None and not (cache.is_dir() and list(cache.glob("*.npz"))):
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for file in cache.glob("*.npz"):
        tracks.load(file)
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert sorted(path.stem for path in (tmp_path / "out").glob("*.npy")) == [str(number) for number in range(6)]
    for file in (tmp_path / "out").glob("*.npy"):
        assert len(npy.load(npy.describe(file))) == 250
