"""Processes that are killed, or stand in each other's way: the last run completes what an undisturbed one gives."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from release.faults.commands import content
from release.faults.conftest import Run, command, environment


def start(*args: object, folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command(*args), cwd=folder, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


@pytest.fixture(scope="module")
def expected(stored: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("whole")
    args = command("localize", stored, "-o", "out", "--format", "csv,json", "--save-scores")
    subprocess.run(args, cwd=folder, env=environment(), check=True, capture_output=True)
    return content(folder / "out")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_killed_at_random_moments(
    number: signal.Signals, stored: Path, expected: dict[str, bytes], run: Run, tmp_path: Path
) -> None:
    rng = np.random.default_rng(int(number))
    args = ("localize", stored, "-o", "out", "--format", "csv,json", "--save-scores")
    for _ in range(6):
        process = start(*args, folder=tmp_path)
        time.sleep(float(rng.uniform(0.5, 3.0)))  # anywhere from loading to the end; where exactly does not matter
        process.send_signal(number)
        assert process.wait(timeout=600) in (0, -number, 128 + number)
        out = tmp_path / "out"
        for name, found in (content(out) if out.is_dir() else {}).items():
            if name.startswith("v"):  # the tables of all grow
                assert found == expected[name]
    last = run(*args, folder=tmp_path)
    assert last.returncode == 0, last.stderr
    assert content(tmp_path / "out") == expected


def test_several_at_once_in_one_folder(stored: Path, expected: dict[str, bytes], run: Run, tmp_path: Path) -> None:
    """The same videos by two processes, and the shards of two others: whoever ends last completes the tables."""
    args = ("localize", stored, "-o", "out", "--format", "csv,json", "--save-scores")
    processes = [start(*args, *more, folder=tmp_path) for more in ((), (), ("--shard", "1/2"), ("--shard", "2/2"))]
    assert [process.wait(timeout=300) for process in processes] == [0, 0, 0, 0]
    assert content(tmp_path / "out") == expected
    assert "8 of 8 videos already done" in run(*args, folder=tmp_path).stderr


def test_processes_that_come_and_go(stored: Path, expected: dict[str, bytes], run: Run, tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    args = ("localize", stored, "-o", "out", "--format", "csv,json", "--save-scores")
    running: list[subprocess.Popen[bytes]] = []
    for turn in range(6):
        running.append(start(*args, "--shard", f"{turn % 2}/2", folder=tmp_path))
        time.sleep(float(rng.uniform(0.2, 1.5)))
        if turn % 2:
            running[int(rng.integers(len(running)))].kill()
    for process in running:
        process.wait(timeout=300)
    assert run(*args, folder=tmp_path).returncode == 0
    assert content(tmp_path / "out") == expected
