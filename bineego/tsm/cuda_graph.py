"""A forward on a GPU, recorded once and played back: one launch for hundreds of kernels.

A fast GPU waits for Python to launch kernel after kernel. A CUDA graph holds them all, but only for tensors that stay
in their place: every batch is copied into the recorded input, and its answer out of the recorded output.
Source: PyTorch's notes on CUDA semantics, "CUDA Graphs".
"""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Callable

import torch
from torch import Tensor

log = logging.getLogger(__name__)

WARM_UP = 3
"""Forwards before the recording: libraries choose their algorithms and take their workspace."""

Forward = Callable[[Tensor], Tensor]

_one_at_a_time = threading.Lock()
"""PyTorch records one graph of a process at a time; and one batch at a time is in the recorded tensors."""


class CudaGraph:
    """Plays back the forward of the full batch: the largest shape that has come twice.

    A batch that fills at least half of it is padded; smaller and larger ones are computed as usual. Several threads and
    streams may share it.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._recording: _Recording | None = None
        self._seen: set[torch.Size] = set()
        self._works = True

    def __call__(self, forward: Forward, x: Tensor) -> Tensor:
        """forward(x), launched and not waited for.

        Args:
            forward: the same in every call. It is not kept: its owner may be the owner of this object, too.
            x: on the device.
        """
        with torch.cuda.device(self.device), _one_at_a_time:
            if self._is_due(x):
                self._record(forward, x)
            if self._recording is not None and self._recording.fits(x):
                return self._recording.play(x)
        return forward(x)

    def _is_due(self, x: Tensor) -> bool:
        again = x.shape in self._seen
        self._seen.add(x.shape)
        return again and self._works and (self._recording is None or x.numel() > self._recording.shape.numel())

    def _record(self, forward: Forward, x: Tensor) -> None:
        if self._recording is not None:
            torch.cuda.synchronize()  # until nothing plays what is given up here
            self._recording = None
        try:
            self._recording = _Recording(forward, x)
        except RuntimeError as error:  # also out of memory: a recording needs some too
            self._works = False
            log.info("no CUDA graph (%s): kernels are launched one by one", str(error).split("\n", 1)[0])


class _Recording:
    """The kernels of one forward, and the tensors that they read and write."""

    def __init__(self, forward: Forward, x: Tensor) -> None:
        self.shape = x.shape
        self._input = x.clone()
        self._graph = torch.cuda.CUDAGraph()
        self._free = torch.cuda.Event()  # type: ignore[no-untyped-call]
        stream = _side_stream(x.device)
        stream.wait_stream(torch.cuda.current_stream())
        # Around both: a recording that fails leaves its stream as the current one.
        with torch.cuda.stream(stream):
            for _ in range(WARM_UP):
                forward(self._input)
            # Other threads go on pinning memory meanwhile; that does no harm to what this one records.
            with torch.cuda.graph(self._graph, stream=stream, capture_error_mode="thread_local"):
                self._output = forward(self._input)
        torch.cuda.current_stream().wait_stream(stream)

    def fits(self, x: Tensor) -> bool:
        """Whether `x` is the recorded batch or the greater part of one."""
        return self.shape[1:] == x.shape[1:] and self.shape[0] <= 2 * len(x) <= 2 * self.shape[0]

    def play(self, x: Tensor) -> Tensor:
        """The answer to `x`, in a separate tensor; whatever follows a short batch is computed along with it."""
        stream = torch.cuda.current_stream()
        stream.wait_event(self._free)  # until the batch before, perhaps on another stream, has left the tensors
        self._input[: len(x)].copy_(x)
        self._graph.replay()
        output = self._output[: len(x)].clone()
        self._free.record(stream)
        return output


@functools.cache
def _side_stream(device: torch.device) -> torch.cuda.Stream:
    """Where all graphs of a device are recorded: libraries keep workspace for every stream that they have seen."""
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
