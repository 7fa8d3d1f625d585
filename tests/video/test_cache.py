from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bineego.errors import InputInvalid, InputMissing
from bineego.video.build import build_cache
from bineego.video.cache import FRAMES_NAME, INDEX_NAME, CachedVideo, FrameCache, safe_name
from bineego.video.frames import Backend, FrameOptions
from bineego.video.reader import VideoReader

Video = Callable[[str], Path]


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / max(1e-9, np.mean((one.astype(float) - other) ** 2))))


@pytest.mark.parametrize("kind", ["closed.mp4", "vfr.mp4", "mpeg4.avi"])
@pytest.mark.parametrize("options", [FrameOptions(size=48), FrameOptions(size=48, keep_aspect=True)])
def test_cached_and_live_frames_are_the_same(tmp_path: Path, video: Video, kind: str, options: FrameOptions) -> None:
    cache = FrameCache(tmp_path, options)
    build_cache(cache, {"v": video(kind)}, jobs=1)
    cached, live = cache.open("v", video(kind)), VideoReader(video(kind), options)
    np.testing.assert_array_equal(cached.times, live.times)
    assert cached.duration == live.duration
    frames = cached.frames(np.arange(len(cached)))
    for index, picture, _ in live.read():
        assert picture.shape == frames[index].shape == (*cached.shape, 3)
        assert psnr(picture, frames[index]) > 36


def test_random_access_in_any_order_with_repeats(tmp_path: Path, video: Video) -> None:
    cache = FrameCache(tmp_path, FrameOptions(size=32))
    build_cache(cache, {"v": video("closed.mp4")}, jobs=1)
    cached = cache.open("v", video("closed.mp4"))
    every = cached.frames(range(60))
    wanted = [59, 0, 7, 7, 30]
    np.testing.assert_array_equal(cached.frames(wanted), every[wanted])
    assert cached.frames([]).shape == (0, 32, 32, 3)
    with pytest.raises(IndexError):
        cached.frames([60])


def test_pickled_copy_reads_in_another_process(tmp_path: Path, video: Video) -> None:
    cache = FrameCache(tmp_path, FrameOptions(size=32))
    build_cache(cache, {"v": video("closed.mp4")}, jobs=1)
    cached = cache.open("v", video("closed.mp4"))
    script = "import pickle, sys; print(int(pickle.load(sys.stdin.buffer).frames([3]).sum()))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-c", script], input=pickle.dumps(cached), capture_output=True, check=True, env=environment
    )
    assert int(done.stdout) == int(cached.frames([3]).sum())


def test_changed_video_is_stale_and_its_old_frames_go(tmp_path: Path, video: Video) -> None:
    path = Path(shutil.copy(video("closed.mp4"), tmp_path / "v.mp4"))
    cache = FrameCache(tmp_path / "cache", FrameOptions(size=32))
    build_cache(cache, {"v": path}, jobs=1)
    before = cache.entry("v", path)
    shutil.copy(video("hevc.mp4"), path)
    assert not cache.has("v", path)
    with pytest.raises(InputMissing, match="extract-frames"):
        cache.open("v", path)
    build_cache(cache, {"v": path}, jobs=1)
    assert cache.has("v", path)
    assert not before.exists()
    assert len(list(cache.sized_folder.iterdir())) == 1


def test_a_data_set_and_its_cache_can_move(tmp_path: Path, video: Video) -> None:
    (tmp_path / "here").mkdir()
    path = Path(shutil.copy(video("closed.mp4"), tmp_path / "here" / "v.mp4"))
    build_cache(FrameCache(tmp_path / "here" / "cache", FrameOptions(size=32)), {"v": path}, jobs=1)
    shutil.move(tmp_path / "here", tmp_path / "there")
    moved = tmp_path / "there" / "v.mp4"
    os.utime(moved, (1e9, 1e9))
    assert FrameCache(tmp_path / "there" / "cache", FrameOptions(size=32)).has("v", moved)


@pytest.mark.parametrize("size", [1, 5000, 10**7])
@pytest.mark.parametrize("place", [0, -1])
def test_videos_of_one_size_and_date_are_told_apart(tmp_path: Path, size: int, place: int) -> None:
    cache, path = FrameCache(tmp_path / "cache"), tmp_path / "v.mp4"
    content = bytearray(size)
    entries = set()
    for byte in (0, 1):
        content[place] = byte
        path.write_bytes(content)
        os.utime(path, (1e9, 1e9))
        entries.add(cache.entry("v", path))
    assert len(entries) == 2


def test_a_pipe_in_place_of_a_video_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "v.mp4")
    with pytest.raises(InputMissing, match="pipe"):
        FrameCache(tmp_path / "cache").has("v", tmp_path / "v.mp4")


def test_frames_that_somebody_may_be_reading_stay(tmp_path: Path, video: Video) -> None:
    """Two processes decode the same video; the slower one finds the other's frames."""
    cache, path = FrameCache(tmp_path, FrameOptions(size=32)), video("closed.mp4")
    reader = VideoReader(path, cache.options)
    slow = cache.write("v", reader, reader.read())
    next(slow)
    build_cache(cache, {"v": path}, jobs=1)
    entry = cache.entry("v", path)
    held = (entry / FRAMES_NAME).stat().st_ino
    list(slow)
    assert (entry / FRAMES_NAME).stat().st_ino == held
    assert list(cache.sized_folder.iterdir()) == [entry]


def test_same_id_of_two_data_sets_live_side_by_side(tmp_path: Path, video: Video) -> None:
    cache = FrameCache(tmp_path, FrameOptions(size=32))
    one, other = video("closed.mp4"), video("vfr.mp4")
    build_cache(cache, {"v": one}, jobs=1)
    build_cache(cache, {"v": other}, jobs=1)
    assert cache.open("v", one).duration != cache.open("v", other).duration


def test_sizes_and_backends_do_not_mix(tmp_path: Path, video: Video) -> None:
    path = video("closed.mp4")
    build_cache(FrameCache(tmp_path, FrameOptions(size=32)), {"v": path}, jobs=1)
    for other in (
        FrameCache(tmp_path, FrameOptions(size=48)),
        FrameCache(tmp_path, FrameOptions(size=32, keep_aspect=True)),
        FrameCache(tmp_path, FrameOptions(size=32), backend=Backend.OPENCV),
    ):
        assert not other.has("v", path)


def test_interrupted_writing_leaves_nothing(tmp_path: Path, video: Video) -> None:
    cache = FrameCache(tmp_path, FrameOptions(size=32))
    reader = VideoReader(video("closed.mp4"), cache.options)
    writing = cache.write("v", reader, reader.read())
    next(writing)
    assert list(cache.sized_folder.iterdir())
    writing.close()
    assert not list(cache.sized_folder.iterdir())


@pytest.mark.parametrize("name", [FRAMES_NAME, INDEX_NAME])
@pytest.mark.parametrize("content", [b"", b"rubbish" * 50])
def test_damaged_cache_says_what_to_do(tmp_path: Path, video: Video, name: str, content: bytes) -> None:
    cache = FrameCache(tmp_path, FrameOptions(size=32))
    path = video("closed.mp4")
    build_cache(cache, {"v": path}, jobs=1)
    (cache.entry("v", path) / name).write_bytes(content)
    with pytest.raises(InputInvalid) as caught:
        cache.open("v", path).frames([0])
    assert caught.value.remedy
    assert name in str(caught.value) or cache.entry("v", path).name in str(caught.value)


def test_damaged_tail_is_not_cached(tmp_path: Path, video: Video, spoil: Callable[..., Path]) -> None:
    path = spoil(video("closed.mp4"), tmp_path / "tail.mp4", slice(40, None))
    cache = FrameCache(tmp_path / "cache", FrameOptions(size=32))
    build_cache(cache, {"tail": path}, jobs=1)
    cached = cache.open("tail", path)
    assert len(cached) == 40
    assert cached.damaged == 20
    assert cached.duration == pytest.approx(40 / 30, abs=1e-3)


@given(st.text(max_size=300))
def test_names_are_safe_for_any_id(video_id: str) -> None:
    name = safe_name(video_id)
    assert len(name) <= 100
    assert not set(name) & set('/\\:*?"<>| \0\n')
    assert not name.startswith(".")


def test_odd_ids_get_folders_of_their_own(tmp_path: Path, video: Video) -> None:
    path = video("closed.mp4")
    cache = FrameCache(tmp_path, FrameOptions(size=32))
    ids = ["../../x", "a/b", "..", "", "A", "a", "x" * 300, "x" * 301, "naïve", "[ab]*"]
    entries = {cache.entry(video_id, path) for video_id in ids}
    assert len(entries) == len(ids)
    assert all(entry.parent == cache.sized_folder for entry in entries)
    build_cache(cache, dict.fromkeys(ids[:4], path) | {"[ab]*": path}, jobs=1)
    assert isinstance(cache.open("../../x", path), CachedVideo)
