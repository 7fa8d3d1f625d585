"""Fixtures of the training tests."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from training.squares import make_dataset, tiny  # noqa: F401 - fixtures

from bineego.training import Recipe, RunOptions, log


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True, scope="session")
def curves_not_drawn() -> Iterator[None]:
    """A picture of the curves costs more than an epoch on squares; test_log.py draws one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log, "write_curves", lambda table, picture: picture.write_bytes(b"not drawn"))
        yield


@pytest.fixture(scope="session")
def frames(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A frame cache shared by all tests: names of videos repeat, their contents are told apart by the cache."""
    return tmp_path_factory.mktemp("frames")


@pytest.fixture
def recipe() -> Recipe:
    return Recipe(trunk="mobilenet_v2", init="random", size=16, frames=2, epochs=2, batch_size=8, workers=0)


@pytest.fixture
def options(tmp_path: Path, frames: Path) -> RunOptions:
    return RunOptions(runs=tmp_path / "runs", cache=frames, device="cpu", jobs=1)


@pytest.fixture
def notes(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Messages for the user."""
    caplog.set_level(logging.INFO, "bineego")
    return caplog
