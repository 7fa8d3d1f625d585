"""Every call of the system that a command makes fails once."""

from __future__ import annotations

from pathlib import Path

import pytest
from release.faults.commands import Inputs, Server
from release.faults.disk import CALLS, COMMANDS, NUMBERS, Disk, try_one
from soak.results import note

ENOUGH = 300
"""Calls of one kind: the longest command makes fewer."""


@pytest.mark.parametrize("name", COMMANDS)
def test_every_call(name: str, inputs: Inputs, server: Server, tmp_path: Path) -> None:
    disk, tried, failed = Disk(inputs, server, tmp_path), 0, []
    for call in CALLS:
        for nth in range(1, ENOUGH):
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
    note(f"a failing disk: {name}", tried, len(failed), "each open, write, fsync, close and rename in turn")
    assert not failed, "\n".join(failed)
