"""Made-up files for every reader; what has been found is kept here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from soak.results import note

TARGETS = ("tables", "json", "eaf", "toml", "tracks", "features", "models")
SECONDS = float(os.environ.get("BINEEGO_SOAK_SECONDS", "300"))


@pytest.mark.parametrize("target", TARGETS)
def test_only_our_own_errors(target: str, tmp_path: Path) -> None:
    script = Path(__file__).with_name("fuzzing.py")
    paths = os.pathsep.join([str(script.parents[2]), str(script.parents[1])])
    done = subprocess.run(
        [sys.executable, script, target, "--seconds", str(SECONDS), "--found", tmp_path / "found"],
        env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.strip().splitlines()[-1])
    remarks = f"{SECONDS:g} CPU seconds by {found['by']}; the slowest took {found['slowest_s']:g} s"
    note(f"fuzzing: {target}", found["inputs"], len(found["failures"]), remarks)
    assert not found["failures"], (found["failures"], done.stderr[-3000:])
