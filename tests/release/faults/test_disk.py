"""A disk that fails at any call: the right code, the path, nothing half, and the same command mends it."""

from __future__ import annotations

import errno
import functools
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from release.faults.conftest import Run, command, content, environment

CALLS = ("open", "write", "fsync", "close", "rename")
NUMBERS = (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS, errno.ESTALE, errno.EFBIG)
COMMANDS = {
    "localize": ["localize", "TRACKS", "-o", "out", "--format", "csv,json", "--save-scores"],
    "one file": ["localize", "TRACKS/v1.scores.npz", "-o", "out/r.csv"],
    "ensemble": ["ensemble", "TRACKS", "TRACKS", "-o", "out/e.csv"],
    "curves": ["evaluate", "truth.csv", "found.csv", "--curves", "out/c.json"],
}
MOST = 40
"""Calls that are tried of one kind; localize makes more, all of them alike."""


def arguments(name: str, stored: Path, folder: Path) -> list[str]:
    (folder / "truth.csv").write_text("video_id,label,start,end\nv,jump,0,1\n")
    (folder / "found.csv").write_text("video_id,label,start,end,score\nv,jump,0,1,0.5\n")
    return [text.replace("TRACKS", str(stored)) for text in COMMANDS[name]]


@pytest.fixture(scope="module")
def undisturbed(stored: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, bytes]]:
    """What each command leaves where nothing fails."""

    @functools.cache
    def made(name: str) -> dict[str, bytes]:
        folder = tmp_path_factory.mktemp("whole")
        line = command(*arguments(name, stored, folder))
        subprocess.run(line, cwd=folder, env=environment(), check=True, capture_output=True)
        return content(folder)

    return made


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_call_that_fails(
    name: str,
    call: str,
    shim: Path,
    stored: Path,
    run: Run,
    tmp_path: Path,
    undisturbed: Callable[[str], dict[str, bytes]],
) -> None:
    """A seeded sample of all n; tests/soak has every one."""
    rng = np.random.default_rng([sorted(COMMANDS).index(name), CALLS.index(call)])
    expected = undisturbed(name)
    for nth in (1, int(rng.integers(2, MOST))):
        number = int(rng.choice(NUMBERS))
        folder = tmp_path / f"{nth}"
        folder.mkdir(exist_ok=True)
        given = arguments(name, stored, folder)
        plan = f"{call} {nth} {number} {folder}/out"
        broken = run(*given, folder=folder, LD_PRELOAD=str(shim), FAULT=plan)
        assert "Traceback" not in broken.stderr, plan
        assert "a bug in bineego" not in broken.stderr, broken.stderr
        if broken.returncode:
            assert broken.returncode in (2, 7), (plan, broken.stderr)
            assert "out" in broken.stderr, (plan, broken.stderr)
        for path, found in content(folder).items():
            assert found == expected[path], (plan, path)
        again = run(*given, folder=folder)
        assert again.returncode == 0, (plan, again.stderr)
        assert content(folder) == expected, plan
