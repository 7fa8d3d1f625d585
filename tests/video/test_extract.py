from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import bineego
from bineego.errors import InputMissing, UsageError
from bineego.video.extract import find_inputs
from bineego.video.frames import FrameOptions

Video = Callable[[str], Path]


@pytest.fixture
def folder(tmp_path: Path, video: Video) -> Path:
    where = tmp_path / "videos"
    where.mkdir()
    shutil.copy(video("closed.mp4"), where / "a.mp4")
    shutil.copy(video("vfr.mp4"), where / "b.MP4")
    (where / "notes.txt").write_text("no video")
    (where / ".hidden.mp4").write_text("no video")
    return where


def test_public_verb(tmp_path: Path, folder: Path) -> None:
    cache = bineego.extract_frames(folder, tmp_path / "cache", options=FrameOptions(size=32), jobs=1)
    assert cache.folder == tmp_path / "cache"
    assert len(cache.open("a", folder / "a.mp4")) == 60
    assert cache.has("b", folder / "b.MP4")


def test_inputs_of_all_kinds(folder: Path) -> None:
    both = {"a": folder / "a.mp4", "b": folder / "b.MP4"}
    assert find_inputs(folder) == both
    assert find_inputs([folder, folder / "a.mp4"]) == both
    assert find_inputs(str(folder / "a.mp4")) == {"a": folder / "a.mp4"}


def test_two_files_with_one_id(folder: Path) -> None:
    shutil.copy(folder / "a.mp4", folder / "a.mov")
    with pytest.raises(UsageError, match="'a'"):
        find_inputs(folder)


def test_missing_and_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputMissing):
        find_inputs(tmp_path / "gone.mp4")
    with pytest.raises(UsageError, match="no videos"):
        bineego.extract_frames(tmp_path, tmp_path / "cache")
