"""500 short videos, and one of two hours: memory stays where it is once all is warm, and nothing stays open."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import av
import pytest
from release.faults.commands import Inputs
from release.faults.conftest import command, environment
from soak.results import note
from video.making import write_video

N_VIDEOS = int(os.environ.get("BINEEGO_SOAK_VIDEOS", "500"))
HOURS = float(os.environ.get("BINEEGO_SOAK_HOURS", "2"))
WARM = 0.3
"""Share of the time after which all is warm."""


def family(process: int) -> list[int]:
    """A process and all below it."""
    try:
        below = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:
        return []
    return [process, *(one for child in below for one in family(int(child)))]


def usage(process: int) -> tuple[float, int]:
    """MiB resident, and descriptors, of a process and all below it."""
    memory, files = 0.0, 0
    for one in family(process):
        try:
            status = Path(f"/proc/{one}/status").read_text()
            memory += int(status.split("VmRSS:")[1].split()[0]) / 1024
            files += len(list(Path(f"/proc/{one}/fd").iterdir()))
        except (OSError, IndexError):  # it has just ended
            continue
    return memory, files


def watched(folder: Path, *args: object) -> list[tuple[float, int]]:
    """`usage` of a command some times a second, from beginning to end."""
    found = []
    with subprocess.Popen(command(*args), cwd=folder, env=environment(), stderr=subprocess.PIPE) as process:
        while process.poll() is None:
            found.append(usage(process.pid))
            time.sleep(0.05)
        assert process.stderr is not None
        assert process.returncode == 0, process.stderr.read().decode()
    return found


def growth(found: list[tuple[float, int]]) -> tuple[float, int]:
    """How much memory grew after the warm-up, as a share of the most then, and how many more descriptors there were at
    the least.

    The last moments, in which processes end, are left out.
    """
    warm, late, width = int(WARM * len(found)), int(0.9 * len(found)), max(3, len(found) // 5)
    (memory, files), (last_memory, last_files) = (
        (max(m for m, _ in part), min(n for _, n in part))
        for part in (found[warm : warm + width], found[late - width : late])
    )
    return last_memory / memory - 1, last_files - files


def told(memory: float, files: int, found: list[tuple[float, int]]) -> str:
    return f"memory {memory:+.1%} after the warm-up ({max(m for m, _ in found):.0f} MiB), {files:+d} descriptors"


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("verb", ["extract-frames", "localize"])
def test_many_short_videos(verb: str, jobs: int, inputs: Inputs, tmp_path: Path) -> None:
    (tmp_path / "videos").mkdir()
    for number in range(N_VIDEOS):
        shutil.copy(inputs.videos / "0.mp4", tmp_path / "videos" / f"{number:04d}.mp4")
    more = ["--size", 32] if verb == "extract-frames" else ["--model", inputs.model]
    found = watched(tmp_path, verb, "videos", "-o", "out", "--jobs", jobs, *more)
    memory, files = growth(found)
    note(f"{verb} of many short videos, jobs: {jobs}", N_VIDEOS, int(memory > 0.05), told(memory, files, found))
    assert memory <= 0.05
    assert files <= 0


def repeated(minute: Path) -> Path:
    """The same minute for hours, without encoding it again."""
    path = minute.with_name("long.mp4")
    with av.open(str(path), "w") as output:
        for number in range(round(60 * HOURS)):
            with av.open(str(minute)) as source:
                given = source.streams.video[0]
                if number == 0:
                    stream = output.add_stream_from_template(given)
                for packet in source.demux(given):
                    if packet.dts is not None:
                        shift = round(60 * number / packet.time_base)
                        packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, stream
                        output.mux(packet)
    return path


@pytest.mark.parametrize("verb", ["extract-frames", "localize"])
def test_one_long_video(verb: str, inputs: Inputs, tmp_path: Path) -> None:
    long = repeated(write_video(tmp_path / "minute.mp4", codec="mpeg4", count=600, rate=10, width=64, height=48))
    more = ["--size", 32] if verb == "extract-frames" else ["--model", inputs.model]
    found = watched(tmp_path, verb, long, "-o", "out", "--jobs", 1, *more)
    memory, files = growth(found)
    note(f"{verb} of a video of {HOURS:g} hours", 1, int(memory > 0.05), told(memory, files, found))
    assert memory <= 0.05
    assert files <= 0
