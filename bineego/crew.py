"""Work shared out among worker processes: each takes the next item when it is done with one.

A worker that is killed, or that crashes, costs at most the item it was at work on: another one tries that again, and if
it ends as well, the item is set aside with its name.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from bineego.errors import BineegoError, ResourceExhausted
from bineego.workers import FEWER, TRIES, Task, Worker, ended, set_aside

log = logging.getLogger(__name__)

T = TypeVar("T")


def in_processes(
    task: Task,
    items: Iterable[T],
    *args: Any,
    jobs: int,
    cost: Callable[[T], float],
    name: Callable[[T], str],
    lost: Callable[[T, BineegoError], Any],
) -> Iterator[Any]:
    """What `task(items, *args)` yields, with the items divided among processes, in order of arrival.

    Every process takes the next item when it is done with one, the longest first, so that all end together.

    Args:
        jobs: processes.
        cost: how long an item takes, in any unit.
        name: an item's name, for notes.
        lost: what is yielded for an item that has cost `TRIES` workers.

    Raises:
        BineegoError, RuntimeError: see `Worker.messages`; the other processes are ended then.
    """
    crew = _Crew(task, args, sorted(items, key=lambda item: -cost(item)), name)
    with contextlib.closing(crew):
        for _ in range(min(jobs, len(crew.waiting))):
            crew.hire()
        while crew.running:
            worker, kind, content = crew.inbox.get()
            match kind:
                case "item":
                    yield content
                case "next":
                    crew.feed(worker)
                case "end":
                    crew.running -= 1
                case "gone":
                    for item in crew.given_up(worker, content):
                        yield lost(item, set_aside(ended(content)))
                case _:
                    raise content


class _Crew(Generic[T]):
    """Workers at one task.

    Attributes:
        waiting: items that nobody is at work on, with their numbers.
        inbox: what the workers send: the worker, and its event (`Worker.events`).
        running: how many workers there are.
    """

    def __init__(self, task: Task, args: Sequence[Any], items: Sequence[T], name: Callable[[T], str]) -> None:
        self.waiting = deque(enumerate(items))
        self.inbox: queue.Queue[tuple[Worker, str, Any]] = queue.Queue()
        self.running = 0
        self._task, self._args, self._name = task, args, name
        self._at_work: dict[Worker, tuple[int, T]] = {}
        self._tries: Counter[int] = Counter()
        self._stillborn = 0
        self._hired = contextlib.ExitStack()

    def hire(self) -> None:
        """One worker more."""
        worker = Worker(self._task, *self._args, fed=True)
        self._hired.callback(worker.close)
        threading.Thread(target=self._listen, args=(worker,), daemon=True).start()
        self.running += 1

    def feed(self, worker: Worker) -> None:
        """A worker is done with its item: the next one, if there is one."""
        self._at_work.pop(worker, None)
        if self.waiting:
            self._at_work[worker] = self.waiting.popleft()
            worker.give(self._at_work[worker][1])
        else:
            worker.give()

    def given_up(self, worker: Worker, code: int) -> list[T]:
        """A worker has ended with `code`: its item waits again, or is given up; another worker takes its place.

        Raises:
            ResourceExhausted: workers end before they are at work.
        """
        self.running -= 1
        given_up: list[T] = []
        if worker in self._at_work:
            number, item = self._at_work.pop(worker)
            self._tries[number] += 1
            if self._tries[number] < TRIES:
                log.warning("%s: %s; trying again", self._name(item), ended(code).message)
                self.waiting.appendleft((number, item))
            else:
                given_up.append(item)
        else:
            self._stillborn += 1
            if self._stillborn == TRIES:
                raise ResourceExhausted(*ended(code).args, remedy=FEWER)
        if self.waiting:
            self.hire()
        return given_up

    def close(self) -> None:
        """End all workers."""
        self._hired.close()

    def _listen(self, worker: Worker) -> None:
        for kind, content in worker.events():
            self.inbox.put((worker, kind, content))
