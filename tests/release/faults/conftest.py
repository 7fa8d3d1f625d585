"""What every test of faults works on: a few videos' score tracks, a reference run of each command, and the shim."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from release.faults.commands import Inputs, Server
from training.squares import make_dataset  # noqa: F401 - a fixture
from video.making import write_video

from bineego import tracks
from bineego.labels import LabelSet
from bineego.tracks import ScoreTrack
from bineego.tsm.card import ModelCard
from bineego.tsm.config import NetworkConfig, Trunk
from bineego.tsm.model_file import save_model
from bineego.tsm.network import TSM
from bineego.video.frames import FrameOptions

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


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory, stored: Path, request: pytest.FixtureRequest) -> Inputs:
    """What the commands under test work on: score tracks, three short videos, a data set, a small model."""
    folder = tmp_path_factory.mktemp("inputs")
    (folder / "videos").mkdir()
    for number in range(3):
        write_video(folder / "videos" / f"{number}.mp4", count=20 + 4 * number)
    network = NetworkConfig(trunk=Trunk.MOBILENET_V2, n_classes=3, n_scenes=2, n_frames=2)
    card = ModelCard(
        name="small", network=network, labels=LabelSet(actions=("jump", "run"), scenes=("indoors", "outdoors")),
        interval=0.25, frames=FrameOptions(size=16),
    )  # fmt: skip
    torch.manual_seed(0)
    save_model(folder / "model.safetensors", TSM(network).eval(), card)
    data = request.getfixturevalue("make_dataset")(2)
    return Inputs(tracks=stored, videos=folder / "videos", data=data, model=folder / "model.safetensors")


@pytest.fixture(scope="session")
def server(shim: Path) -> Iterator[Server]:
    """Starts commands at once, with the shim that makes calls fail in each of them."""
    made = Server(shim)
    yield made
    made.close()


@pytest.fixture(scope="session")
def quick() -> Iterator[Server]:
    """Starts commands at once, as they are."""
    made = Server()
    yield made
    made.close()


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
