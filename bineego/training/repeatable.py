"""How PyTorch computes in a run: the same numbers every time."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import torch


@contextlib.contextmanager
def repeatable() -> Iterator[None]:
    """Within the block, PyTorch takes algorithms that give the same numbers every time, where it has them."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    settings: Any = torch.utils.deterministic
    fill, cudnn = settings.fill_uninitialized_memory, torch.backends.cudnn.deterministic
    # Only the CPU's generator is put back: asking every GPU for its own would wake them all.
    with torch.random.fork_rng(devices=[]):
        try:
            torch.use_deterministic_algorithms(True, warn_only=True)
            # It would only hide our own mistakes, at the price of writing every buffer twice.
            settings.fill_uninitialized_memory = False
            torch.backends.cudnn.deterministic = True
            yield
        finally:
            torch.use_deterministic_algorithms(before[0], warn_only=before[1])
            settings.fill_uninitialized_memory = fill
            torch.backends.cudnn.deterministic = cudnn


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Within the block, PyTorch computes in one thread: a temporal head's layers are so small that two threads wait for
    each other longer than they work, on a busy machine a hundred times as long."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
