"""Two trainings of one run: the second is refused before it touches anything, and death frees the run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bineego.errors import UsageError
from bineego.runs import RunFolder
from bineego.training.options import RunOptions
from bineego.training.run_folder import choose_folder
from bineego.training.run_lock import runs_freed

HOLDS = """
import sys
from pathlib import Path
from bineego.training.options import RunOptions
from bineego.training.run_folder import choose_folder
from bineego.training.run_lock import runs_freed
with runs_freed():
    folder = choose_folder(RunOptions(runs=Path(sys.argv[1])), sys.argv[2] or None, "auto")
    folder.path.mkdir()
    folder.config.write_text("")
    print(folder.name, flush=True)
    sys.stdin.read()
"""


def hold(runs: Path, name: str) -> subprocess.Popen[str]:
    """Another process in the middle of a training."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(runs), name],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline().strip() == (name or "auto")
    return process


def choose(runs: Path, name: str | None, **flags: bool) -> RunFolder:
    with runs_freed():
        return choose_folder(RunOptions(runs=runs, **flags), name, "auto")


@pytest.mark.parametrize("flags", [{"resume": True}, {"overwrite": True}])
def test_a_run_in_progress_is_refused_until_its_process_is_dead(tmp_path: Path, flags: dict[str, bool]) -> None:
    process = hold(tmp_path, "first")
    with pytest.raises(UsageError, match=rf"run 'first' is in use by process {process.pid}, for \d+ s"):
        choose(tmp_path, "first", **flags)
    assert choose(tmp_path, "second").name == "second"
    process.kill()
    process.wait()
    assert choose(tmp_path, "first", **flags).name == "first"
    assert choose(tmp_path, "first", **flags).name == "first"  # freed at the end of a call too


def test_a_run_without_a_name_takes_one_that_is_free(tmp_path: Path) -> None:
    process = hold(tmp_path, "")
    assert choose(tmp_path, None).name == "auto-2"
    process.kill()
    process.wait()
    (tmp_path / "auto" / "config.toml").unlink()
    assert choose(tmp_path, None).name == "auto"


def test_the_name_is_looked_at_again_once_it_is_locked(tmp_path: Path) -> None:
    process = hold(tmp_path, "first")
    process.communicate()  # it ends, and has made the run
    with pytest.raises(UsageError, match="a run named 'first' exists"):
        choose(tmp_path, "first")
