"""A few short videos, a small model, and what an undisturbed run makes of them; a server of S3 on this machine."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from inference.conftest import make_video, model, model_file  # noqa: F401 - fixtures
from release.faults.conftest import command, environment, shim  # noqa: F401 - a fixture among them

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def videos(make_video: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: F811
    """Eight videos of about a second, no two alike."""
    folder = tmp_path_factory.mktemp("videos")
    for number in range(8):
        make_video(folder / f"v{number}.mp4", seconds=0.8 + 0.2 * number, fps=10)
    return folder


@pytest.fixture(scope="session")
def flags(model_file: Path) -> list[str]:  # noqa: F811
    return ["--model", str(model_file), "--precision", "fp32", "--save-scores", "--format", "csv,json"]


@pytest.fixture(scope="session")
def expected(videos: Path, flags: list[str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Files by name, of a run in one process that nothing disturbs."""
    out = tmp_path_factory.mktemp("whole") / "out"
    subprocess.run(
        command("localize", videos, "-o", out, *flags), env=environment(), check=True, capture_output=True, timeout=600
    )
    return files_in(out)


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a command to its end, in an empty folder that is also its home."""

    def call(*args: object, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(*args),
            cwd=tmp_path,
            env=environment(HOME=str(tmp_path), **more),
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )

    return call


@pytest.fixture(scope="session")
def s3() -> Iterator[dict[str, str]]:
    """The environment in which s3:// is a server on this machine."""
    server = pytest.importorskip("moto.server", reason="needs moto[server]").ThreadedMotoServer("127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    settings = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    yield settings
    server.stop()


@pytest.fixture
def bucket(s3: dict[str, str], videos: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A bucket `fleet` with the videos, seen through s3fs."""
    for name, value in s3.items():
        monkeypatch.setenv(name, value)
    s3fs = pytest.importorskip("s3fs")
    system = s3fs.S3FileSystem(skip_instance_cache=True, use_listings_cache=False)
    system.mkdir("fleet")
    for path in videos.iterdir():
        system.put_file(str(path), f"fleet/in/{path.name}")
    yield system
    system.rm("fleet", recursive=True)
