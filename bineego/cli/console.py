"""What a person sees: notes and progress on stderr, results on stdout, errors as one message with its remedy."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from types import FrameType

from bineego.errors import (
    EXIT_BUG,
    EXIT_SIGINT,
    EXIT_SIGTERM,
    BineegoError,
    InputMissing,
    ResourceExhausted,
    Terminated,
)
from bineego.types import OnProgress

OUT_OF_REACH = {errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP, errno.EIO}
"""Answers of the system that say something of a file, and not of this program."""


class _StderrHandler(logging.Handler):
    """Notes as they are, warnings with a word before them."""

    def emit(self, record: logging.LogRecord) -> None:
        word = {logging.WARNING: "warning: ", logging.ERROR: "error: "}.get(record.levelno, "")
        print(f"{word}{record.getMessage()}", file=sys.stderr, flush=True)


def set_up_logging(*, quiet: bool = False) -> None:
    """Show the package's notes and warnings on stderr (`quiet`: warnings only)."""
    logger = logging.getLogger("bineego")
    logger.handlers[:] = [_StderrHandler()]
    logger.propagate = False
    logger.setLevel(logging.WARNING if quiet else logging.INFO)


@contextlib.contextmanager
def progress(what: str) -> Iterator[OnProgress]:
    """A progress bar on a terminal; elsewhere a line on stderr every 10 %. Nothing under `--quiet`."""
    if not logging.getLogger("bineego").isEnabledFor(logging.INFO):
        yield lambda _done, _total: None
        return
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(what, total=None)

            def on_bar(done: float, total: float) -> None:
                bar.update(task, completed=done, total=total)

            yield on_bar
        return
    said, start = 0, time.monotonic()

    def on_line(done: float, total: float) -> None:
        nonlocal said
        tenths = int(10 * done / total + 1e-9) if total else 10
        if tenths > said:
            said = tenths
            print(f"{what}: {10 * tenths} % ({time.monotonic() - start:.0f} s)", file=sys.stderr, flush=True)

    yield on_line


def run(command: Callable[[], object]) -> int:
    """Run a command; its exit code. Expected errors become one message; anything else is our bug and says so."""
    signal.signal(signal.SIGTERM, _on_sigterm)
    try:
        command()
    except BineegoError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return EXIT_SIGINT
    except Terminated:
        print("terminated", file=sys.stderr)
        return EXIT_SIGTERM
    except BrokenPipeError:
        # The reader of our output (head, less) has gone; not an error, and nothing more can be printed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except MemoryError:
        print("error: out of memory", file=sys.stderr)
        return ResourceExhausted.exit_code
    except Exception as error:
        if os.environ.get("BINEEGO_DEBUG"):
            raise
        if isinstance(error, OSError) and error.filename is not None and error.errno in OUT_OF_REACH:
            # Folders may be locked at any depth, and asking whether a file exists fails in them.
            print(f"error: {error.filename}: cannot be read or written ({error.strerror})", file=sys.stderr)
            return InputMissing.exit_code
        print(
            f"error: {type(error).__name__}: {error}\n"
            "  -> this is a bug in bineego; please report it with the output of the same command under BINEEGO_DEBUG=1",
            file=sys.stderr,
        )
        return EXIT_BUG
    return 0


def _on_sigterm(_signal: int, _frame: FrameType | None) -> None:
    raise Terminated
