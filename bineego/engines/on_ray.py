"""Ray: actors on a cluster that runs (`RAY_ADDRESS`), or on one of this machine that lives as long as the command.

An actor makes its networks ready once, with its first item. Items go there and results come back, paths and records;
pictures, tracks and tables never do. The driver knows what is to be done and by whom; what is done stands in the folder
of results. Ray starts a lost actor again, elsewhere if its machine is gone, and gives it its item once more.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import signal
import socket
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from bineego.errors import BineegoError, InputMissing, UsageError, WorkerLost
from bineego.workers import TRIES, Task

T = TypeVar("T")

CORES = 4
"""Of one actor without a GPU, where the machine has as many."""

OWN: dict[str, Any] = {
    "address": "local",
    "include_dashboard": False,
    "object_store_memory": 100_000_000,
    "_node_ip_address": "127.0.0.1",
}
"""How a cluster of our own is started: for paths and records, seen from this machine only."""

SETTINGS = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "token"}
"""Of a cluster of our own, where the environment says nothing else: it calls nobody, and nobody else can use it. The
token is passed in the environment; Ray would write one under the home folder."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Share:
    """What one of `count` actors gets of a cluster."""

    count: int
    cpus: float
    gpus: float

    @property
    def cores(self) -> int:
        return max(1, int(self.cpus))


class OnRay:
    """See `Engine`.

    Args:
        jobs: actors; None = one a GPU, or one for every `CORES` cores.
        device: `cpu` = no GPU is asked for.
    """

    def __init__(self, jobs: int | None, device: str) -> None:
        self._jobs, self._device = jobs, device
        self._ray = _ray()

    def here(self, count: int) -> bool:
        return count == 0

    def run(
        self,
        task: Task,
        items: Iterable[T],
        *args: Any,
        cost: Callable[[T], float],
        name: Callable[[T], str],
        lost: Callable[[T, BineegoError], Any],
    ) -> Iterator[Any]:
        ray = self._ray
        waiting = deque(sorted(items, key=lambda item: -cost(item)))
        with _cluster(ray):
            share = share_of(ray.nodes(), self._jobs, self._device)
            count = min(share.count, len(waiting))
            log.info("ray: %d workers of %g cores%s", count, share.cpus, f", {share.gpus:g} GPU" * bool(share.gpus))
            kind = ray.remote(Actor).options(
                num_cpus=share.cpus, num_gpus=share.gpus, max_restarts=-1, max_task_retries=TRIES - 1
            )
            actors = [kind.remote(str(Path.cwd()), task, share.cores, args) for _ in range(count)]
            at_work = {}
            for actor in actors:
                item = waiting.popleft()
                at_work[actor.do.remote(item)] = actor, item
            try:
                while at_work:
                    for ref in ray.wait(list(at_work), timeout=1.0)[0]:
                        actor, item = at_work.pop(ref)
                        yield _result(ray, ref, item, name, lost)
                        if waiting:
                            item = waiting.popleft()
                            at_work[actor.do.remote(item)] = actor, item
                        else:  # its cores may be what a lost actor waits for
                            ray.kill(actor)
            finally:
                for actor in actors:
                    with contextlib.suppress(Exception):  # the cluster may be gone
                        ray.kill(actor)


def _result(ray: Any, ref: Any, item: T, name: Callable[[T], str], lost: Callable[[T, BineegoError], Any]) -> Any:
    try:
        kind, content, notes = ray.get(ref)
    except ray.exceptions.RayError as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        log.debug("%s: %s", name(item), error)
        return lost(
            item,
            WorkerLost(
                f"set aside: {TRIES} workers that worked on it were lost ({reason[:200]})",
                remedy="memory may have run out (lower --jobs), or the file crashes the decoder (leave it out)",
            ),
        )
    for note in notes:
        logging.getLogger(note.name).handle(note)
    if kind == "item":
        return content
    raise content if kind == "error" else RuntimeError(content)


class Actor:
    """A worker on the cluster.

    Args:
        folder: where the command was started; paths count from there.
        task, cores, args: see `Engine.run`.
    """

    def __init__(self, folder: str, task: Task, cores: int, args: tuple[Any, ...]) -> None:
        with contextlib.suppress(OSError):  # absolute paths need it not
            os.chdir(folder)
        self._inbox: deque[Any] = deque()
        self._notes = _Notes()
        logger = logging.getLogger("bineego")
        logger.handlers[:], logger.propagate = [self._notes], False
        logger.setLevel(logging.INFO)
        self._results = task(self._items(), cores, *args)

    def _items(self) -> Iterator[Any]:
        while self._inbox:
            yield self._inbox.popleft()

    def do(self, item: Any) -> tuple[str, Any, list[logging.LogRecord]]:
        """The result of an item, or what it raised, and the notes that were made."""
        self._inbox.append(item)
        try:
            return "item", next(self._results), self._notes.taken()
        except BineegoError as error:
            return "error", error, self._notes.taken()
        except Exception:  # the driver must learn of a bug in the task; it raises it there
            return "bug", traceback.format_exc(), self._notes.taken()


class _Notes(logging.Handler):
    """Keeps notes for the driver, which shows them as its own."""

    def __init__(self) -> None:
        super().__init__()
        self._kept: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        record.msg, record.args, record.exc_info = record.getMessage(), None, None
        self._kept.append(record)

    def taken(self) -> list[logging.LogRecord]:
        kept, self._kept = self._kept, []
        return kept


def share_of(nodes: Iterable[dict[str, Any]], jobs: int | None, device: str) -> Share:
    """How a cluster is divided.

    Args:
        nodes: as `ray.nodes()` tells.
        jobs: actors; None = as many as there is room for.
        device: `cpu` = no GPU is asked for; `auto` = where the cluster has one.

    Raises:
        UsageError: GPUs are asked for, and there are none.
    """
    alive = [node["Resources"] for node in nodes if node["Alive"]]
    cpus = [float(each.get("CPU", 0)) for each in alive]
    gpus = [float(each.get("GPU", 0)) for each in alive]
    if device.startswith("cuda") and not sum(gpus):
        raise UsageError("the Ray cluster has no GPU", where="--device", remedy="--device cpu")
    if sum(gpus) and not device.startswith(("cpu", "mps")):
        count = jobs or int(sum(gpus))
        each = min(1.0, sum(gpus) / count)
        per_gpu = min(cpu / gpu for cpu, gpu in zip(cpus, gpus, strict=True) if gpu)
        return Share(count, max(0.0, _whole(per_gpu * each)), each)
    most = max(cpus, default=0.0)
    if most < 1:
        raise UsageError("the Ray cluster has no free core for work", where="--engine", remedy="add a node to it")
    cores = min(most, float(CORES) if jobs is None else _whole(sum(cpus) / jobs))
    room = sum(int(cpu // cores) for cpu in cpus)
    while jobs is not None and room < jobs and cores > 1:  # machines of several sizes
        cores = float(int(cores) - 1)
        room = sum(int(cpu // cores) for cpu in cpus)
    return Share(jobs or room, cores, 0.0)


def _whole(cores: float) -> float:
    """Ray divides a core, and takes whole ones above."""
    return float(int(cores)) if cores >= 1 else round(cores, 2)


@contextlib.contextmanager
def _cluster(ray: Any) -> Iterator[None]:
    """Connected to the cluster that the environment names, or to one of our own; one that the caller uses is kept."""
    if ray.is_initialized():
        yield
        return
    joins = bool(os.environ.get("RAY_ADDRESS"))
    own = {} if joins else OWN
    ends = signal.getsignal(signal.SIGTERM)
    if joins:
        _check_answers(os.environ["RAY_ADDRESS"])
    try:
        _connect(ray, own)
    except Exception as error:  # of many kinds, the bare one among them
        place = os.environ.get("RAY_ADDRESS", "this machine")
        raise InputMissing(
            f"no Ray cluster ({' '.join(str(error).split())[:200]})",
            where=place,
            remedy="start one with `ray start --head`, or unset RAY_ADDRESS",
        ) from error
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, ends)  # Ray puts its own there, which leaves temporary files
    try:
        yield
    finally:
        ray.shutdown()


def _connect(ray: Any, own: dict[str, Any]) -> None:
    """Ray gives a cluster half a minute to start, which a busy machine may not: a second time most of it is at hand."""
    how = {"configure_logging": False, "log_to_driver": False, **own}
    try:
        ray.init(**how)
    except Exception:
        if not own:
            raise
        ray.shutdown()
        ray.init(**how)


def _check_answers(address: str) -> None:
    """Ray itself asks for minutes before it gives up.

    Raises:
        InputMissing: nobody answers at this address.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdecimal():  # "auto" and the like
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
    except (OSError, OverflowError) as error:
        raise InputMissing(
            f"no Ray cluster answers ({error})",
            where=f"RAY_ADDRESS={address}",
            remedy="start one with `ray start --head`, or unset RAY_ADDRESS",
        ) from error


def _ray() -> Any:
    if not os.environ.get("RAY_ADDRESS") and "ray" not in sys.modules:  # it reads them once
        for name, value in SETTINGS.items():
            os.environ.setdefault(name, value)
        if os.environ["RAY_AUTH_MODE"] == "token" and "RAY_AUTH_TOKEN_PATH" not in os.environ:
            os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    try:
        import ray
    except ImportError as error:
        raise InputMissing(
            "--engine ray needs Ray, which is not installed", where="ray", remedy="pip install 'bineego[ray]'"
        ) from error
    return ray
