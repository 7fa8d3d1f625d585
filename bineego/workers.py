"""Worker processes that run one generator each and hand over what it yields, and the sharing out of work among them.

Not `multiprocessing`: its spawned processes run the user's own script again unless that is written for it, cannot be
started from a data loader's workers, and outlive a killed parent. These talk through their standard streams, and end
when those close. However a worker is ended, short of SIGKILL, it removes what it has half written.
"""

from __future__ import annotations

import contextlib
import logging
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import IO, Any, TypeVar

from bineego.errors import EXIT_SIGTERM, BineegoError, ResourceExhausted, Terminated

log = logging.getLogger(__name__)

T = TypeVar("T")

Task = Callable[..., Iterator[Any]]
"""A generator function of a module, so that it can be pickled."""

GRACE = 3.0
"""Seconds that a worker has to remove its temporary files before it is killed."""


class Worker:
    """A process that runs `task(*args)`; its messages are read by a thread, at most `ahead` before they are asked for.

    Args:
        ahead: bounds the memory that unread messages take; the worker waits when they are that many.
    """

    def __init__(self, task: Task, *args: Any, ahead: int = 64) -> None:
        package_parent = str(Path(__file__).parents[1])
        paths = os.pathsep.join(dict.fromkeys([package_parent, *filter(None, sys.path)]))
        self._process = subprocess.Popen(
            # -P: modules in the current folder do not take the place of the standard library's.
            [sys.executable, "-P", "-m", "bineego.workers"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": paths},
        )
        self._messages: queue.Queue[tuple[str, Any]] = queue.Queue(maxsize=ahead)
        self._closing = False
        # A worker that dies before it has read its task is noticed when its messages end.
        with contextlib.suppress(BrokenPipeError):
            assert self._process.stdin is not None
            pickle.dump((task, args), self._process.stdin, protocol=pickle.HIGHEST_PROTOCOL)
            self._process.stdin.flush()
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._thread.start()

    def messages(self) -> Iterator[Any]:
        """What the task yields, in order.

        Raises:
            BineegoError: what the task raised.
            ResourceExhausted: the process was killed, for memory in all likelihood.
            RuntimeError: a bug in the task; the text has its traceback.
        """
        while True:
            kind, content = self._messages.get()
            match kind:
                case "item":
                    yield content
                case "log":
                    logging.getLogger(content.name).handle(content)
                case "error":
                    raise content
                case "bug":
                    raise RuntimeError(content)
                case "end" | "closed":
                    return
                case _:
                    code = self._process.wait()
                    raise ResourceExhausted(
                        f"a worker process was ended from outside (code {code})",
                        remedy="memory may have run out: use fewer with --jobs",
                    )

    def close(self) -> None:
        """End the process, whatever it is doing. Its temporary files are gone afterwards, if it can be told to stop."""
        self._closing = True
        self._process.terminate()
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(GRACE)
        finally:  # also after another Ctrl-C
            self._kill()

    def _kill(self) -> None:
        self._process.kill()
        while self._thread.is_alive():
            with contextlib.suppress(queue.Empty):
                self._messages.get_nowait()
            self._thread.join(timeout=0.01)
        with contextlib.suppress(queue.Full):
            self._messages.put_nowait(("closed", None))  # for a thread that waits in `messages`
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            with contextlib.suppress(OSError):
                stream.close()

    def _receive(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        kind = ""
        while kind not in ("end", "error", "bug", "gone"):
            try:
                kind, content = pickle.load(stream)
            except (EOFError, pickle.UnpicklingError, OSError, ValueError):
                kind, content = "gone", None
            while not self._closing:
                with contextlib.suppress(queue.Full):
                    self._messages.put((kind, content), timeout=0.2)
                    break
            if self._closing:
                return


def share_out(items: Iterable[T], cost: Callable[[T], float], n: int) -> list[list[T]]:
    """The items in at most `n` shares, none of them empty: the longest first, each to whoever has the least to do."""
    ordered = sorted(items, key=lambda item: -cost(item))
    shares: list[list[T]] = [[] for _ in range(min(n, len(ordered)))]
    loads = [0.0] * len(shares)
    for item in ordered:
        least = loads.index(min(loads))
        shares[least].append(item)
        loads[least] += cost(item)
    return shares


def in_processes(task: Task, shares: Sequence[Any], *args: Any) -> Iterator[Any]:
    """What `task(share, *args)` yields for each share, every share in a process of its own, in order of arrival.

    Raises:
        see `Worker.messages`; the other processes are ended then.
    """
    inbox: queue.Queue[tuple[bool, Any]] = queue.Queue()

    def receive(worker: Worker) -> None:
        try:
            for message in worker.messages():
                inbox.put((True, message))
            inbox.put((False, None))
        except BaseException as error:  # not lost in the thread: it is raised again below
            inbox.put((False, error))

    with contextlib.ExitStack() as stack:
        for share in shares:
            worker = Worker(task, share, *args)
            stack.callback(worker.close)
            threading.Thread(target=receive, args=(worker,), daemon=True).start()
        running = len(shares)
        while running:
            is_item, content = inbox.get()
            if is_item:
                yield content
            elif content is not None:
                raise content
            else:
                running -= 1


class _Forwarder(logging.Handler):
    """Sends notes to the parent, which shows them as its own."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__()
        self._stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        record.msg, record.args, record.exc_info = record.getMessage(), None, None
        _send(self._stream, "log", record)


def _send(stream: IO[bytes], kind: str, content: Any) -> None:
    pickle.dump((kind, content), stream, protocol=pickle.HIGHEST_PROTOCOL)
    stream.flush()


def _serve() -> None:
    """The worker's side: read a task from standard input, write its messages to standard output."""
    signal.signal(signal.SIGTERM, _on_sigterm)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the parent decides
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not land among the messages
    sys.stdout = sys.stderr
    warnings.simplefilter("ignore")
    logger = logging.getLogger("bineego")
    logger.handlers[:] = [_Forwarder(out)]
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        task, args = pickle.load(sys.stdin.buffer)
        threading.Thread(target=_end_with_parent, daemon=True).start()
        for item in task(*args):
            _send(out, "item", item)
        _send(out, "end", None)
    except BineegoError as error:
        _send(out, "error", error)
    except MemoryError:
        _send(out, "error", ResourceExhausted("out of memory in a worker process", remedy="use fewer with --jobs"))
    except Exception:  # the parent must learn of a bug in the task; it raises it there
        _send(out, "bug", traceback.format_exc())


def _end_with_parent() -> None:
    """Nothing more comes on standard input; its end is the parent's.

    Not through `sys.stdin`, whose lock would be held meanwhile: the interpreter aborts if it is when it shuts down.
    """
    while os.read(0, 1 << 16):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os._exit(EXIT_SIGTERM)


def _on_sigterm(_signal: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one must not end the cleaning up
    raise Terminated


if __name__ == "__main__":
    code = 0
    try:
        _serve()
    except (Terminated, BrokenPipeError):  # the parent has all it wants, or is no more
        code = EXIT_SIGTERM
    os._exit(code)  # at once: a signal while the interpreter shuts down would be told as an error
