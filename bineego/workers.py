"""Worker processes that run one generator each and hand over what it yields.

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
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import IO, Any, TypeVar

from bineego.errors import EXIT_SIGTERM, BineegoError, ResourceExhausted, Terminated, WorkerLost

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
        fed: whether the task's first argument is an iterable of items that come from `give`, as it asks for them.
    """

    def __init__(self, task: Task, *args: Any, ahead: int = 64, fed: bool = False) -> None:
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
        self._tell((task, args, fed))
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._thread.start()

    def messages(self) -> Iterator[Any]:
        """What the task yields, in order.

        Raises:
            BineegoError: what the task raised.
            WorkerLost: the process was killed, for memory in all likelihood.
            RuntimeError: a bug in the task; the text has its traceback.
        """
        for kind, content in self.events():
            match kind:
                case "item":
                    yield content
                case "error" | "bug":
                    raise content
                case "gone":
                    raise ended(content)

    def events(self) -> Iterator[tuple[str, Any]]:
        """Everything that it sends, until it ends: `item`, `next` (it waits for `give`), and as the last one `end`,
        `error` or `bug` (with the exception) or `gone` (with the exit code). Notes are passed on to the log."""
        while True:
            kind, content = self._messages.get()
            match kind:
                case "log":
                    logging.getLogger(content.name).handle(content)
                case "item" | "next":
                    yield kind, content
                case "closed":
                    return
                case "gone":
                    yield kind, self._process.wait()
                    return
                case _:
                    yield kind, RuntimeError(content) if kind == "bug" else content
                    return

    def give(self, *items: Any) -> None:
        """Answer `next` with an item, or with none: there are no more."""
        self._tell(items)

    def _tell(self, content: Any) -> None:
        with contextlib.suppress(BrokenPipeError):
            assert self._process.stdin is not None
            pickle.dump(content, self._process.stdin, protocol=pickle.HIGHEST_PROTOCOL)
            self._process.stdin.flush()

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


FEWER = "memory may have run out: lower --jobs"


def ended(code: int) -> WorkerLost:
    """What is said of a worker that has ended with `code` before its task did."""
    by = f"by signal {-code}" if code < 0 else f"with code {code}"
    return WorkerLost(f"a worker process died ({by})", remedy=FEWER)


TRIES = 2
"""Workers that an item may cost before it is set aside."""


def set_aside(error: WorkerLost) -> WorkerLost:
    """What is said of an item that has cost `TRIES` workers, the last of them with `error`."""
    return WorkerLost(
        f"set aside: {TRIES} processes that worked on it died, the last {error.message.rsplit('(', 1)[1][:-1]}",
        remedy="memory may have run out (lower --jobs), or the file crashes the decoder (leave it out)",
    )


class _Outbox:
    """A worker's messages to its parent, from whichever thread."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._lock = stream, threading.RLock()

    def send(self, kind: str, content: Any) -> None:
        message = pickle.dumps((kind, content), protocol=pickle.HIGHEST_PROTOCOL)
        with self._lock:
            self._stream.write(message)
            self._stream.flush()


class _Forwarder(logging.Handler):
    """Sends notes to the parent, which shows them as its own."""

    def __init__(self, out: _Outbox) -> None:
        super().__init__()
        self._out = out

    def emit(self, record: logging.LogRecord) -> None:
        record.msg, record.args, record.exc_info = record.getMessage(), None, None
        self._out.send("log", record)


_parent: _Outbox | None = None


def tell(content: Any) -> None:
    """From anywhere in a task: hand something over at once, as if the task had yielded it."""
    assert _parent is not None, "called in a worker only"
    _parent.send("item", content)


def _serve() -> None:
    """The worker's side: read a task from standard input, write its messages to standard output."""
    signal.signal(signal.SIGTERM, _on_sigterm)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the parent decides
    global _parent
    out = _parent = _Outbox(os.fdopen(os.dup(1), "wb"))
    os.dup2(2, 1)  # whatever a library prints must not land among the messages
    sys.stdout = sys.stderr
    warnings.simplefilter("ignore")
    logger = logging.getLogger("bineego")
    logger.handlers[:] = [_Forwarder(out)]
    logger.setLevel(logging.INFO)
    logger.propagate = False
    inbox: queue.Queue[Any] = queue.Queue()
    try:
        given = os.fdopen(os.dup(0), "rb")
        task, args, fed = pickle.load(given)
        threading.Thread(target=_listen, args=(given, inbox), daemon=True).start()
        for item in task(_asked_for(out, inbox), *args) if fed else task(*args):
            out.send("item", item)
        out.send("end", None)
    except BineegoError as error:
        out.send("error", error)
    except MemoryError:
        out.send("error", ResourceExhausted("out of memory in a worker process", remedy="lower --jobs"))
    except Exception:  # the parent must learn of a bug in the task; it raises it there
        out.send("bug", traceback.format_exc())


def _asked_for(out: _Outbox, inbox: queue.Queue[Any]) -> Iterator[Any]:
    """Items of the parent, one as soon as the one before is done."""
    while True:
        out.send("next", None)
        given = inbox.get()
        if not given:
            return
        yield from given


def _listen(given: IO[bytes], inbox: queue.Queue[Any]) -> None:
    """What the parent sends; the end of it is the parent's, and ours.

    Not through `sys.stdin`, whose lock would be held meanwhile: the interpreter aborts if it is when it shuts down.
    """
    with contextlib.suppress(EOFError, OSError, pickle.UnpicklingError):
        while True:
            inbox.put(pickle.load(given))
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os._exit(EXIT_SIGTERM)


def _on_sigterm(_signal: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one must not end the cleaning up
    raise Terminated


def main() -> int:
    """A worker process, to its end; its exit code."""
    try:
        _serve()
    except (Terminated, BrokenPipeError):  # the parent has all it wants, or is no more
        return EXIT_SIGTERM
    return 0


if __name__ == "__main__":
    from bineego import workers  # the module that tasks import, of which this is a second copy

    os._exit(workers.main())  # at once: a signal while the interpreter shuts down would be told as an error
