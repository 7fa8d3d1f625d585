"""A run's folder belongs to one training, from the choice of its name to the end of the process or of the call."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

from bineego import locks
from bineego.errors import UsageError
from bineego.runs import RunFolder

_held: ContextVar[contextlib.ExitStack | None] = ContextVar("held", default=None)


@contextlib.contextmanager
def runs_freed() -> Iterator[None]:
    """At the end of the block, the runs that were locked in it are free again."""
    with contextlib.ExitStack() as stack:
        token = _held.set(stack)
        try:
            yield
        finally:
            _held.reset(token)


def lock(folder: RunFolder) -> None:
    """Lock a run until the end of the training.

    Raises:
        UsageError: another process trains it; the message names it.
    """
    stack = _held.get()
    if stack is None:  # not in a training: somebody only asks
        return
    path = folder.path.parent / f".{folder.name}.lock"
    remedy = "wait until it ends, or train under another --name"
    stack.enter_context(locks.held(path, what=f"run {folder.name!r}", remedy=remedy))


def is_free(folder: RunFolder) -> bool:
    """Lock a run if nobody else has it, and say whether that is so."""
    try:
        lock(folder)
    except UsageError:
        return False
    return True
