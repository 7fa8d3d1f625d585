"""The SLURM script of docs/scale.md, run through a loop over its array and no scheduler; xargs as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from release.faults.conftest import environment
from release.fleet.conftest import files_in

DOCS = Path(__file__).parents[3] / "docs" / "scale.md"


@pytest.fixture
def here(tmp_path: Path) -> dict[str, str]:
    """An environment in which `bineego` is a command."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "bineego").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m bineego "$@"\n')
    (folder / "bineego").chmod(0o755)
    return environment(PATH=f"{folder}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def model_path(flags: list[str]) -> str:
    return flags[flags.index("--model") + 1]


def test_the_array(
    videos: Path, model_path: str, expected: dict[str, bytes], here: dict[str, str], tmp_path: Path
) -> None:
    found = re.search(r"<!-- script: localize.sbatch -->\n```bash\n(.*?)```", DOCS.read_text(), re.DOTALL)
    assert found
    script = tmp_path / "localize.sbatch"
    script.write_text(found[1])
    first, last = map(int, re.findall(r"--array=(\d+)-(\d+)", found[1])[0])
    for task in range(first, last + 1):
        told = here | {
            "SLURM_ARRAY_TASK_ID": str(task),
            "SLURM_ARRAY_TASK_COUNT": str(last - first + 1),
            "SLURM_CPUS_PER_TASK": "1",
            "VIDEOS": str(videos),
            "MODEL": model_path,
        }
        done = subprocess.run(
            ["bash", script], cwd=tmp_path, env=told, capture_output=True, text=True, check=False, timeout=600
        )
        assert done.returncode == 0, done.stderr
    written = files_in(tmp_path / "out")
    assert written["predictions.csv"] == expected["predictions.csv"]
    assert {f"v{number}.csv" for number in range(8)} <= set(written)


def test_xargs(videos: Path, model_path: str, expected: dict[str, bytes], here: dict[str, str], tmp_path: Path) -> None:
    found = re.search(r"^seq 20 \| xargs .*$", DOCS.read_text(), re.MULTILINE)
    assert found
    (tmp_path / "videos").symlink_to(videos)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "first").symlink_to(Path(model_path).parent)
    line = found[0].replace("seq 20", "seq 3").replace("/20", "/3").replace("-P 4", "-P 2")
    done = subprocess.run(
        ["bash", "-c", line], cwd=tmp_path, env=here, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr
    assert files_in(tmp_path / "out")["predictions.csv"] == expected["predictions.csv"]
