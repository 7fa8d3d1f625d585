"""Workers and drivers are killed at random moments: nothing is lost, nothing doubled. tests/soak has the full count."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from release.fleet.conftest import Run, files_in
from release.fleet.killing import count, kill_at_random, last_run


@pytest.mark.parametrize("engine", ["local", "ray"])
def test_a_few_kills(engine: str, videos: Path, flags: list[str], expected: dict[str, bytes], tmp_path: Path) -> None:
    if engine == "ray":
        pytest.importorskip("ray")
    out = tmp_path / "out"
    args = ["localize", str(videos), "-o", str(out), *flags, "--jobs", "2", "--engine", engine]
    tally = kill_at_random(args, out, kills=3, seed=1, pause=1.0)
    last = last_run(args, out)
    assert last.returncode == 0, (tally, last.stderr)
    assert files_in(out) == expected, tally
    assert count(out) == len(list(videos.iterdir()))
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".ray")]  # nothing under the home folder


def test_a_file_that_kills_its_worker_is_set_aside_by_ray(
    videos: Path, flags: list[str], expected: dict[str, bytes], run: Run, tmp_path: Path
) -> None:
    pytest.importorskip("ray")
    folder = tmp_path / "videos"
    shutil.copytree(videos, folder)
    shutil.copy(videos / "v7.mp4", folder / "deadly.mp4")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(
        "import os, sys\n"
        "if 'default_worker' in ' '.join(sys.orig_argv):\n"
        "    import builtins, io\n"
        "    sys.addaudithook(lambda event, args: os._exit(139)\n"
        "        if event == 'open' and str(args[0]).endswith('deadly.mp4') else None)\n"
    )
    args = ["localize", str(folder), "-o", "out", *flags, "--jobs", "2", "--engine", "ray"]
    found = run(*args, BINEEGO_TEST="1", PYTHONPATH=f"{tmp_path / 'site'}:{Path(__file__).parents[3]}")
    assert found.returncode == 5, found.stderr
    assert "deadly skipped: set aside: 2 workers that worked on it were lost" in found.stderr
    written = files_in(tmp_path / "out")
    assert {name: written[name] for name in expected if name.startswith("v")} == {
        name: content for name, content in expected.items() if name.startswith("v")
    }


def test_without_the_extra(videos: Path, flags: list[str], run: Run, tmp_path: Path) -> None:
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / "ray.py").write_text("raise ImportError('no ray')\n")
    paths = f"{tmp_path / 'hidden'}:{Path(__file__).parents[3]}"
    found = run("localize", videos, "-o", "out", *flags, "--engine", "ray", PYTHONPATH=paths)
    assert (found.returncode, "pip install 'bineego[ray]'" in found.stderr) == (3, True), found.stderr


def test_no_cluster_answers(videos: Path, flags: list[str], run: Run) -> None:
    pytest.importorskip("ray")
    found = run("localize", videos, "-o", "out", *flags, "--engine", "ray", RAY_ADDRESS="127.0.0.1:9")
    assert (found.returncode, "no Ray cluster answers" in found.stderr) == (3, True), found.stderr
