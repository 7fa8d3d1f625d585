from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from bineego.errors import InputInvalid, Interrupted, ModelError, ResourceExhausted
from bineego.inference.clips import (
    IN_FLIGHT,
    Answers,
    clip_batches,
    kept_answers,
    prefetched,
    score_clips,
    wanted_frames,
)
from bineego.kept import Kept
from bineego.tsm.network import ClipLogits


class Counting:
    """A source whose picture number i is filled with i."""

    def __init__(self, n: int) -> None:
        self.times, self.duration = np.arange(n) / 10.0, n / 10.0

    def read(self, indices: np.ndarray) -> Iterator[tuple[int, np.ndarray, float]]:
        assert (np.diff(indices) > 0).all()
        for i in indices.tolist():
            yield i, np.full((2, 2, 3), i, np.uint8), float(self.times[i])


def echo(frames: Tensor) -> ClipLogits:
    """Answers every clip with its frame numbers."""
    return ClipLogits(frames[:, :, 0, 0, 0].float(), None)


@given(st.integers(0, 1000), st.integers(1, 12), st.integers(1, 5), st.booleans())
def test_every_clip_gets_its_frames(seed: int, n_clips: int, batch: int, background: bool) -> None:
    rng = np.random.default_rng(seed)
    starts = np.sort(rng.integers(0, 80, n_clips))
    frames_NT = starts[:, None] + np.sort(rng.integers(0, 20, 4))[None]
    progress: list[tuple[float, float]] = []
    answers = score_clips(
        echo,
        Counting(100).read(wanted_frames(Counting(100), frames_NT)),
        frames_NT,
        batch=batch,
        background=background,
        on_progress=lambda done, total: progress.append((done, total)),
    )
    assert answers.scenes is None
    assert answers.actions is not None
    assert answers.actions.tolist() == frames_NT.tolist()
    assert progress[-1] == (n_clips, n_clips)


@pytest.mark.parametrize("stop", [1, 4, 9, 17])
@pytest.mark.parametrize("background", [False, True])
def test_what_was_interrupted_goes_on_from_where_it_was(tmp_path: Path, stop: int, background: bool) -> None:
    source = Counting(60)
    frames_NT = np.arange(18)[:, None] * 3 + np.arange(4)
    kept = Kept(tmp_path / "v.npz", "this")
    calls = 0

    def breaks(frames: Tensor) -> ClipLogits:
        nonlocal calls
        calls += 1
        if calls > stop:
            raise Interrupted
        return echo(frames)

    def score(network: Callable[[Tensor], ClipLogits]) -> Answers:
        earlier = kept_answers(kept, len(frames_NT), 1)
        frames = source.read(wanted_frames(source, frames_NT[sum(map(len, earlier)) :]))
        return score_clips(network, frames, frames_NT, batch=1, background=background, earlier=earlier, kept=kept)

    with pytest.raises(Interrupted):
        score(breaks)
    calls = -99
    answers = score(breaks)
    assert answers.actions is not None
    assert answers.actions.tolist() == frames_NT.tolist()
    assert calls + 99 <= 18 - max(0, stop - IN_FLIGHT)


def test_few_frames_are_held() -> None:
    alive = 0
    most = 0

    class Tracked(np.ndarray):
        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    def frames() -> Iterator[tuple[int, np.ndarray, float]]:
        nonlocal alive, most
        for i in range(1000):
            alive += 1
            most = max(most, alive)
            yield i, np.full((2, 2, 3), i % 256, np.uint8).view(Tracked), i / 10

    frames_NT = np.arange(0, 992, 4)[:, None] + np.arange(8)[None]
    assert sum(len(batch) for batch in clip_batches(frames(), frames_NT, 4)) == len(frames_NT)
    assert most <= 20


def test_errors_of_the_decoding_thread_come_up() -> None:
    class Broken(Counting):
        def read(self, indices: np.ndarray) -> Iterator[tuple[int, np.ndarray, float]]:
            yield from list(super().read(indices))[:3]
            raise InputInvalid("damaged")

    for background in (False, True):
        with pytest.raises(InputInvalid, match="damaged"):
            score_clips(echo, Broken(10).read(np.arange(10)), np.arange(8)[:, None], batch=2, background=background)


def test_thread_ends_when_its_items_are_not_wanted() -> None:
    def endless() -> Iterator[int]:
        i = 0
        while True:
            yield i
            i += 1

    with prefetched(endless(), 2) as items:
        assert next(items) == 0
    assert not [thread for thread in threading.enumerate() if thread.name == "decode"]


def test_a_network_that_gives_no_numbers() -> None:
    def nan(frames: Tensor) -> ClipLogits:
        return ClipLogits(torch.full((len(frames), 2), torch.nan), None)

    with pytest.raises(ModelError, match="output is not finite"):
        score_clips(nan, Counting(10).read(np.arange(10)), np.arange(8)[:, None], batch=2, background=False)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError(),
        RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_out_of_memory_names_a_batch(error: Exception) -> None:
    def full(frames: Tensor) -> ClipLogits:
        raise error

    with pytest.raises(ResourceExhausted, match="batch of 2 clips"):
        score_clips(full, Counting(10).read(np.arange(10)), np.arange(8)[:, None], batch=4, background=False)


def test_no_clips() -> None:
    answers = score_clips(echo, Counting(1).read(np.arange(1)), np.zeros((0, 8), np.int64), batch=2, background=False)
    assert answers.actions is None
