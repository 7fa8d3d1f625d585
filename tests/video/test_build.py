from __future__ import annotations

import os
import shutil
import time
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest

from bineego.errors import BatchFailed, InputInvalid, InputMissing, ResourceExhausted, UsageError
from bineego.video import build, parallel
from bineego.video.build import build_cache
from bineego.video.cache import FrameCache
from bineego.video.frames import FrameOptions

Video = Callable[[str], Path]
SMALL = FrameOptions(size=32)


def test_what_is_done_is_skipped(tmp_path: Path, video: Video) -> None:
    cache = FrameCache(tmp_path, SMALL)
    items = {"a": video("closed.mp4"), "b": video("vfr.mp4")}
    build_cache(cache, {"a": items["a"]}, jobs=1)
    stamp = (cache.entry("a", items["a"]) / "frames.jpg").stat().st_mtime_ns
    told: list[tuple[float, float]] = []
    build_cache(cache, items, jobs=1, on_progress=lambda done, total: told.append((done, total)))
    assert (cache.entry("a", items["a"]) / "frames.jpg").stat().st_mtime_ns == stamp
    assert cache.has("b", items["b"])
    assert told[-1][0] == pytest.approx(told[-1][1])
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    told.clear()
    build_cache(cache, items, jobs=1, on_progress=lambda done, total: told.append((done, total)))
    assert told == []


def test_a_lasting_failure_is_remembered(tmp_path: Path, video: Video) -> None:
    broken = tmp_path / "broken.mp4"
    content = bytearray(video("closed.mp4").read_bytes())
    content[len(content) // 8 :] = bytes(len(content) - len(content) // 8)
    broken.write_bytes(content)
    cache = FrameCache(tmp_path / "cache", SMALL)
    items = {"a": video("closed.mp4"), "b": broken}
    with pytest.raises(BatchFailed) as first:
        build_cache(cache, items, jobs=1)
    with pytest.raises(BatchFailed) as second:
        build_cache(cache, items, jobs=1)
    assert ("(as before)" in str(first.value), "broken.mp4" in str(second.value)) == (False, True)
    shutil.copy(video("vfr.mp4"), broken)
    build_cache(cache, items, jobs=1)
    assert cache.has("b", broken)


def test_several_processes_build_the_same(tmp_path: Path, video: Video) -> None:
    items = {name: video(name) for name in ("closed.mp4", "vfr.mp4", "mpeg4.avi")}
    one, two = FrameCache(tmp_path / "one", SMALL), FrameCache(tmp_path / "two", SMALL)
    build_cache(one, items, jobs=1)
    build_cache(two, items, jobs=2)
    for name, path in items.items():
        frames = [(cache.entry(name, path) / "frames.jpg").read_bytes() for cache in (one, two)]
        assert frames[0] == frames[1]


def test_one_long_video_is_cut_up(tmp_path: Path, video: Video, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "WORTH_CUTTING", 1.0)
    monkeypatch.setattr(parallel, "MIN_PART", 4)
    calls: list[int] = []
    whole = build.read_parallel
    monkeypatch.setattr(build, "read_parallel", lambda *a, **k: (calls.append(k["workers"]), whole(*a, **k))[1])
    one, two = FrameCache(tmp_path / "one", SMALL), FrameCache(tmp_path / "two", SMALL)
    path = video("open.mp4")
    build_cache(one, {"v": path}, jobs=1)
    build_cache(two, {"v": path}, jobs=2)
    assert calls == [2]
    assert (one.entry("v", path) / "frames.jpg").read_bytes() == (two.entry("v", path) / "frames.jpg").read_bytes()


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_batch_goes_on_past_bad_files(tmp_path: Path, video: Video, spoil: Callable[..., Path], jobs: int) -> None:
    (tmp_path / "empty.mp4").touch()
    items = {
        "gone": tmp_path / "gone.mp4",
        "empty": tmp_path / "empty.mp4",
        "spoilt": spoil(video("closed.mp4"), tmp_path / "spoilt.mp4", slice(None)),
        "good": video("closed.mp4"),
        "fine": video("vfr.mp4"),
    }
    cache = FrameCache(tmp_path / "cache", SMALL)
    with pytest.raises(BatchFailed, match="3 of 5") as caught:
        build_cache(cache, items, jobs=jobs)
    for name in ("gone.mp4", "empty.mp4", "spoilt.mp4"):
        assert name in str(caught.value)
    assert cache.has("good", items["good"])
    assert cache.has("fine", items["fine"])


def test_a_single_file_fails_with_its_own_error(tmp_path: Path) -> None:
    cache = FrameCache(tmp_path / "cache", SMALL)
    with pytest.raises(InputMissing):
        build_cache(cache, {"gone": tmp_path / "gone.mp4"})
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(InputInvalid):
        build_cache(cache, {"empty": tmp_path / "empty.mp4"})


def test_full_disk_is_foreseen(tmp_path: Path, video: Video, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**6, 10**6 - 1000, 1000))
    cache = FrameCache(tmp_path, SMALL)
    with pytest.raises(ResourceExhausted, match="needs about"):
        build_cache(cache, {"v": video("closed.mp4")}, jobs=1)
    assert not list(cache.sized_folder.iterdir())


def test_disk_need_is_said(tmp_path: Path, video: Video, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="bineego")
    cache = FrameCache(tmp_path, FrameOptions(size=64))
    build_cache(cache, {"v": video("closed.mp4")}, jobs=1)
    assert "1 video, " in caplog.text
    assert "of disk" in caplog.text


def test_cache_that_cannot_be_written_is_refused_first(tmp_path: Path, video: Video) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError):
        build_cache(FrameCache(tmp_path / "file", SMALL), {"v": video("closed.mp4")}, jobs=1)


def test_an_interrupt_leaves_nothing_half_written(tmp_path: Path, make_video: Callable[..., Path]) -> None:
    path = make_video(tmp_path / "v.mp4", count=500)
    cache = FrameCache(tmp_path / "cache", FrameOptions(size=256))

    def interrupt(done: float, total: float) -> None:
        if done > 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_cache(cache, {"a": path, "b": path, "c": path, "d": path}, jobs=2, on_progress=interrupt)
    assert not list(cache.sized_folder.glob(".*"))
    assert not all(cache.has(name, path) for name in "abcd")


def test_temporary_folders_that_vanish_meanwhile_are_no_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process finishes them."""
    monkeypatch.setattr(Path, "glob", lambda folder, pattern: iter([folder / ".gone.tmp"]))
    build._remove_abandoned(tmp_path)


def test_remains_of_killed_runs_are_removed(tmp_path: Path, video: Video) -> None:
    cache = FrameCache(tmp_path, SMALL)
    old, new = cache.sized_folder / ".a.x.tmp", cache.sized_folder / ".b.x.tmp"
    for folder in (old, new):
        folder.mkdir(parents=True)
        (folder / "frames.jpg").touch()
    long_ago = time.time() - 2 * build.ABANDONED
    for entry in (old / "frames.jpg", old):
        os.utime(entry, (long_ago, long_ago))
    build_cache(cache, {"v": video("closed.mp4")}, jobs=1)
    assert not old.exists()
    assert new.exists()
