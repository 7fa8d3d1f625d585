"""Wrong tables and JSON, and files that would run code, in every place, by the command line."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

from cli.conftest import Done
from release.faults.bad_files import bad_documents, bad_tables, problems
from release.faults.bombs import KINDS, PLACES, tried
from release.faults.commands import Inputs
from soak.results import note


def test_bad_tables_and_documents(command: Callable[..., Done], tmp_path: Path) -> None:
    files = [*bad_tables(), *bad_documents()]
    failed = problems(command, tmp_path, files)
    note("bad tables and JSON", len(files), len(failed), "one thing wrong in each; refused with the place, or read")
    assert not failed, "\n".join(failed)


def test_files_that_would_run_code(command: Callable[..., Done], inputs: Inputs, tmp_path: Path) -> None:
    named = {"VIDEO": inputs.videos / "0.mp4", "DATA": inputs.data, "MODEL": inputs.model}
    pairs = list(itertools.product(PLACES, KINDS))
    failed = tried(command, tmp_path, named, pairs)
    note("pickles that would run code", len(pairs), len(failed), f"{len(KINDS)} kinds in {len(PLACES)} places")
    assert not failed, "\n".join(failed)
