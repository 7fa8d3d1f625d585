"""What goes wrong in a step is said so that a person can go on: memory, and numbers that are none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from bineego.errors import InputInvalid, ResourceExhausted
from bineego.training import Recipe, RunOptions, interval, loop, train
from bineego.training.clips import ClipBatch
from bineego.training.guard import LOOK_EVERY, NanGuard, memory_errors
from bineego.training.losses import Losses
from bineego.training.samples import LabelledVideo, Samples


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        MemoryError(),
        RuntimeError("[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory: you tried ..."),
        RuntimeError("MPS backend out of memory"),
    ],
)
def test_out_of_memory_names_the_batch_to_try(error: Exception) -> None:
    with pytest.raises(ResourceExhausted) as caught, memory_errors(Recipe(batch_size=48, accumulate=2)):
        raise error
    assert caught.value.exit_code == 7
    assert "24 clips at a time" in str(caught.value)
    assert "--batch-size 24, or --accumulate 4" in str(caught.value)


def test_one_clip_that_does_not_fit() -> None:
    words = r"one clip(?s:.*)smaller --trunk or --size"
    with pytest.raises(ResourceExhausted, match=words), memory_errors(Recipe(batch_size=1)):
        raise torch.OutOfMemoryError
    with pytest.raises(ResourceExhausted, match="shared memory"), memory_errors(Recipe()):
        raise RuntimeError("DataLoader worker (pid 7) is killed by signal: Bus error. ... out of shared memory")
    with pytest.raises(ResourceExhausted, match="a process that reads clips was killed"), memory_errors(Recipe()):
        raise RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed.")
    with pytest.raises(ResourceExhausted, match="shared memory"), memory_errors(Recipe()):
        raise RuntimeError("DataLoader worker (pid 7) exited unexpectedly with exit code 75. Details are lost")
    with pytest.raises(ResourceExhausted, match="a process that reads clips was killed"), memory_errors(Recipe()):
        raise RuntimeError("DataLoader worker (pid(s) 7) exited unexpectedly")
    with pytest.raises(RuntimeError, match="ours"), memory_errors(Recipe()):
        raise RuntimeError("a bug of ours")


def test_a_run_out_of_memory(tiny: Path, recipe: Recipe, options: RunOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(loop, "normalise", no_memory)
    with pytest.raises(ResourceExhausted, match="try --batch-size 4"):
        train(tiny, name="a", recipe=recipe, options=options)


def samples() -> Samples:
    nothing = np.zeros(0)
    line = LabelledVideo(
        video_id="walk", path=Path("walk.mp4"), duration=10.0, annotated=True, starts=nothing, ends=nothing,
        class_ids=nothing.astype(np.int64), scene=0, flippable=np.ones(1, bool),
    )  # fmt: skip
    n = 4
    zeros = np.zeros(n, np.int64)
    return Samples(timelines=[line], video=zeros, low=np.arange(n) / 2, high=np.arange(1, n + 1) / 2, action=zeros,
                   scene=zeros)  # fmt: skip


def batch() -> ClipBatch:
    n = torch.arange(4)
    return ClipBatch(torch.zeros(4, 1, 2, 2, 3), n, n, torch.ones(4), n, n.double() / 2 + 0.1)


def losses(*bad: int) -> Losses:
    values = torch.ones(4)
    values[list(bad)] = torch.nan
    return Losses(values, torch.zeros(4))


def test_the_clip_whose_loss_is_no_number_is_named() -> None:
    guard = NanGuard(samples(), at_once=True)
    guard.losses(losses(), batch(), "epoch 1, step 1")
    guard.norm(torch.tensor(1.0), "epoch 1, step 1")
    guard.losses(losses(2), batch(), "epoch 1, step 2")
    with pytest.raises(InputInvalid, match=r"'walk' at 1\.10 s: the loss of one clip .* epoch 1, step 2") as caught:
        guard.norm(torch.tensor(torch.nan), "epoch 1, step 2")
    assert caught.value.exit_code == 4


def test_a_training_that_diverged_is_told_from_a_bad_clip() -> None:
    guard = NanGuard(samples(), at_once=True)
    guard.losses(losses(0, 1, 2, 3), batch(), "epoch 1, step 2")
    with pytest.raises(InputInvalid, match=r"diverged in epoch 1, step 2(?s:.*)lower --lr"):
        guard.norm(torch.tensor(1.0), "epoch 1, step 2")
    guard.losses(losses(), batch(), "epoch 1, step 3")
    with pytest.raises(InputInvalid, match="the gradient is not finite"):
        guard.norm(torch.tensor(torch.inf), "epoch 1, step 3")


def test_on_a_gpu_it_looks_now_and_then_and_before_a_save() -> None:
    guard = NanGuard(samples(), at_once=False)
    guard.losses(losses(1), batch(), "epoch 1, step 1")
    for _ in range(LOOK_EVERY - 1):
        guard.norm(torch.tensor(1.0), "epoch 1, step 1")
    with pytest.raises(InputInvalid, match=r"'walk' at 0\.60 s"):
        guard.look()


def test_a_run_names_the_clip(tiny: Path, recipe: Recipe, options: RunOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = loop.clip_losses

    def one_bad(*given: object, **more: float) -> Losses:
        found = whole(*given, **more)  # type: ignore[arg-type]
        found.actions.data[3] = torch.nan
        return found

    monkeypatch.setattr(loop, "clip_losses", one_bad)
    with pytest.raises(InputInvalid, match=r"video 'r\d' at \d\.\d\d s: the loss of one clip"):
        train(tiny, name="a", recipe=replace(recipe, epochs=1), options=options)


def test_a_reader_that_dies_between_two_steps(
    tiny: Path, recipe: Recipe, options: RunOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """torch tells of it wherever the training is: here in a validation."""

    def told(*_: object) -> None:
        raise RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed.")

    monkeypatch.setattr(interval, "validate", told)
    with pytest.raises(ResourceExhausted, match="a process that reads clips was killed"):
        train(tiny, name="a", recipe=recipe, options=options)
