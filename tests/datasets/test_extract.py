from __future__ import annotations

import shutil
import uuid
from pathlib import Path

import fsspec
import pytest
from training.squares import make_dataset, tiny, write_video  # noqa: F401 - fixtures

import bineego
from bineego.errors import BatchFailed, InputMissing, UsageError
from bineego.video.frames import FrameOptions


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    where = tmp_path / "videos"
    write_video(where / "a.mp4", 0)
    shutil.copy(where / "a.mp4", where / "b.MP4")
    (where / "notes.txt").write_text("no video")
    (where / ".hidden.mp4").write_text("no video")
    return where


def test_public_verb(tmp_path: Path, folder: Path) -> None:
    cache = bineego.extract_frames(folder, tmp_path / "cache", options=FrameOptions(size=32), jobs=1)
    assert cache.folder == tmp_path / "cache"
    assert len(cache.open("a", folder / "a.mp4")) == 32
    assert cache.has("b", folder / "b.MP4")


def test_inputs_of_all_kinds(tmp_path: Path, folder: Path, tiny: Path) -> None:  # noqa: F811
    (folder / "labels.csv").write_text("video_id,label,start,end\na,x,0,1\n")
    for inputs in (folder, [folder, folder / "a.mp4"], str(folder / "a.mp4"), folder / "labels.csv"):
        cache = bineego.extract_frames(inputs, tmp_path / "cache", size=32, jobs=1)
        assert cache.has("a", folder / "a.mp4")
    cache = bineego.extract_frames(tiny, tmp_path / "cache", size=32, jobs=1)
    assert cache.has("r0", tiny / "panoramic" / "r0.mp4")


def test_two_files_with_one_id(tmp_path: Path, folder: Path) -> None:
    shutil.copy(folder / "a.mp4", folder / "a.mov")
    with pytest.raises(UsageError, match="'a'"):
        bineego.extract_frames(folder, tmp_path / "cache")


def test_missing_and_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputMissing):
        bineego.extract_frames(tmp_path / "gone.mp4", tmp_path / "cache")
    with pytest.raises(UsageError, match="no video"):
        bineego.extract_frames(tmp_path, tmp_path / "cache")


def below(address: str) -> dict[str, bytes]:
    system = fsspec.filesystem("memory")
    prefix = address.removeprefix("memory:/")
    return {path.removeprefix(f"{prefix}/"): system.cat_file(path) for path in system.find(prefix)}


def test_videos_and_caches_at_addresses(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = f"memory://{uuid.uuid4().hex}"
    fsspec.filesystem("memory").put(str(folder / "a.mp4"), f"{root.removeprefix('memory:/')}/in/a.mp4")
    how = {"size": 32, "jobs": 1, "scratch": tmp_path / "scratch"}
    here = bineego.extract_frames(folder / "a.mp4", tmp_path / "here", **how).entry("a", folder / "a.mp4")
    # Into a cache here: training finds the frames by the content of the video.
    cache = bineego.extract_frames(f"{root}/in", tmp_path / "cache", **how)
    frames = (here / "frames.jpg").read_bytes()
    assert (cache.entry("a", folder / "a.mp4") / "frames.jpg").read_bytes() == frames
    # Into one at an address.
    bineego.extract_frames(f"{root}/in/*.mp4", f"{root}/out", **how)
    bineego.extract_frames(folder / "b.MP4", f"{root}/out", **how)
    found = below(f"{root}/out")
    assert found[f"32/{here.name}/frames.jpg"] == frames
    assert sum(name.endswith("index.npz") for name in found) == 2
    assert list((tmp_path / "scratch").iterdir()) == []
    # What is there is not fetched again.
    monkeypatch.setattr("bineego.remote.scratch.fetch", None)
    bineego.extract_frames(f"{root}/in", tmp_path / "cache", **how)
    bineego.extract_frames(f"{root}/in", f"{root}/out", **how)


def test_a_bad_file_at_an_address(tmp_path: Path, folder: Path) -> None:
    root = f"memory://{uuid.uuid4().hex}"
    system = fsspec.filesystem("memory")
    system.put(str(folder / "a.mp4"), f"{root.removeprefix('memory:/')}/a.mp4")
    system.pipe_file(f"{root.removeprefix('memory:/')}/c.mp4", b"no video")
    for _ in range(2):  # the second time it is known
        with pytest.raises(BatchFailed, match="1 of 2 videos") as caught:
            bineego.extract_frames(root, f"{root}/out", size=32, jobs=1)
        assert f"{root}/c.mp4" in str(caught.value)
