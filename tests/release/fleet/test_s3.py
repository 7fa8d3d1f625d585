"""Videos from S3 and results to S3, through a real server on this machine; and from a web server."""

from __future__ import annotations

import functools
import http.server
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from release.fleet.conftest import Run, command, environment, files_in


def visible(system: Any, prefix: str) -> dict[str, bytes]:
    """The files of a prefix, hidden ones left out."""
    names = {path.removeprefix(f"{prefix}/"): path for path in system.find(prefix)}
    return {name: system.cat_file(path) for name, path in names.items() if not name.startswith(".")}


def test_from_s3_to_s3(
    bucket: Any, s3: dict[str, str], flags: list[str], expected: dict[str, bytes], run: Run, tmp_path: Path
) -> None:
    done = run("localize", "s3://fleet/in/*.mp4", "-o", "s3://fleet/out", *flags, "--scratch", "scratch", **s3)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["s3://fleet/out/predictions.csv", "s3://fleet/out/predictions.json"]
    assert visible(bucket, "fleet/out") == expected
    assert list((tmp_path / "scratch").iterdir()) == []
    again = run("localize", "s3://fleet/in", "-o", "s3://fleet/out", *flags, **s3)
    assert "8 of 8 videos already done" in again.stderr
    assert not [path for path in bucket.find("fleet/out/.bineego") if "/uploads/" in path or "/begun/" in path]
    bucket.pipe_file("fleet/out/v3.csv", b"corrected")
    assert run("localize", "s3://fleet/in", "-o", "s3://fleet/out", *flags, **s3).returncode == 2
    assert bucket.cat_file("fleet/out/v3.csv") == b"corrected"


def test_two_shards_at_once(
    bucket: Any, s3: dict[str, str], flags: list[str], expected: dict[str, bytes], tmp_path: Path
) -> None:
    line = command("localize", "s3://fleet/in", "-o", "s3://fleet/shards", *flags, "--jobs", "2")
    processes = [
        subprocess.Popen([*line, "--shard", f"{index}/2"], cwd=tmp_path, env=environment(**s3), stderr=subprocess.PIPE)
        for index in (1, 2)
    ]
    told = [process.communicate(timeout=600)[1].decode() for process in processes]
    assert [process.returncode for process in processes] == [0, 0], told
    assert visible(bucket, "fleet/shards") == expected


def test_frames_and_features(bucket: Any, s3: dict[str, str], videos: Path, run: Run, tmp_path: Path) -> None:
    for name, args in (("frames", ("--size", "32")), ("features", ("--kinds", "motion", "--size", "32"))):
        here = run(f"extract-{name}", videos / "v1.mp4", "-o", f"{name}-here", *args)
        there = run(f"extract-{name}", "s3://fleet/in/v1.mp4", "-o", f"s3://fleet/{name}", *args, **s3)
        assert (here.returncode, there.returncode) == (0, 0), there.stderr
        assert there.stdout == f"s3://fleet/{name}\n"
    frames = next((tmp_path / "frames-here").rglob("frames.jpg"))
    found = {Path(path).name: bucket.cat_file(path) for path in bucket.find("fleet/frames")}
    assert found["frames.jpg"] == frames.read_bytes()
    assert bucket.cat_file("fleet/features/v1.npy") == (tmp_path / "features-here" / "v1.npy").read_bytes()


def test_what_cannot_be_read_or_written(bucket: Any, s3: dict[str, str], flags: list[str], run: Run) -> None:
    gone = run("localize", "s3://fleet/in/none.mp4", "-o", "out", *flags, **s3)
    assert (gone.returncode, "s3://fleet/in/none.mp4: no such file" in gone.stderr) == (3, True), gone.stderr
    nowhere = run("localize", "s3://fleet/in/v1.mp4", "-o", "s3://no-such-bucket/out", *flags, **s3)
    assert (nowhere.returncode, "cannot be written" in nowhere.stderr) == (2, True), nowhere.stderr
    dead = s3 | {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
    away = run("localize", "s3://fleet/in/v1.mp4", "-o", "out", *flags, **dead)
    assert away.returncode == 3, away.stderr
    assert "Traceback" not in gone.stderr + nowhere.stderr + away.stderr


def test_a_full_scratch_disk(bucket: Any, s3: dict[str, str], flags: list[str], shim: Path, run: Run) -> None:
    broken = run(
        "localize", "s3://fleet/in/v1.mp4", "-o", "out", *flags, "--scratch", "scratch",
        LD_PRELOAD=str(shim), FAULT="write 1 28 .mp4", **s3,
    )  # fmt: skip
    assert broken.returncode == 7, broken.stderr
    assert "scratch/" in broken.stderr
    assert "--scratch" in broken.stderr
    assert run("localize", "s3://fleet/in/v1.mp4", "-o", "out", *flags, "--scratch", "scratch", **s3).returncode == 0


@pytest.fixture
def web(videos: Path) -> Iterator[str]:
    """A web server that knows nothing of parts of files."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(videos))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_from_the_web(web: str, flags: list[str], expected: dict[str, bytes], run: Run, tmp_path: Path) -> None:
    done = run("localize", f"{web}/v1.mp4?signature=secret", f"{web}/v2.mp4", "-o", "out", *flags)
    assert done.returncode == 0, done.stderr
    assert "secret" not in done.stderr + (tmp_path / "out" / "predictions.json").read_text()
    found = files_in(tmp_path / "out")
    assert {name: found[name] for name in ("v1.csv", "v2.csv", "v1.scores.npz")} == {
        name: expected[name] for name in ("v1.csv", "v2.csv", "v1.scores.npz")
    }
    several = run("localize", f"{web}/*.mp4", "-o", "all", *flags)
    assert several.returncode == 0, several.stderr
    assert files_in(tmp_path / "all") == expected
    refused = run("localize", f"{web}/v1.mp4", "-o", f"{web}/out", *flags)
    assert (refused.returncode, "cannot be written" in refused.stderr) == (2, True), refused.stderr


def test_without_the_extra(flags: list[str], run: Run, tmp_path: Path) -> None:
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / "s3fs.py").write_text("raise ImportError('no s3fs')\n")
    paths = os.pathsep.join([str(tmp_path / "hidden"), environment()["PYTHONPATH"]])
    found = run("localize", "s3://fleet/in/v1.mp4", "-o", "out", *flags, PYTHONPATH=paths)
    assert found.returncode == 3
    assert "pip install 'bineego[cloud]'" in found.stderr
