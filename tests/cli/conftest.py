"""The tiny data set of the training tests, and the command line in this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from training.squares import make_dataset, tiny  # noqa: F401 - fixtures

from bineego.cli import console
from bineego.cli.app import app


@dataclass(frozen=True)
class Done:
    """A command line that has ended, as `subprocess.run` would tell it."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Runs a command line in this process: starting a program and its imports would cost more than most commands do.

    Programs of their own are started where that is what is tested (test_app.py, test_streams.py).
    """

    def call(*arguments: object, cwd: Path | None = None) -> Done:
        if cwd is not None:
            monkeypatch.chdir(cwd)
        console.set_up_logging()
        capfd.readouterr()
        try:
            code = console.run(lambda: app([str(word) for word in arguments], prog_name="bineego"))
        except SystemExit as ended:  # Typer's way out of a command that went well
            code = int(ended.code or 0)
        return Done(code, *capfd.readouterr())

    return call
