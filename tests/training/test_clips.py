"""Clips from the cache: what a draw gives, and that nothing but the draw decides."""

from __future__ import annotations

import logging
import multiprocessing
import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bineego.errors import InputInvalid, ResourceExhausted
from bineego.training import Recipe, RunOptions
from bineego.training.clips import ClipLoader, Clips, fits_shared_memory
from bineego.training.guard import memory_errors
from bineego.training.prepare import gather, plan
from bineego.training.sampling import Draw


def clips(folder: Path, recipe: Recipe, options: RunOptions) -> Clips:
    found = gather(plan(folder, recipe, options), recipe, options)
    return Clips(found.samples, found.cache, recipe, found.panoramas)


def test_frames_are_those_on_screen(tiny: Path, recipe: Recipe, options: RunOptions) -> None:
    still = replace(recipe, jitter=False, flip=False, frames=4, split="none")
    found = clips(tiny, still, options)
    clip = found[Draw(3, 0)]  # of the first video, 1.5 to 2.0 s: frames 12 to 15 at 8 a second
    line = found.samples.timelines[0]
    video = found.cache.open(line.video_id, line.path)
    assert np.array_equal(clip.frames, video.frames([12, 13, 14, 15]))
    assert clip.action == 0
    assert clip.low == 1.5
    assert found[Draw(1, 0)].action == 1
    assert found[Draw(5, 0)].action == 2
    # An interval with fewer frames than slots repeats them.
    short = clips(tiny, replace(still, interval=0.25), options)[Draw(0, 0)]
    assert np.array_equal(short.frames, video.frames([0, 0, 1, 1]))


def test_a_draw_says_everything(tiny: Path, recipe: Recipe, options: RunOptions) -> None:
    one, other = (clips(tiny, replace(recipe, crop=True), options) for _ in range(2))
    draws = [Draw(i, e, r) for i in (0, 5) for e in (0, 1) for r in (0, 1)]
    for draw in draws:
        a, b = one[draw], other[draw]
        assert np.array_equal(a.frames, b.frames)
        assert a[1:] == b[1:]
    assert len({one[draw].low for draw in draws}) == len(draws)


def test_workers_change_nothing(tiny: Path, recipe: Recipe, options: RunOptions) -> None:
    batches = []
    for workers in (0, 2):
        with closing(ClipLoader(clips(tiny, replace(recipe, workers=workers), options), pin=False)) as loader:
            for _ in range(2):  # the same workers read the next epoch
                loader.start([[Draw(3, 1), Draw(1, 1)], [Draw(7, 1)], [Draw(2, 1, weight=0.0)]])
                batches.append(list(loader))
    for other in batches[1:]:
        for a, b in zip(batches[0], other, strict=True):
            assert all((x == y).all() for x, y in zip(a, b, strict=True))
    assert batches[0][0].samples.tolist() == [3, 1]
    assert batches[0][2].weights.tolist() == [0.0]


def test_where_shared_memory_is_small_batches_go_another_way(
    tiny: Path, recipe: Recipe, options: RunOptions, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    found = clips(tiny, replace(recipe, workers=1), options)
    draws = [[Draw(3, 1), Draw(1, 1)], [Draw(7, 1)]]
    with closing(ClipLoader(found, pin=False)) as loader:
        loader.start(draws)
        expected = list(loader)
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=100))
    with caplog.at_level(logging.INFO, logger="bineego"), closing(ClipLoader(found, pin=False)) as loader:
        loader.start(draws)
        for a, b in zip(loader, expected, strict=True):
            assert all((x == y).all() and x.dtype == y.dtype for x, y in zip(a, b, strict=True))
    assert "100 bytes, but prefetched clips need" in caplog.text


def test_the_need_of_shared_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Docker gives 64 MB; a batch of the report's networks is 50 MB, and every worker keeps two."""
    usage = shutil.disk_usage("/")
    for free, fits in ((64_000_000, False), (1_000_000_000, True)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _path, free=free: usage._replace(free=free))
        assert fits_shared_memory(Recipe(size=256), workers=2) is fits


class Unsendable:
    """As a tensor for which there is no room."""

    def __reduce__(self) -> object:
        raise RuntimeError("unable to allocate shared memory(shm) for file: No space left on device (28)")


def test_a_worker_that_cannot_send_ends_the_training(
    tiny: Path, recipe: Recipe, options: RunOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error comes up in a thread of the worker, which drops the batch; nothing else would tell of it."""
    recipe = replace(recipe, workers=1)
    monkeypatch.setattr("bineego.training.clips.collate", lambda _clips: Unsendable())
    with closing(ClipLoader(clips(tiny, recipe, options), pin=False)) as loader:
        loader.start([[Draw(3, 1)]])
        with pytest.raises(ResourceExhausted, match=r"(?s)shared memory.*--workers 0"), memory_errors(recipe):
            next(loader)


@pytest.mark.parametrize("workers", [0, 1])
def test_what_cannot_be_read_is_told_in_one_line(
    workers: int, make_dataset: Callable[..., Path], recipe: Recipe, options: RunOptions, tmp_path: Path
) -> None:
    options = replace(options, cache=tmp_path / "frames")
    found = clips(make_dataset(1), replace(recipe, workers=workers, split="none"), options)
    for path in (tmp_path / "frames").rglob("*.jpg"):
        path.write_bytes(path.read_bytes()[:1000])
    with closing(ClipLoader(found, pin=False)) as loader:
        loader.start([[Draw(0, 0)], [Draw(6, 0)]])
        with pytest.raises(InputInvalid) as caught:
            list(loader)
    assert not multiprocessing.active_children()  # though `caught` still holds the frames
    assert "frames.jpg" in str(caught.value)
    assert "run the command again" in str(caught.value)
    assert "Traceback" not in str(caught.value)


@pytest.mark.parametrize(
    ("width", "yaw", "view", "turned"),
    [
        (64, None, "panoramic", True),
        (64, False, "panoramic", False),
        (32, None, "panoramic", False),
        (32, True, "panoramic", False),
    ],
)
def test_only_whole_panoramas_are_turned(
    make_dataset: Callable[..., Path],
    recipe: Recipe,
    options: RunOptions,
    width: int,
    yaw: bool | None,
    view: str,
    turned: bool,
) -> None:
    folder = make_dataset(2, width=width)
    found = clips(folder, replace(recipe, yaw=yaw), replace(options, view=view))
    assert found.panoramas == (turned,)
