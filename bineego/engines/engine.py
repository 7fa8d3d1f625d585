"""What shares items out among workers: one interface, whoever the workers are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from bineego.errors import BineegoError
from bineego.workers import Task

T = TypeVar("T")


class EngineKind(StrEnum):
    """Where work is done."""

    LOCAL = "local"
    RAY = "ray"


class Engine(Protocol):
    """Shares items out among workers, the longest first. A worker makes ready once what its work needs."""

    def here(self, count: int) -> bool:
        """Whether so many items are best done in this process, without workers."""
        ...

    def run(
        self,
        task: Task,
        items: Iterable[T],
        *args: Any,
        cost: Callable[[T], float],
        name: Callable[[T], str],
        lost: Callable[[T, BineegoError], Any],
    ) -> Iterator[Any]:
        """What `task(items, cores, *args)` yields, one for each item, in order of arrival.

        Args:
            task: a generator function of a module; its `cores` are those that a worker has for itself.
            cost: how long an item takes, in any unit.
            name: an item's name, for notes.
            lost: what is yielded for an item that has cost `workers.TRIES` workers.

        Raises:
            BineegoError: what the task raised; all workers are ended then.
            RuntimeError: a bug in the task; the text has its traceback.
        """
        ...


def choose_engine(kind: EngineKind, jobs: int | None, device: str) -> Engine:
    """The engine of that kind.

    Args:
        jobs: workers; None = one, or as many as the Ray cluster has room for.
        device: where networks run, as `--device` says.
    """
    if kind is EngineKind.RAY:
        from bineego.engines.on_ray import OnRay

        return OnRay(jobs, device)
    from bineego.engines.local import Local

    return Local(jobs or 1)
