"""Two of everything at once, in one folder: both end well or one is refused, and the result is that of one alone."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from release.faults import disk, kills
from release.faults.commands import Inputs, Server, kept
from soak.results import note

COMMANDS: Mapping[str, list[str]] = {
    name: line for name, line in {**disk.COMMANDS, **kills.COMMANDS}.items() if name not in ("train", "curves")
}
TIMES = 5


@pytest.mark.parametrize("name", COMMANDS)
def test_two_at_once(name: str, inputs: Inputs, quick: Server, tmp_path: Path) -> None:
    made = disk.Disk(inputs, quick, tmp_path)
    line = inputs.fill(COMMANDS[name])
    alone, both = tmp_path / "alone", tmp_path / "both"
    for folder in (alone, both):
        made.arguments("convert", folder)
    assert quick.run(*line, folder=alone).wait() == 0
    refused = 0
    for _ in range(TIMES):
        processes = [quick.start(*line, folder=both) for _ in range(2)]
        codes = [process.wait() for process in processes]
        said = [process.stderr for process in processes]
        assert 0 in codes, said
        assert set(codes) <= {0, 2}, said  # a training that is held by another, and a file that has just appeared
        assert not any("Traceback" in text or "a bug" in text for text in said), said
        refused += codes.count(2)
        assert kept(both) == kept(alone)
        shutil.rmtree(both)
        made.arguments("convert", both)
    note(f"two at once: {name}", TIMES, 0, f"equal bytes; {refused} refused because of the other")
