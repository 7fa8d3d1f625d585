"""`bineego convert` as a program."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def run(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bineego", "convert", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)


def test_prints_the_result_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("video_id,label,start,end\na,walk,0.5,1\n")
    done = run("labels.csv", "out.vtt", "--format", "srt", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "out.vtt\n")  # a folder: .vtt is no ending of srt files
    assert (tmp_path / "out.vtt" / "a.srt").exists()
    done = run("labels.csv", "out.json", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "out.json\n")
    assert "out.json: 1 segment of 1 video" in done.stderr


def test_exit_codes(tmp_path: Path) -> None:
    (tmp_path / "bad.boris").write_text('{"observations": {}, "behaviors_conf": []}')
    (tmp_path / "labels.csv").write_text("video_id,label,start,end\na,walk,0.5,1\n")
    assert run("gone.csv", "out.json", cwd=tmp_path).returncode == 3
    assert run("bad.boris", "out.json", cwd=tmp_path).returncode == 4
    assert run("labels.csv", "out.doc", cwd=tmp_path).returncode == 2
    assert run("labels.csv", "labels.csv", cwd=tmp_path).returncode == 2
    assert not (tmp_path / "out.json").exists()
