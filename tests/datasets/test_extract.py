from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from training.squares import make_dataset, tiny, write_video  # noqa: F401 - fixtures

import bineego
from bineego.errors import InputMissing, UsageError
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
