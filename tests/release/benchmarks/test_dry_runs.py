"""Every benchmark that needs no peer and no data of others runs, at tiny sizes."""

from __future__ import annotations

import importlib
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

SPEED = ("decode", "evaluate", "forward", "localize", "train_step", "workers")
HEADS = ("motion_pairs", "parts", "peers", "several", "sound", "suggest", "temporal_head", "two_views")
Run = Callable[..., None]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Calls a script as from the command line."""

    def call(name: str, *arguments: str) -> None:
        path = tmp_path / "result.json"
        monkeypatch.setattr(sys, "argv", [name, *arguments, "--dry", "--json", str(path)])
        importlib.import_module(f"benchmarks.{name}").main()
        assert json.loads(path.read_text())["rows"]

    return call


@pytest.mark.parametrize("name", SPEED)
def test_speed(name: str, run: Run) -> None:
    if name == "decode" and shutil.which("ffmpeg") is None:
        pytest.skip("no ffmpeg program here")
    run(f"speed.{name}")


@pytest.mark.parametrize("name", HEADS)
def test_temporal_head(name: str, run: Run, tmp_path: Path) -> None:
    run(f"accuracy.{name}", "--work", str(tmp_path / "work"))


def test_real_tracks(shared: Path, run: Run) -> None:
    run("accuracy.real_tracks", str(shared / "goldens" / "tracks"))
