"""Fixtures shared by all tests."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Machines differ in speed, and a slow one is no failure; derandomized, so that a red run can be repeated.
settings.register_profile(
    "bineego",
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("bineego")

# A run that was started in the background ignores Ctrl-C, and so would every program that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Two test processes on two cores: threads of theirs would wait for each other longer than they work.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")


TIERS = ("release", "soak")
"""Folders of slow tests, by the name of their marker: CI runs the first after the quick ones, people the second."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if (tier := item.path.relative_to(here).parts[0]) in TIERS:
            item.add_marker(tier)


@pytest.fixture(autouse=True)
def _logger_as_it_was() -> Iterator[None]:
    """A command takes the package's logger for itself; the tests after one that ran in this process still read it."""
    logger = logging.getLogger("bineego")
    handlers, level, propagate = logger.handlers[:], logger.level, logger.propagate
    yield
    logger.handlers[:], logger.propagate = handlers, propagate
    logger.setLevel(level)


@pytest.fixture(autouse=True)
def _signals_as_they_were() -> Iterator[None]:
    """What a test leaves behind would answer a signal that a later test in this process sends to itself."""

    def answers() -> list[object]:
        wakeup = signal.set_wakeup_fd(-1)
        signal.set_wakeup_fd(wakeup)
        return [wakeup, *map(signal.getsignal, (signal.SIGINT, signal.SIGTERM))]

    before = answers()
    yield
    assert answers() == before


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real footage and expected results that are not part of the repository, where a machine has them."""
    folder = Path(os.environ.get("BINEEGO_SHARED", Path(__file__).parents[2] / "shared"))
    if not folder.is_dir():
        pytest.skip(f"no shared data at {folder} (set BINEEGO_SHARED)")
    return folder
