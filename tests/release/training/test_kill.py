"""SIGKILL at any moment costs no more than the step under way."""

from __future__ import annotations

import csv
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from bineego.training import checkpoint
from bineego.tsm import load_model

DRIVER = Path(__file__).with_name("kill_driver.py")
KILLS = 20
MAX_STARTS = 80


def start(work: Path, data: Path, name: str, broken: int = 0) -> subprocess.Popen[bytes]:
    with (work / f"{name}.err").open("ab") as errors:
        return subprocess.Popen(
            [sys.executable, str(DRIVER), str(data), name, str(work / "frames"), str(broken)], cwd=work, stderr=errors
        )


def log(folder: Path) -> list[dict[str, str]]:
    with (folder / "log.csv").open() as file:
        return [{k: v for k, v in row.items() if not k.startswith("seconds")} for row in csv.DictReader(file)]


def assert_same(a: Path, b: Path) -> None:
    assert log(a) == log(b)
    for name in ("model.safetensors", "last/model.safetensors"):
        one, two = (load_model(folder / name).network.state_dict() for folder in (a, b))
        assert all(torch.equal(one[key], two[key]) for key in one), name
    assert (a / "val" / "predictions.csv").read_text() == (b / "val" / "predictions.csv").read_text()


@pytest.fixture(scope="module")
def work(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """A folder with an uninterrupted run, and how long one takes when the cache is there."""
    folder = tmp_path_factory.mktemp("work")
    for name in ("warm", "whole"):
        began = time.monotonic()
        assert start(folder, tiny, name).wait() == 0, (folder / f"{name}.err").read_text()
    return folder, time.monotonic() - began


def test_twenty_kills_at_random_moments(work: tuple[Path, float], tiny: Path) -> None:
    folder, seconds = work
    rng = random.Random(0)
    kills = 0
    for attempt in range(MAX_STARTS):
        process = start(folder, tiny, "killed")
        if kills < KILLS:
            try:
                # Loading the libraries takes half of such a run; most kills shall hit the training itself.
                process.wait(rng.uniform(0.3, 1.0) * seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                kills += 1
                continue
        else:
            process.wait()
        assert process.returncode == 0, (folder / "killed.err").read_text()
        if kills == KILLS:
            break
        # It was faster than the kill: again from the beginning, with the kills that are left.
        assert_same(folder / "runs" / "whole", folder / "runs" / "killed")
        seconds *= 0.8
        (folder / "runs" / "killed").rename(folder / "runs" / f"finished-{attempt}")
    assert kills == KILLS
    assert_same(folder / "runs" / "whole", folder / "runs" / "killed")
    assert not list((folder / "runs" / "killed" / "last").glob(".state*"))


def test_kills_in_the_middle_of_a_save(work: tuple[Path, float], tiny: Path) -> None:
    folder, _ = work
    for broken in (2, 3, 6):
        process = start(folder, tiny, "torn", broken)
        assert process.wait() == -9, (folder / "torn.err").read_text()
        assert checkpoint.load(folder / "runs" / "torn" / "last").network  # the one before is whole
    assert start(folder, tiny, "torn").wait() == 0, (folder / "torn.err").read_text()
    assert_same(folder / "runs" / "whole", folder / "runs" / "torn")
