from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bineego.video import parallel
from bineego.video.frames import FrameOptions
from bineego.video.parallel import decode_parts, plan_parts, read_parallel
from bineego.video.reader import VideoReader

Video = Callable[[str], Path]
SMALL = FrameOptions(size=32)
KINDS = ["closed.mp4", "open.mp4", "open.ts", "hevc.mp4", "vp8.webm", "vp9.webm", "vfr.mp4"]


@pytest.fixture(autouse=True)
def short_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "MIN_PART", 4)


@functools.cache
def sequential(path: Path) -> list[tuple[int, np.ndarray, float]]:
    return list(VideoReader(path, SMALL).read())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("step", [1, 3])
def test_parts_hold_every_frame_once_and_as_in_sequence(video: Video, kind: str, step: int) -> None:
    """Each part decoded by itself, as a worker does it."""
    reader = VideoReader(video(kind), SMALL)
    wanted = np.arange(0, len(reader.times), step)
    parts = plan_parts(reader.timeline, reader.kept[wanted], 2)
    assert len(parts) == 3
    truth = sequential(video(kind))
    found = [item for item in decode_parts(reader.path, SMALL, reader.timeline, parts) if item is not None]
    assert [position for position, _, _ in found] == list(range(len(wanted)))
    for position, picture, time in found:
        assert time == truth[wanted[position]][2]
        np.testing.assert_array_equal(picture, truth[wanted[position]][1])


@pytest.mark.parametrize("kind", ["refresh.mp4", "mpeg4.avi"])
def test_files_that_cannot_be_cut_are_one_part(video: Video, kind: str) -> None:
    reader = VideoReader(video(kind), SMALL)
    assert len(plan_parts(reader.timeline, reader.kept, 2)) == 1


def assert_same(found: list[tuple[int, np.ndarray, float]], truth: list[tuple[int, np.ndarray, float]]) -> None:
    assert [(index, time) for index, _, time in found] == [(index, time) for index, _, time in truth]
    for mine, theirs in zip(found, truth, strict=True):
        np.testing.assert_array_equal(mine[1], theirs[1])


def test_two_processes_give_the_sequential_result(video: Video, monkeypatch: pytest.MonkeyPatch) -> None:
    truth = sequential(video("open.mp4"))

    def refuse(*_: object) -> None:
        raise AssertionError("fell back to the sequential read")

    monkeypatch.setattr(VideoReader, "in_order", refuse)
    assert_same(list(read_parallel(video("open.mp4"), SMALL, workers=2)), truth)


def test_damage_gives_the_sequential_result(tmp_path: Path, video: Video, spoil: Callable[..., Path]) -> None:
    path = spoil(video("closed.mp4"), tmp_path / "damaged.mp4", slice(25, 28))
    reader = VideoReader(path, SMALL)
    truth = list(reader.read())
    assert reader.damaged > 0
    again = VideoReader(path, SMALL)
    assert_same(list(read_parallel(path, SMALL, workers=2, reader=again)), truth)
    assert again.damaged == reader.damaged


def test_a_reader_that_stops_early_leaves_no_process(video: Video, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    worker = parallel.Worker

    def start(*args: object, **kwargs: object) -> parallel.Worker:
        started.append(worker(*args, **kwargs))  # type: ignore[arg-type]
        return started[-1]

    monkeypatch.setattr(parallel, "Worker", start)
    frames = read_parallel(video("closed.mp4"), SMALL, workers=2)
    next(frames)
    frames.close()  # type: ignore[attr-defined]
    assert len(started) == 2
    assert all(each._process.returncode is not None for each in started)


def test_one_worker_is_the_sequential_read(video: Video) -> None:
    assert_same(
        list(read_parallel(video("vfr.mp4"), SMALL, [1, 5, 6], 1)), [sequential(video("vfr.mp4"))[i] for i in (1, 5, 6)]
    )
