"""Standard streams that are closed, full or read by nobody: the result is there, and the exit code says what was."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

TABLE = "video_id,label,start,end,score\nv,jump,0.0,1.0,0.5\n"


def shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of sh in which $B stands for the command."""
    script = f'B="{sys.executable} -m bineego"\n{line}'
    return subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(TABLE)
    return tmp_path


@pytest.mark.parametrize(
    ("redirected", "code", "said"),
    [
        (">/dev/full", 7, "standard output: cannot be written (No space left on device)"),
        (">&-", 7, "standard output: cannot be written (it is closed)"),
        ("2>/dev/full", 0, ""),
        ("2>&-", 0, ""),
        (">/dev/full 2>/dev/full", 7, ""),
        (">&- 2>&- <&-", 7, ""),
        ("| true; exit ${PIPESTATUS[0]}", 0, ""),
    ],
)
def test_the_result_is_there_whatever_becomes_of_the_streams(
    folder: Path, redirected: str, code: int, said: str
) -> None:
    done = shell(f"$B ensemble a.csv b.csv -o out.csv {redirected}", folder)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert said in done.stderr
    assert (folder / "out.csv").read_text() == TABLE


STARTED = """
import runpy, sys
from bineego.cli import signals
begin = signals.at_start
signals.at_start = lambda: (begin(), print("started", flush=True))
runpy.run_module("bineego", run_name="__main__", alter_sys=True)
"""


@pytest.mark.parametrize("seconds", [0.0, 0.3, 0.7])
@pytest.mark.parametrize(("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "")])
def test_a_signal_while_modules_are_loaded(seconds: float, number: int, code: int, word: str, tmp_path: Path) -> None:
    """When exactly it comes differs from machine to machine; what it leaves must not."""
    args = [sys.executable, "-c", STARTED, "demo", "-o", str(tmp_path / "demo")]
    process = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"  # until then Python itself is loading
    time.sleep(seconds)
    process.send_signal(number)
    said = process.communicate(timeout=600)[1]
    assert "Traceback" not in said
    assert process.returncode in ((code, -number) if number == signal.SIGTERM else (code,))
    assert word in said


def test_an_ignored_interrupt_stays_ignored(tmp_path: Path) -> None:
    line = "trap '' INT; $B --version & sleep 0.2; kill -INT $!; wait $!"
    assert shell(line, tmp_path).returncode == 0


def test_sigterm_ends_a_program_that_hangs_in_a_library(tmp_path: Path) -> None:
    code = (
        "import sys, time, threading\n"
        "from bineego.cli import console, signals\n"
        "signals.AT_MOST = 0.5\n"
        "def hang():\n"
        "    print('here', flush=True)\n"
        "    while True:\n"  # as a library that answers a signal by trying again
        "        try:\n"
        "            time.sleep(3600)\n"
        "        except BaseException:\n"
        "            pass\n"
        "signals.end_in_time()\n"
        "with console.started() as outcome:\n    hang()\nsys.exit(outcome.code)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    assert process.communicate()[1].endswith("terminated\n")
    assert process.returncode == 143
