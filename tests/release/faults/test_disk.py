"""A disk that fails at any call; tests/soak/ tries every one."""

from __future__ import annotations

import numpy as np
import pytest
from release.faults.commands import Inputs, Server
from release.faults.disk import CALLS, COMMANDS, NUMBERS, Disk, try_one

MOST = 12
"""Calls of one kind that the shorter commands make."""


@pytest.fixture(scope="module")
def disk(inputs: Inputs, server: Server, tmp_path_factory: pytest.TempPathFactory) -> Disk:
    return Disk(inputs, server, tmp_path_factory.mktemp("disk"))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_call_that_fails(name: str, disk: Disk) -> None:
    """A seeded sample of all calls."""
    rng = np.random.default_rng(sorted(COMMANDS).index(name))
    for call in CALLS:
        try_one(disk, name, call, int(rng.integers(1, MOST)), int(rng.choice(NUMBERS)))
