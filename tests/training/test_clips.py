"""Clips from the cache: what a draw gives, and that nothing but the draw decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bineego.training import Recipe, RunOptions
from bineego.training.clips import Clips, Parts, build_loader
from bineego.training.prepare import gather, plan
from bineego.training.sampling import Draw


def clips(folder: Path, recipe: Recipe, options: RunOptions) -> Clips:
    found = gather(plan(folder, recipe, options), recipe, options)
    return Clips(found.samples, found.cache, recipe, found.panoramas)


def test_frames_are_those_on_screen(tiny: Path, recipe: Recipe, options: RunOptions) -> None:
    still = replace(recipe, jitter=False, flip=False, n_frames=4, split="none")
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
    one, other = (clips(tiny, replace(recipe, multi_scale_crop=True), options) for _ in range(2))
    draws = [Draw(i, e, r) for i in (0, 5) for e in (0, 1) for r in (0, 1)]
    for draw in draws:
        a, b = one[draw], other[draw]
        assert np.array_equal(a.frames, b.frames)
        assert a[1:] == b[1:]
    assert len({one[draw].low for draw in draws}) == len(draws)


def test_workers_change_nothing(tiny: Path, recipe: Recipe, options: RunOptions) -> None:
    batches = []
    for workers in (0, 2):
        parts = Parts()
        loader = build_loader(clips(tiny, replace(recipe, workers=workers), options), parts, pin=False)
        parts.parts = [[Draw(3, 1), Draw(1, 1)], [Draw(7, 1)], [Draw(2, 1, weight=0.0)]]
        batches.append(list(loader))
    for a, b in zip(*batches, strict=True):
        assert all((x == y).all() for x, y in zip(a, b, strict=True))
    assert batches[0][0].samples.tolist() == [3, 1]
    assert batches[0][2].weights.tolist() == [0.0]


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
