"""SIGKILL at 100 random moments; SIGINT and SIGTERM in every phase."""

from __future__ import annotations

import signal
from pathlib import Path

import numpy as np
import pytest
from release.faults.commands import Inputs, Server
from release.faults.kills import COMMANDS, Victim, kill, stop
from soak.results import note

KILLS = {"train": 25, "train, two jobs": 10, "extract-frames": 15, "extract-frames, two jobs": 15, "localize": 15,
         "localize, two jobs": 10, "ensemble": 10}  # fmt: skip
MOMENTS = 8


@pytest.mark.parametrize("name", COMMANDS)
def test_killed_and_stopped(name: str, inputs: Inputs, quick: Server, tmp_path: Path) -> None:
    victim = Victim(name, inputs.fill(COMMANDS[name]), quick, tmp_path)
    victim.measure()
    late = kill(victim, KILLS[name], np.random.default_rng(0))
    note(f"SIGKILL: {name}", KILLS[name], 0, f"all at work, {late} more after the end; then completed, equal bytes")
    for number in (signal.SIGINT, signal.SIGTERM):
        hits, longest = stop(victim, number, MOMENTS)
        assert longest < 10
        note(f"{number.name}: {name}", MOMENTS, 0, f"{hits} at work; ended within {longest:.1f} s; then completed")
