from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from video.making import write_video

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("videos")
    write_video(where / "a.mp4", count=20, rate=10)
    return where


@pytest.fixture
def run(command: Run) -> Run:
    return partial(command, "extract-features")


def test_prints_the_folder_and_nothing_else(folder: Path, tmp_path: Path, run: Run) -> None:
    done = run(folder, "-o", "out", "--kinds", "motion,direction", "--size", "32", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "out\n")
    assert (tmp_path / "out" / "a.npy").is_file()
    again = run(folder, "-o", "out", "--kinds", "motion,direction", "--size", "32", cwd=tmp_path)
    assert (again.returncode, again.stdout) == (0, "out\n")
    assert "already done" in again.stderr


def test_exit_codes(folder: Path, tmp_path: Path, run: Run) -> None:
    (tmp_path / "bad.mp4").write_text("no video")
    motion = ("-o", "out", "--kinds", "motion", "--size", "32")
    assert run(tmp_path / "gone.mp4", *motion, cwd=tmp_path).returncode == 3
    assert run(tmp_path / "bad.mp4", *motion, cwd=tmp_path).returncode == 4
    assert run(folder, tmp_path / "bad.mp4", *motion, cwd=tmp_path).returncode == 5
    assert run(folder, "--model", "no-run", cwd=tmp_path).returncode == 6
    assert run(folder, "--trunk", "resnet18", "--model", "no-run", cwd=tmp_path).returncode == 2
    assert run(folder, "--kinds", "smell", cwd=tmp_path).returncode == 2
