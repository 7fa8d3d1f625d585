"""SIGKILL at any moment costs no more than the step under way, of a temporal head the epoch."""

from __future__ import annotations

import csv
import random
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from bineego.training import checkpoint
from bineego.tsm import load_model

DRIVER = Path(__file__).with_name("kill_driver.py")
KILLS = {"interval": 20, "temporal": 6}
TORN = {"interval": (2, 3, 6), "temporal": (2, 2, 2)}
"""Saves of one process after the other that are broken off; a temporal head saves once before its first epoch."""
MAX_STARTS = 80


@dataclass(frozen=True, kw_only=True)
class Work:
    """A folder with a run that nothing interrupted, its head, and how long it takes when the cache is there."""

    folder: Path
    head: str
    seconds: float = 0.0

    def start(self, data: Path, name: str, broken: int = 0) -> subprocess.Popen[bytes]:
        words = [str(data), self.head, name, str(self.folder / "cache"), str(broken)]
        with (self.folder / f"{name}.err").open("ab") as errors:
            return subprocess.Popen([sys.executable, str(DRIVER), *words], cwd=self.folder, stderr=errors)

    def said(self, name: str) -> str:
        return (self.folder / f"{name}.err").read_text()


def log(folder: Path) -> list[dict[str, str]]:
    with (folder / "log.csv").open() as file:
        return [{k: v for k, v in row.items() if not k.startswith("seconds")} for row in csv.DictReader(file)]


def assert_same(a: Path, b: Path) -> None:
    assert log(a) == log(b)
    for name in ("model.safetensors", "last/model.safetensors"):
        one, two = (load_model(folder / name).network.state_dict() for folder in (a, b))
        assert all(torch.equal(one[key], two[key]) for key in one), name
    assert (a / "val" / "predictions.csv").read_text() == (b / "val" / "predictions.csv").read_text()


@pytest.fixture(scope="module", params=list(KILLS))
def work(request: pytest.FixtureRequest, tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Work:
    made = Work(folder=tmp_path_factory.mktemp(request.param), head=request.param)
    for name in ("warm", "whole"):
        began = time.monotonic()
        assert made.start(tiny, name).wait() == 0, made.said(name)
    return Work(folder=made.folder, head=made.head, seconds=time.monotonic() - began)


def test_two_processes_train_the_same_model(work: Work) -> None:
    assert_same(work.folder / "runs" / "warm", work.folder / "runs" / "whole")


def test_kills_at_random_moments(work: Work, tiny: Path) -> None:
    runs, seconds = work.folder / "runs", work.seconds
    rng = random.Random(0)
    kills = 0
    for attempt in range(MAX_STARTS):
        process = work.start(tiny, "killed")
        if kills < KILLS[work.head]:
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
        assert process.returncode == 0, work.said("killed")
        if kills == KILLS[work.head]:
            break
        # It was faster than the kill: again from the beginning, with the kills that are left.
        assert_same(runs / "whole", runs / "killed")
        seconds *= 0.8
        (runs / "killed").rename(runs / f"finished-{attempt}")
    assert kills == KILLS[work.head]
    assert_same(runs / "whole", runs / "killed")
    assert not list((runs / "killed" / "last").glob(".state*"))


def test_kills_in_the_middle_of_a_save(work: Work, tiny: Path) -> None:
    for broken in TORN[work.head]:
        process = work.start(tiny, "torn", broken)
        assert process.wait() == -9, work.said("torn")
        saved = checkpoint.load(work.folder / "runs" / "torn" / "last")  # the one before is whole
        assert saved.network or saved.optimiser
    assert work.start(tiny, "torn").wait() == 0, work.said("torn")
    assert_same(work.folder / "runs" / "whole", work.folder / "runs" / "torn")
