"""What every test of faults works on: a few videos' score tracks, a reference run of each command, and the shim."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bineego import tracks
from bineego.tracks import ScoreTrack

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("no C compiler, or not Linux: calls of the system cannot be made to fail")
    made = tmp_path_factory.mktemp("shim") / "fault.so"
    source = Path(__file__).with_name("fault.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", made, source, "-ldl"], check=True)
    return made


@pytest.fixture(scope="session")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Score tracks of eight videos, some of them without actions."""
    folder = tmp_path_factory.mktemp("tracks")
    rng = np.random.default_rng(0)
    for number in range(8):
        logits = rng.normal(0, 1, (40, 3)).astype(np.float32)
        logits[:, 0] += 3 * (number % 3)
        track = ScoreTrack(
            video_id=f"v{number}",
            edges=np.arange(41) * 0.5,
            logits=logits,
            actions=("jump", "run"),
            t=0.5,
            scene_probs=np.array([0.3, 0.7]),
            scenes=("indoors", "outdoors"),
        )
        tracks.save(track, folder / f"v{number}.scores.npz")
    return folder


def command(*args: object) -> list[str]:
    return [sys.executable, "-m", "bineego", *map(str, args)]


def environment(**more: str) -> dict[str, str]:
    paths = os.pathsep.join([str(Path(__file__).parents[3]), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", **more}


@pytest.fixture
def run() -> Run:
    """Runs a command to its end."""

    def call(*args: object, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(*args),
            cwd=folder,
            env=environment(**more),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    return call


def content(folder: Path) -> dict[str, bytes]:
    """All visible files, by their path."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    }
