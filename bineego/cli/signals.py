"""Ctrl-C and SIGTERM: raised as exceptions, so that no file is left half-written, and with a time limit."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType

from bineego.errors import EXIT_SIGINT, EXIT_SIGTERM, Interrupted, Terminated

AT_MOST = 9.0
"""Seconds from SIGTERM to the end of the program, whatever it is doing."""

LOADING = "<frozen importlib._bootstrap>"


def at_start() -> None:
    """Until there is any work to clean up, Ctrl-C ends the program at once."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # a script may have had it ignored
        signal.signal(signal.SIGINT, lambda _number, _frame: _end("interrupted", EXIT_SIGINT))


@contextlib.contextmanager
def at_work() -> Iterator[None]:
    """Within the block both signals are raised as `Interrupted` and `Terminated`."""
    handlers = {signal.SIGINT: _on_interrupt, signal.SIGTERM: _on_terminate}
    before = {number: signal.getsignal(number) for number in handlers}
    for number, handler in handlers.items():
        if number != signal.SIGINT or before[number] is not signal.SIG_IGN:
            signal.signal(number, handler)
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


def end_in_time() -> None:
    """Watch from now on that SIGTERM ends this process within `AT_MOST` seconds, also where it hangs in a library."""
    inbox, outbox = os.pipe()
    os.set_blocking(outbox, False)
    signal.set_wakeup_fd(outbox, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(inbox,), daemon=True).start()


def _watch(inbox: int) -> None:
    while signal.SIGTERM not in os.read(inbox, 64):
        pass
    time.sleep(AT_MOST)
    _end("terminated", EXIT_SIGTERM)


def _on_interrupt(_number: int, frame: FrameType | None) -> None:
    if _is_loading(frame):
        _end("interrupted", EXIT_SIGINT)
    raise Interrupted


def _on_terminate(_number: int, frame: FrameType | None) -> None:
    if _is_loading(frame):
        _end("terminated", EXIT_SIGTERM)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough: `_watch` sees to the end
    raise Terminated


def _is_loading(frame: FrameType | None) -> bool:
    """Whether a module is being imported: libraries turn what is raised then into their own errors."""
    while frame is not None:
        if frame.f_code.co_filename.startswith(LOADING):
            return True
        frame = frame.f_back
    return False


def _end(word: str, code: int) -> None:
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stdout.flush()
    with contextlib.suppress(OSError):
        os.write(2, f"{word}\n".encode())
    os._exit(code)
