"""`bineego convert` as a program."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


@pytest.fixture
def run(command: Run) -> Run:
    return partial(command, "convert")


def test_prints_the_result_and_nothing_else(tmp_path: Path, run: Run) -> None:
    (tmp_path / "labels.csv").write_text("video_id,label,start,end\na,walk,0.5,1\n")
    done = run("labels.csv", "out.vtt", "--format", "srt", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "out.vtt\n")  # a folder: .vtt is no ending of srt files
    assert (tmp_path / "out.vtt" / "a.srt").exists()
    done = run("labels.csv", "out.json", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "out.json\n")
    assert "out.json: 1 segment of 1 video" in done.stderr


def test_exit_codes(tmp_path: Path, run: Run) -> None:
    (tmp_path / "bad.boris").write_text('{"observations": {}, "behaviors_conf": []}')
    (tmp_path / "labels.csv").write_text("video_id,label,start,end\na,walk,0.5,1\n")
    assert run("gone.csv", "out.json", cwd=tmp_path).returncode == 3
    assert run("bad.boris", "out.json", cwd=tmp_path).returncode == 4
    assert run("labels.csv", "out.doc", cwd=tmp_path).returncode == 2
    assert run("labels.csv", "labels.csv", cwd=tmp_path).returncode == 2
    assert not (tmp_path / "out.json").exists()
