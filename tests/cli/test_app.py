"""The frame of every command: start-up time, exit codes, one message for an error."""

from __future__ import annotations

import errno
import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bineego import errors
from bineego.cli import console


def bineego(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "bineego", *args], capture_output=True, text=True, check=False)


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys, bineego.cli.app; "
        "print([m for m in ('torch', 'pandas', 'cv2', 'av', 'matplotlib', 'pydantic') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_version_and_bare_call() -> None:
    assert bineego("--version").stdout.startswith("bineego ")
    bare = bineego()
    assert "Usage" in bare.stdout + bare.stderr


def test_unknown_option_is_a_usage_error() -> None:
    done = bineego("evaluate", "--no-such-option")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.UsageError("x"), 2),
        (errors.InputMissing("x"), 3),
        (errors.InputInvalid("x", where="file, line 3", remedy="mend it"), 4),
        (errors.BatchFailed("x"), 5),
        (errors.ModelError("x"), 6),
        (errors.ResourceExhausted("x"), 7),
        (PermissionError(errno.EACCES, "Permission denied", "locked"), 3),
        (OSError(errno.EINVAL, "Invalid argument", "x"), 3),
        (OSError(errno.EIO, "Input/output error", "x"), 3),
        (OSError(errno.ENOSPC, "No space left on device", "x"), 7),
        (OSError(errno.EMFILE, "Too many open files"), 7),
        (OSError("of a library"), 70),
        (errors.Interrupted(), 130),
        (errors.Terminated(), 143),
        (MemoryError(), 7),
        (KeyboardInterrupt(), 130),
        (ZeroDivisionError("ours"), 70),
    ],
)
def test_exit_codes(error: BaseException, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> None:
        raise error

    assert console.run(command) == code
    said = capsys.readouterr().err
    assert "Traceback" not in said
    if code == 4:
        assert said == "error: file, line 3: x\n  -> mend it\n"


def test_how_far_an_interrupted_command_has_come(capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> None:
        raise errors.Interrupted("3 of 5 videos done; the same command goes on")

    assert console.run(command) == 130
    assert capsys.readouterr().err == "interrupted: 3 of 5 videos done; the same command goes on\n"


def test_a_wrong_option_is_told_as_the_flag_that_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> None:
        raise errors.BadOption("must be 1 or more, not 0", where="batch_size")

    assert console.run(command) == 2
    assert capsys.readouterr().err == "error: --batch-size: must be 1 or more, not 0\n"


def test_nothing_of_a_file_reaches_the_terminal_raw(capsys: pytest.CaptureFixture[str]) -> None:
    console.set_up_logging()

    def command() -> None:
        logging.getLogger("bineego").warning("label \x1b[31mred\x9b0m\r\x07")
        raise errors.InputInvalid("not a time: " + "7" * 5000, where="a\x1b]0;title\x07.csv", remedy="mend it")

    console.run(command)
    said = capsys.readouterr().err
    assert not set(said) & set("\x1b\x9b\r\x07")
    assert "\\x1b[31mred" in said
    assert "77777777777777777777... (5,000 digits)" in said
    assert said.endswith("\n  -> mend it\n")


def test_quiet_means_no_progress(capsys: pytest.CaptureFixture[str]) -> None:
    console.set_up_logging(quiet=True)
    with console.progress("work") as on_progress:
        on_progress(1, 1)
    assert capsys.readouterr().err == ""


def test_progress_without_a_terminal_is_a_line_every_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    console.set_up_logging()
    with console.progress("work") as on_progress:
        for done in range(1, 101):
            on_progress(done, 100)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 10
    assert lines[-1].startswith("work: 100 %")


def test_demo_needs_a_folder_and_a_seed(tmp_path: Path, command: Callable[..., Any]) -> None:
    (tmp_path / "file").write_text("")
    done = command("demo", "-o", str(tmp_path / "file"))
    assert done.returncode == 2
    assert "is a file" in done.stderr
    assert command("demo", "-o", str(tmp_path / "new"), "--seed", "-1").returncode == 2
    assert not (tmp_path / "new").exists()
