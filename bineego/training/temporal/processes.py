"""Members of a temporal head that learn in processes of their own, a part of an epoch at a time.

What a member learns hangs on its state, its seed and its examples alone, so which process does it changes no bit.
"""

from __future__ import annotations

import contextlib
import itertools
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from bineego.training.repeatable import one_thread, repeatable
from bineego.training.temporal.member import Member, make_members
from bineego.workers import Worker, ended

PARTS = 2
"""Of an epoch: two processes share five members evenly only if a member's epoch can be divided."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """Some steps of a member's epoch, and what it is before them."""

    member: int
    epoch: int
    steps: range
    state: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Learnt:
    """What a member is after a part; `losses` (N, L) of its steps."""

    member: int
    state: dict[str, Any]
    losses: Tensor


class MemberProcesses:
    """Processes that each take the next part of any member.

    Args:
        jobs: how many.
        args: of `make_members`; every process has all of them.

    Raises:
        WorkerLost: a process died before it was ready.
    """

    def __init__(self, jobs: int, *args: Any) -> None:
        self._inbox: queue.Queue[tuple[Worker, str, Any]] = queue.Queue()
        self._idle: list[Worker] = []
        self._hired = contextlib.ExitStack()
        for _ in range(jobs):
            worker = Worker(_learn, fed=True)
            self._hired.callback(worker.close)
            threading.Thread(target=self._listen, args=(worker,), daemon=True).start()
        with contextlib.ExitStack() as unless_ready:
            unless_ready.callback(self.close)
            self._wait(jobs)  # all load PyTorch at the same time, then they can read
            while self._idle:
                self._idle.pop().give(args)
            self._wait(jobs)
            unless_ready.pop_all()

    def _wait(self, jobs: int) -> None:
        """Until so many processes are idle."""
        while len(self._idle) < jobs:
            self._hear()

    def learn(self, members: Sequence[Member], epoch: int, on_step: Callable[[int], bool | None]) -> Tensor | None:
        """All steps of an epoch; their losses (N, L) in the order of the members, or None if `on_step` ended it.

        Members are changed only if all of it is done.

        Raises:
            WorkerLost: a process died.
            BineegoError, RuntimeError: see `Worker.messages`.
        """
        parts = [deque(_parts(len(member.draws))) for member in members]
        states = [member.state() for member in members]
        losses: list[list[Tensor]] = [[] for _ in members]
        resting = deque(range(len(members)))
        left, done = sum(map(len, parts)), 0
        while left:
            while resting and self._idle:
                number = resting.popleft()
                part = Part(member=number, epoch=epoch, steps=parts[number].popleft(), state=states[number])
                self._idle.pop().give(part)
            found = self._hear()
            if isinstance(found, Learnt):
                states[found.member] = found.state
                losses[found.member].append(found.losses)
                left -= 1
                if parts[found.member]:
                    resting.append(found.member)
            elif found is not None:
                done += 1
                if on_step(done):
                    return None
        for member, state in zip(members, states, strict=True):
            member.load(state)
        return torch.cat([part for each in losses for part in each])

    def _hear(self) -> int | Learnt | None:
        """The next message: a step that is done, a part that is, or None: a process is ready for another."""
        worker, kind, content = self._inbox.get()
        match kind:
            case "next":
                self._idle.append(worker)
                return None
            case "item":
                found: int | Learnt = content
                return found
            case "gone":
                raise ended(content)
            case _:
                raise content

    def close(self) -> None:
        """End them, whatever they are doing."""
        self._hired.close()

    def _listen(self, worker: Worker) -> None:
        for kind, content in worker.events():
            self._inbox.put((worker, kind, content))


def _parts(n_steps: int) -> list[range]:
    edges = [n_steps * number // PARTS for number in range(PARTS + 1)]
    return [range(first, last) for first, last in itertools.pairwise(edges) if first < last]


def _learn(given: Iterator[Any]) -> Iterator[int | Learnt]:
    """A process, given the arguments of `make_members`, then parts: every step as it is done, then what was learnt."""
    with repeatable(), one_thread():
        members = make_members(*next(given))
        for part in given:
            member, losses = members[part.member], list[Tensor]()
            member.load(part.state)
            for position in part.steps:
                losses.append(member.step(part.epoch, position))
                yield position
            yield Learnt(member=part.member, state=member.state(), losses=torch.stack(losses))
