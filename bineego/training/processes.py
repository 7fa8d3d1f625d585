"""What several processes of one run do in turn: the first one tries, the others follow or end with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from lightning_fabric import Fabric
from torch import distributed

from bineego.errors import BineegoError

T = TypeVar("T")


@contextmanager
def launched(fabric: Fabric) -> Iterator[None]:
    """All processes of the run, up; their group is taken down at the end, however that comes.

    A group left to the interpreter's exit is torn down while its threads still run, and that can abort the process.
    """
    fabric.launch()
    try:
        yield
    finally:
        if fabric.world_size > 1 and distributed.is_initialized():
            distributed.destroy_process_group()


def on_first(fabric: Fabric, work: Callable[[], T]) -> T:
    """Do something in the first process; all get the result, or end when it failed."""
    if fabric.world_size == 1:
        return work()
    result: tuple[bool, T | BineegoError | None] = (False, None)
    error: BineegoError | None = None
    if fabric.is_global_zero:
        try:
            result = (True, work())
        except BineegoError as caught:
            error, result = caught, (False, None)
    result = fabric.broadcast(result)
    if error is not None:
        raise error
    if not result[0]:
        raise SystemExit(1)  # the first process has said why
    return result[1]  # type: ignore[return-value]


def first_then_all(fabric: Fabric, work: Callable[[], T]) -> T:
    """Do something in the first process (which says what is wrong), then in all others."""
    kept: list[T] = []

    def first() -> None:
        kept.append(work())

    on_first(fabric, first)
    return kept[0] if kept else work()
