"""Processes of this machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from bineego.crew import in_processes
from bineego.errors import BineegoError
from bineego.workers import Task

T = TypeVar("T")


class Local:
    """See `Engine`.

    Args:
        jobs: processes.
    """

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs

    def here(self, count: int) -> bool:
        return count < 2

    def run(
        self,
        task: Task,
        items: Iterable[T],
        *args: Any,
        cost: Callable[[T], float],
        name: Callable[[T], str],
        lost: Callable[[T, BineegoError], Any],
    ) -> Iterator[Any]:
        todo = list(items)
        jobs = max(1, min(self._jobs, len(todo)))
        cores = max(1, (os.cpu_count() or 1) // jobs)
        return in_processes(task, todo, cores, *args, jobs=jobs, cost=cost, name=name, lost=lost)
