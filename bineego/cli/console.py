"""What a person sees: notes and progress on stderr, results on stdout, errors as one message with its remedy."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from bineego.cli import signals, streams
from bineego.errors import (
    EXIT_BUG,
    EXIT_SIGINT,
    EXIT_SIGTERM,
    BineegoError,
    InputMissing,
    Interrupted,
    ResourceExhausted,
    Terminated,
    UsageError,
)
from bineego.files import FULL, write_error
from bineego.words import printable

if TYPE_CHECKING:
    from bineego.types import OnProgress  # NumPy, which `--help` does not need


class _StderrHandler(logging.Handler):
    """Notes as they are, warnings with a word before them."""

    def emit(self, record: logging.LogRecord) -> None:
        word = {logging.WARNING: "warning: ", logging.ERROR: "error: "}.get(record.levelno, "")
        say(f"{word}{record.getMessage()}")


def say(text: str) -> None:
    """Tell the user something, on standard error; whatever it quotes from files is made harmless."""
    print(printable(text), file=sys.stderr, flush=True)


def start(command: Callable[[], object]) -> int:
    """Run the command of this process: guarded streams, signals that end it in time, nobody else's warnings."""
    streams.guard()
    signals.end_in_time()
    if not os.environ.get("BINEEGO_DEBUG"):
        warnings.simplefilter("ignore")  # of NumPy and other libraries, about code that the user has not written
    set_up_logging()
    return run(command)


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
            say(f"{what}: {10 * tenths} % ({time.monotonic() - start:.0f} s)")

    yield on_line


def run(command: Callable[[], object]) -> int:
    """Run a command; its exit code. Expected errors become one message; anything else is our bug and says so."""
    signals.at_work()
    code = _run(command)
    try:
        streams.finish()
    except OSError as error:
        return _refuse(_of_system(error)) if code == 0 else code
    return code


def _run(command: Callable[[], object]) -> int:
    try:
        command()
    except BineegoError as error:
        return _refuse(error)
    except (KeyboardInterrupt, Interrupted) as error:
        return _ended("interrupted", error, EXIT_SIGINT)
    except Terminated as error:
        return _ended("terminated", error, EXIT_SIGTERM)
    except SystemExit as error:  # Typer's way out
        return error.code if isinstance(error.code, int) else 0
    except MemoryError:
        return _refuse(ResourceExhausted("out of memory", remedy="close other programs, or ask for less at once"))
    except Exception as error:
        if hasattr(error, "format_message"):  # a command line that Typer cannot read
            return _usage(error)
        if isinstance(error, OSError) and error.errno is not None:
            return _refuse(_of_system(error))
        if os.environ.get("BINEEGO_DEBUG"):
            raise
        say(
            f"error: {type(error).__name__}: {error}\n"
            "  -> this is a bug in bineego; please report it with the output of the same command under BINEEGO_DEBUG=1"
        )
        return EXIT_BUG
    return 0


def _refuse(error: BineegoError) -> int:
    say(f"error: {error}")
    return error.exit_code


def _usage(error: Exception) -> int:
    from bineego.cli.usage import in_our_words

    said = in_our_words(error)
    if said is not None:
        return _refuse(said)
    say(str(error))  # the help, which a bare call gets
    return UsageError.exit_code


def _ended(word: str, error: BaseException, code: int) -> int:
    """What a signal leaves: the command may have told how far it has come."""
    say(f"{word}: {error}" if str(error) else word)
    return code


def _of_system(error: OSError) -> BineegoError:
    """What the system says of a file, anywhere in a command, is not a bug of this program.

    Folders may be locked at any depth, and asking whether a file exists fails in them.
    """
    if error.filename == streams.STDOUT:
        return ResourceExhausted(
            f"cannot be written ({error.strerror})",
            where=streams.STDOUT,
            remedy="files that the command wrote are whole",
        )
    if error.errno in FULL:
        return write_error(error, error.filename)
    reason = f"cannot be read or written ({error.strerror})"
    return InputMissing(reason, where=error.filename)
