"""Every call of the system that a command makes fails once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from release.faults.commands import Inputs, Server
from release.faults.disk import CALLS, COMMANDS, NUMBERS, Disk, try_one
from soak.results import note

ENOUGH = 600
"""Calls of one kind: the longest command makes fewer."""

STEP = {"train": int(os.environ.get("BINEEGO_SOAK_STEP", "8"))}
"""Of a command that takes seconds, every so many calls are tried; 1 tries all."""


@pytest.mark.parametrize("name", COMMANDS)
def test_every_call(name: str, inputs: Inputs, server: Server, tmp_path: Path) -> None:
    disk, tried, failed = Disk(inputs, server, tmp_path), 0, []
    step = STEP.get(name, 1)
    for call in CALLS:
        for nth in range(1, ENOUGH, step):
            tried += 1
            try:
                if not try_one(disk, name, call, nth, NUMBERS[nth % len(NUMBERS)]):
                    break
            except AssertionError as error:
                failed.append(f"{call} {nth}: {error}"[:1000])
                if len(failed) > 20:
                    break
        else:
            failed.append(f"{call}: more than {ENOUGH}")
    which = "each" if step == 1 else f"one in {step}"
    note(f"a failing disk: {name}", tried, len(failed), f"{which} open, write, fsync, close and rename in turn")
    assert not failed, "\n".join(failed)
