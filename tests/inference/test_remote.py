"""Videos and results at addresses: the same bytes as on this machine, and nothing is left here."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import pytest

from bineego.errors import BatchFailed, InputMissing, UsageError
from bineego.formats import csv
from bineego.inference import LocalizeOptions, localize
from bineego.tsm.config import Precision
from bineego.tsm.model_file import Model

MakeVideo = Callable[..., Path]
MEMORY = fsspec.filesystem("memory")


@pytest.fixture(scope="module")
def folder(make_video: MakeVideo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("videos")
    make_video(folder / "b.mp4", seconds=2.2)
    make_video(folder / "a.mp4", seconds=1.5)
    return folder


@pytest.fixture
def root(folder: Path) -> Iterator[str]:
    """An address with two videos and a file that is none."""
    root = f"/{uuid.uuid4().hex}"
    for path in folder.iterdir():
        MEMORY.pipe_file(f"{root}/in/{path.name}", path.read_bytes())
    MEMORY.pipe_file(f"{root}/in/notes.txt", b"x")
    yield f"memory:/{root}"
    MEMORY.rm(root, recursive=True)


@pytest.fixture
def call(model: Model, tmp_path: Path) -> dict[str, object]:
    """A model in memory: memory:// is that of this process, so it must do the work."""
    options = LocalizeOptions(precision=Precision.FP32, scratch=tmp_path / "scratch")
    return {"model": model, "options": options, "save_scores": True, "format": ["csv", "json"]}


def there(address: str) -> dict[str, bytes]:
    """The visible files below an address."""
    prefix = address.removeprefix("memory:/")
    found = MEMORY.find(prefix)
    names = (path.removeprefix(f"{prefix}/") for path in found)
    return {name: MEMORY.cat_file(f"{prefix}/{name}") for name in names if not name.startswith(".")}


def test_from_an_address_to_an_address(folder: Path, root: str, call: dict[str, object], tmp_path: Path) -> None:
    localize(folder, output=tmp_path / "here", **call)
    here = {path.name: path.read_bytes() for path in (tmp_path / "here").iterdir() if path.is_file()}
    for given in (f"{root}/in", f"{root}/in/*.mp4"):
        found = localize(given, output=f"{root}/out", **call)
        assert found.videos == ("a", "b")
        assert [str(path) for path in found.results] == [f"{root}/out/predictions.{e}" for e in ("csv", "json")]
        assert there(f"{root}/out") == here
    assert found.skipped == ("a", "b")
    assert list((tmp_path / "scratch").iterdir()) == []
    MEMORY.rm_file(f"{root.removeprefix('memory:/')}/out/a.csv")
    assert localize(f"{root}/in", output=f"{root}/out", **call).skipped == ("b",)
    assert there(f"{root}/out") == here
    # From an address to a folder, and the other way round.
    localize(f"{root}/in", output=tmp_path / "mixed", **call)
    assert (tmp_path / "mixed" / "predictions.csv").read_bytes() == here["predictions.csv"]
    localize(folder, output=f"{root}/again", **call)
    assert there(f"{root}/again") == here


def test_shards_complete_the_tables(folder: Path, root: str, call: dict[str, object], tmp_path: Path) -> None:
    for index in range(1, 4):
        localize(f"{root}/in", output=f"{root}/out", shard=f"{index}/3", **call)
    (tmp_path / "p.csv").write_bytes(there(f"{root}/out")["predictions.csv"])
    assert set(csv.read_predictions(tmp_path / "p.csv")["video_id"]) == {"a", "b"}


def test_one_video_into_one_file(root: str, call: dict[str, object], folder: Path, tmp_path: Path) -> None:
    call["format"] = ["csv"]
    found = localize(f"{root}/in/a.mp4", output=f"{root}/out/result.csv", **call)
    assert [str(path) for path in found.results] == [f"{root}/out/result.csv"]
    localize(folder / "a.mp4", output=tmp_path / "result.csv", **call)
    assert there(f"{root}/out")["result.csv"] == (tmp_path / "result.csv").read_bytes()
    MEMORY.pipe_file(f"{root.removeprefix('memory:/')}/out/result.csv", b"mine")
    with pytest.raises(UsageError, match="has changed"):
        localize(f"{root}/in/a.mp4", output=f"{root}/out/result.csv", **call)


def test_a_score_track_at_an_address(root: str, call: dict[str, object]) -> None:
    localize(f"{root}/in/a.mp4", output=f"{root}/out", **call)
    again = localize(f"{root}/out/a.scores.npz", threshold=0.4)
    assert again.videos == ("a",)
    assert again.files == {}


def test_a_batch_goes_on_past_a_file_that_has_gone(
    root: str, call: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    MEMORY.pipe_file(f"{root.removeprefix('memory:/')}/in/c.mp4", b"no video")
    with pytest.raises(BatchFailed, match="1 of 3 inputs failed") as caught:
        localize(f"{root}/in", output=f"{root}/out", **call)
    assert caught.value.where == f"{root}/in/c.mp4"
    assert {"a.csv", "b.csv", "predictions.csv"} <= set(there(f"{root}/out"))


def test_what_is_not_there_or_cannot_be_used(root: str, call: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(InputMissing, match="no such file"):
        localize(f"{root}/none.mp4", **call)
    with pytest.raises(UsageError, match="no video at this address"):
        localize(f"{root}/in/*.txt", **call)
    MEMORY.pipe_file(f"{root.removeprefix('memory:/')}/in/a.mkv", b"x")
    with pytest.raises(UsageError, match="two inputs with the id 'a'"):
        localize(f"{root}/in", **call)
    with pytest.raises(UsageError, match="labelstudio counts frames"):
        localize(f"{root}/in/b.mp4", output=tmp_path / "o", **{**call, "format": ["labelstudio"]})
    with pytest.raises(UsageError, match="must be a path, or begin with"):
        localize("s4://bucket/x", **call)


def test_file_addresses(folder: Path, call: dict[str, object], tmp_path: Path) -> None:
    found = localize(f"file://{folder}/*.mp4", output=f"file://{tmp_path}/out", **call)
    assert found.videos == ("a", "b")
    assert (tmp_path / "out" / "predictions.csv").exists()
