"""What can go wrong in a step: non-finite losses and running out of memory."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from bineego.errors import InputInvalid, ResourceExhausted
from bineego.training.clips import CANNOT_SEND, ClipBatch
from bineego.training.losses import Losses
from bineego.training.optimisation import OptimisationPart
from bineego.training.samples import Samples
from bineego.tsm.device import NO_MEMORY

LOOK_EVERY = 20
"""Steps between two looks on a GPU: every look waits for it."""

SLOWER = "start over with a lower --lr, or with --warmup 1"

KILLED = ("killed by signal", "exited unexpectedly")  # by the system, which does so when memory runs out


class _Seen(NamedTuple):
    losses: Tensor  # (N,) of one part of a batch
    samples: Tensor
    low: Tensor
    place: str


class NanGuard:
    """Looks at the losses of every clip, and names the one whose loss is not a number.

    Args:
        samples: to name clips.
        at_once: look in every step (on a CPU, where that is free).
    """

    def __init__(self, samples: Samples, *, at_once: bool) -> None:
        self.samples, self.every = samples, 1 if at_once else LOOK_EVERY
        self._seen: list[_Seen] = []
        self._norms: list[tuple[Tensor, str]] = []

    def losses(self, losses: Losses, batch: ClipBatch, place: str) -> None:
        """Note the losses of a part of a batch; `place` = epoch and step."""
        total = (losses.actions + losses.scenes).detach()
        self._seen.append(_Seen(total, batch.samples, batch.low, place))

    def norm(self, norm: Tensor, place: str) -> None:
        """Note the gradient's norm; looks when it is time."""
        self._norms.append((norm.detach(), place))
        if len(self._norms) >= self.every:
            self.look()

    def look(self) -> None:
        """Look at all that was noted.

        Raises:
            InputInvalid: a loss or a gradient was not finite.
        """
        seen, norms = self._seen, self._norms
        self._seen, self._norms = [], []
        for losses, samples, low, place in seen:
            bad = ~torch.isfinite(losses.cpu())
            if not bad.any():
                continue
            first = int(bad.nonzero()[0, 0])
            where = self.samples.name(int(samples[first]), float(low[first]))
            if bad.all() and len(losses) > 1:
                raise InputInvalid(
                    f"the training diverged in {place}: no loss is finite (first: {where})",
                    remedy=SLOWER,
                )
            raise InputInvalid(
                f"the loss of one clip is not finite in {place}",
                where=where,
                remedy="check this video and its labels",
            )
        for norm, place in norms:
            if not bool(torch.isfinite(norm)):
                raise InputInvalid(f"the training diverged in {place}: the gradient is not finite", remedy=SLOWER)


@contextlib.contextmanager
def memory_errors(recipe: OptimisationPart) -> Iterator[None]:
    """Turn "out of memory" into advice: how to continue with the same recipe in less memory."""
    try:
        with lost_readers():
            yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise _exhausted(recipe) from error
    except RuntimeError as error:
        if any(words in str(error) for words in NO_MEMORY):
            raise _exhausted(recipe) from error
        raise


@contextlib.contextmanager
def lost_readers() -> Iterator[None]:
    """Turn the death of a process that reads clips into advice.

    torch raises it from a signal handler, so wherever this process is: in a step, in a validation, while saving.
    """
    try:
        yield
    except RuntimeError as error:
        text = str(error)
        if "shared memory" in text or "bus error" in text.casefold() or f"exit code {CANNOT_SEND}" in text:
            raise ResourceExhausted(
                "the processes that read clips ran out of shared memory",
                remedy="try --workers 0, or enlarge /dev/shm (docker run --shm-size=1g), then continue with --resume",
            ) from error
        if any(words in text for words in KILLED):
            raise ResourceExhausted(
                "a process that reads clips was killed, probably because memory or shared memory ran out",
                remedy="try --workers 0, or a smaller --batch-size, then continue with --resume",
            ) from error
        raise


def _exhausted(recipe: OptimisationPart) -> ResourceExhausted:
    n, parts = recipe.batch_size, recipe.parts()
    if n // parts <= 1:
        return ResourceExhausted("out of memory even with one clip at a time", remedy="use a smaller --trunk or --size")
    return ResourceExhausted(
        f"out of memory with {n // parts} clips at a time",
        remedy=f"try --batch-size {max(1, n // 2)}, or --accumulate {parts * 2}, which changes the result the least",
    )
