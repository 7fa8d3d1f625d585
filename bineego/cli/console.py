"""What a person sees: notes and progress on stderr, results on stdout, errors as one message with its remedy."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bineego.cli import signals, streams
from bineego.errors import (
    EXIT_BUG,
    EXIT_SIGINT,
    EXIT_SIGTERM,
    BadOption,
    BineegoError,
    InputMissing,
    Interrupted,
    ResourceExhausted,
    Terminated,
    UsageError,
)
from bineego.files import FULL, write_error
from bineego.words import clock, flag, printable

if TYPE_CHECKING:
    from rich.progress import Progress


class _StderrHandler(logging.Handler):
    """Shows notes as they are and warnings with a prefix."""

    def emit(self, record: logging.LogRecord) -> None:
        word = {logging.WARNING: "warning: ", logging.ERROR: "error: "}.get(record.levelno, "")
        say(f"{word}{record.getMessage()}")


def say(text: str) -> None:
    """Tell the user something, on standard error; whatever it quotes from files is made harmless."""
    print(printable(text), file=sys.stderr, flush=True)


@dataclass
class Outcome:
    """How a command ended.

    Attributes:
        code: its exit code.
    """

    code: int = 0


@contextlib.contextmanager
def started() -> Iterator[Outcome]:
    """Runs a command without warnings of other libraries."""
    if not os.environ.get("BINEEGO_DEBUG"):
        warnings.simplefilter("ignore")  # of NumPy and other libraries, about code that the user has not written
    set_up_logging()
    with handled() as outcome:
        yield outcome


def set_up_logging(*, quiet: bool = False) -> None:
    """Show the package's notes and warnings on stderr (`quiet`: warnings only)."""
    logger = logging.getLogger("bineego")
    logger.handlers[:] = [_StderrHandler()]
    logger.propagate = False
    logger.setLevel(logging.WARNING if quiet else logging.INFO)


class Watch:
    """Listens to work on videos: how much is done, and which video is next. This base class shows nothing."""

    def __call__(self, done: float, total: float) -> None:
        """`done` of `total` is done, in any unit."""

    def video(self, name: str, done: int, count: int) -> None:
        """Video `name` is worked on; `done` of `count` are finished."""


class _Lines(Watch):
    """Without a terminal: a line every 10 %."""

    def __init__(self, what: str) -> None:
        self.what, self.said, self.start, self.videos = what, 0, time.monotonic(), ""

    def __call__(self, done: float, total: float) -> None:
        tenths = int(10 * done / total + 1e-9) if total else 10
        if tenths > self.said:
            self.said = tenths
            say(f"{self.what}: {10 * tenths} %{self.videos} ({time.monotonic() - self.start:.0f} s)")

    def video(self, name: str, done: int, count: int) -> None:
        self.videos = f", {done}/{count} videos" if count > 1 else ""


class _Bar(Watch):
    """On a terminal: n/N, the video, a bar, the speed and the time left."""

    def __init__(self, what: str, bar: Progress) -> None:
        self.what, self.bar, self.start = what, bar, time.monotonic()
        self.task = bar.add_task(escaped(what), total=None, speed="")

    def __call__(self, done: float, total: float) -> None:
        passed = time.monotonic() - self.start
        speed = f"{done / passed:.1f}x" if passed > 1 else ""
        self.bar.update(self.task, completed=done, total=total, speed=speed)

    def video(self, name: str, done: int, count: int) -> None:
        text = f"{self.what} {done}/{count} {name[-40:]}" if count > 1 else f"{self.what} {name[-40:]}"
        self.bar.update(self.task, description=escaped(text))


def escaped(text: str) -> str:
    """A text that rich shows without markup."""
    return printable(text).replace("[", "\\[")


@contextlib.contextmanager
def progress(what: str) -> Iterator[Watch]:
    """A progress bar on a terminal; elsewhere a line on stderr every 10 %. Nothing under `--quiet`."""
    if not logging.getLogger("bineego").isEnabledFor(logging.INFO):
        yield Watch()
    elif not sys.stderr.isatty():
        yield _Lines(what)
    else:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            yield _Bar(what, bar)


MOST_ROWS = 40


def show_segments(rows: Iterable[tuple[str, float, float, float]]) -> None:
    """Segments of one video (label, start, end, score) printed on the terminal, with times as players show them."""
    if not sys.stderr.isatty() or not logging.getLogger("bineego").isEnabledFor(logging.INFO):
        return
    listed = list(rows)
    for label, start, end, score in listed[:MOST_ROWS]:
        say(f"  {clock(start):>11} - {clock(end):<11} {score:.2f}  {label}")
    if len(listed) > MOST_ROWS:
        say(f"  ... and {len(listed) - MOST_ROWS} more in the table")


@contextlib.contextmanager
def handled() -> Iterator[Outcome]:
    """Runs a command. Expected errors become one message; anything else is reported as a bug in bineego."""
    outcome = Outcome()
    with signals.at_work(), _told(outcome):
        yield outcome
    try:
        streams.finish()
    except OSError as error:
        if outcome.code == 0:
            outcome.code = _refuse(_of_system(error))


def run(command: Callable[[], object]) -> int:
    """Run a command; its exit code."""
    with handled() as outcome:
        command()
    return outcome.code


@contextlib.contextmanager
def _told(outcome: Outcome) -> Iterator[None]:
    try:
        yield
    except SystemExit as error:  # Typer's way out
        outcome.code = error.code if isinstance(error.code, int) else 0
    except BaseException as error:
        try:
            outcome.code = _tell(error)
        except (Interrupted, Terminated) as again:  # another signal while that is told
            outcome.code = EXIT_SIGTERM if isinstance(again, Terminated) else EXIT_SIGINT


def _tell(error: BaseException) -> int:
    """Say how a command ended; its exit code."""
    match error:
        case BineegoError():
            return _refuse(error)
        case KeyboardInterrupt() | Interrupted():
            return _ended("interrupted", error, EXIT_SIGINT)
        case Terminated():
            return _ended("terminated", error, EXIT_SIGTERM)
        case MemoryError():
            return _refuse(ResourceExhausted("out of memory", remedy="close other programs, or work on less at once"))
        case Exception() if hasattr(error, "format_message"):  # a command line that Typer cannot read
            return _usage(error)
        case OSError() if error.errno is not None:
            return _refuse(_of_system(error))
        case _ if os.environ.get("BINEEGO_DEBUG") or not isinstance(error, Exception):
            raise error
    say(
        f"error: {type(error).__name__}: {error}\n"
        "  -> this is a bug in bineego; please report it with the output of the same command under BINEEGO_DEBUG=1"
    )
    return EXIT_BUG


def _refuse(error: BineegoError) -> int:
    if isinstance(error, BadOption) and error.where is not None:  # who calls a command knows its options as flags
        error = UsageError(error.message, where=flag(error.where), remedy=error.remedy)
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
    """The message after a signal; the command may have said how far it got."""
    say(f"{word}: {error}" if str(error) else word)
    return code


def _of_system(error: OSError) -> BineegoError:
    """Turn an OSError about a file, wherever it came up, into an error of ours: it is not a bug.

    Folders may be unreadable at any depth, and even asking whether a file exists can fail.
    """
    if error.filename == streams.STDOUT:
        return ResourceExhausted(
            f"cannot be written ({error.strerror})",
            where=streams.STDOUT,
            remedy="files already written are complete",
        )
    if error.errno in FULL:
        return write_error(error, error.filename)
    reason = f"cannot be read or written ({error.strerror})"
    return InputMissing(reason, where=error.filename)
