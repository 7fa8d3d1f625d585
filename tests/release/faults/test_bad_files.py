"""Wrong tables and JSON, and files that would run code: a sample; tests/soak/ takes all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cli.conftest import Done, command  # noqa: F401 - a fixture
from release.faults.bad_files import bad_documents, bad_tables, problems
from release.faults.bombs import KINDS, PLACES, tried
from release.faults.commands import Inputs


def test_bad_tables_and_documents(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    run: Callable[..., Done] = request.getfixturevalue("command")
    assert problems(run, tmp_path, [*bad_tables(), *bad_documents()][::4]) == []


def test_files_that_would_run_code(request: pytest.FixtureRequest, inputs: Inputs, tmp_path: Path) -> None:
    run: Callable[..., Done] = request.getfixturevalue("command")
    named = {"VIDEO": inputs.videos / "0.mp4", "DATA": inputs.data, "MODEL": inputs.model}
    pairs = [(place, KINDS[number % len(KINDS)]) for number, place in enumerate(PLACES)]
    assert tried(run, tmp_path, named, pairs) == []
