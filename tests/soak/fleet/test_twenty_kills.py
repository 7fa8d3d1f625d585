"""20 kills of workers and drivers over 40 short videos, by both engines; the figures go to benchmarks/results."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
from inference.conftest import make_video, model, model_file  # noqa: F401 - fixtures
from release.fleet.conftest import files_in
from release.fleet.killing import count, kill_at_random, last_run

pytestmark = pytest.mark.soak

FIGURES = Path(__file__).parents[3] / "benchmarks" / "results" / "fleet_kills.json"
COUNT, KILLS = 40, 20


@pytest.fixture(scope="module")
def videos(make_video: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: F811
    folder = tmp_path_factory.mktemp("forty")
    for number in range(COUNT):
        make_video(folder / f"v{number:02d}.mp4", seconds=2 + 0.1 * number, fps=16)
    return folder


@pytest.fixture(scope="module")
def flags(model_file: Path) -> list[str]:  # noqa: F811
    shared = ["--precision", "fp32", "--save-scores", "--format", "csv,json"]
    return ["--model", str(model_file), *shared]


@pytest.fixture(scope="module")
def expected(videos: Path, flags: list[str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("whole") / "out"
    whole = last_run(["localize", str(videos), "-o", str(out), *flags], out)
    assert whole.returncode == 0, whole.stderr
    return files_in(out)


@pytest.mark.parametrize("engine", ["local", "ray"])
def test_nothing_is_lost_and_nothing_doubled(
    engine: str, videos: Path, flags: list[str], expected: dict[str, bytes], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    args = ["localize", str(videos), "-o", str(out), *flags, "--jobs", "2", "--engine", engine]
    tally = kill_at_random(args, out, kills=KILLS, seed=16)
    done, start = count(out), time.monotonic()
    last = last_run(args, out)
    assert last.returncode == 0, (tally, last.stderr)
    assert files_in(out) == expected, tally
    assert count(out) == COUNT
    before = json.loads(FIGURES.read_text()) if FIGURES.is_file() else {}
    row = asdict(tally) | {"done_before_the_last_run": done, "last_run_seconds": round(time.monotonic() - start, 1)}
    FIGURES.write_text(json.dumps(before | {engine: row}, indent=2, sort_keys=True) + "\n")
