"""When a forward is recorded and played back, on a stand-in for a GPU; tests/release/tsm has the real one."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from bineego.tsm.cuda_graph import WARM_UP, CudaGraph


class Gpu:
    """Notes what is launched; `tape` repeats the work of the last recording."""

    def __init__(self) -> None:
        self.recording, self.fails = False, False
        self.launched: list[int] = []
        self.tape: Callable[[], object] | None = None
        self.replays = 0

    def forward(self, x: Tensor) -> Tensor:
        """Twice the input; only what is not recorded is launched."""
        out = 2 * x
        if self.recording:
            if self.fails:
                raise RuntimeError("operation not permitted\nand more")
            out = torch.zeros_like(x)
            self.tape = lambda: out.copy_(2 * x)
        else:
            self.launched.append(len(x))
        return out

    def replay(self) -> None:
        assert self.tape is not None
        self.tape()
        self.replays += 1

    @contextlib.contextmanager
    def graph(self, *_: object, **__: object) -> Iterator[None]:
        self.recording = True
        try:
            yield
        finally:
            self.recording = False


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Gpu:
    gpu = Gpu()
    stream = SimpleNamespace(wait_stream=lambda other: None, wait_event=lambda event: None)
    fakes: dict[str, Any] = {
        "device": lambda device: contextlib.nullcontext(),
        "stream": lambda stream: contextlib.nullcontext(),
        "Stream": lambda device: stream,
        "current_stream": lambda: stream,
        "Event": lambda: SimpleNamespace(record=lambda stream: None),
        "CUDAGraph": lambda: SimpleNamespace(replay=gpu.replay),
        "graph": gpu.graph,
        "synchronize": lambda: None,
    }
    for name, fake in fakes.items():
        monkeypatch.setattr(torch.cuda, name, fake)
    return gpu


def ask(graph: CudaGraph, gpu: Gpu, n: int) -> None:
    x = torch.rand(n, 3)
    assert torch.equal(graph(gpu.forward, x), 2 * x)


def test_full_batches_are_played_back(gpu: Gpu) -> None:
    graph = CudaGraph(torch.device("cuda"))
    ask(graph, gpu, 8)
    assert (gpu.launched, gpu.replays) == ([8], 0)
    for _ in range(3):
        ask(graph, gpu, 8)
    assert (gpu.launched, gpu.replays) == ([8] + [8] * WARM_UP, 3)
    for n in (7, 4):  # padded
        ask(graph, gpu, n)
    assert gpu.replays == 5
    for n in (3, 1, 1, 3):  # too small, however often they come
        ask(graph, gpu, n)
    assert gpu.launched[-4:] == [3, 1, 1, 3]
    assert gpu.replays == 5


def test_a_larger_batch_takes_over(gpu: Gpu) -> None:
    graph = CudaGraph(torch.device("cuda"))
    for n in (2, 2, 8, 8, 8, 2):
        ask(graph, gpu, n)
    assert gpu.launched == [2] + [2] * WARM_UP + [8] + [8] * WARM_UP + [2]
    assert gpu.replays == 3


def test_answers_stay_when_the_next_batch_is_asked(gpu: Gpu) -> None:
    graph = CudaGraph(torch.device("cuda"))
    x = torch.rand(4, 3)
    graph(gpu.forward, x)
    answers = [graph(gpu.forward, x + i) for i in range(3)]
    for i, answer in enumerate(answers):
        assert torch.equal(answer, 2 * (x + i))


def test_without_a_recording_all_goes_on_as_usual(gpu: Gpu, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bineego")
    gpu.fails = True
    graph = CudaGraph(torch.device("cuda"))
    for _ in range(4):
        ask(graph, gpu, 8)
    assert gpu.replays == 0
    assert caplog.messages == ["no CUDA graph (operation not permitted): kernels are launched one by one"]
