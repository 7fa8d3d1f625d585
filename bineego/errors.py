"""Everything that can go wrong and is not our bug, one class for each exit code.

BineegoError
 +- UsageError          2   the call itself is wrong, or there is nothing to work on
 +- InputMissing        3   a file is missing or cannot be read at all
 +- InputInvalid        4   a file was read and its content is wrong
 +- BatchFailed         5   some items (or all) of a batch failed; the others are done
 +- ModelError          6   no model, or a checkpoint that cannot be used
 +- ResourceExhausted   7   out of memory or disk

An interrupted run exits with 130 (SIGINT) or 143 (SIGTERM); 70 is a bug of ours.
Every message says what, where (file, line, column or second) and what to do about it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import ClassVar

EXIT_BUG = 70
EXIT_SIGINT = 130
EXIT_SIGTERM = 143


class BineegoError(Exception):
    """Base of all expected errors.

    Args:
        message: what is wrong, one line.
        where: the file, line, column or second it was found at.
        remedy: what the user can do about it.
    """

    exit_code: ClassVar[int] = EXIT_BUG

    def __init__(self, message: str, *, where: object = None, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = None if where is None else str(where)
        self.remedy = remedy

    def __str__(self) -> str:
        text = self.message if self.where is None else f"{self.where}: {self.message}"
        return text if self.remedy is None else f"{text}\n  -> {self.remedy}"


class UsageError(BineegoError):
    exit_code = 2


class BadOption(UsageError, ValueError):
    """A value that an option cannot have; `where` is the option's name."""


class UnknownOption(UsageError, TypeError):
    """A name that no option has."""


class InputMissing(BineegoError):
    exit_code = 3


class InputInvalid(BineegoError):
    exit_code = 4


class BatchFailed(BineegoError):
    exit_code = 5


class ModelError(BineegoError):
    exit_code = 6


class ResourceExhausted(BineegoError):
    exit_code = 7


class WorkerLost(BatchFailed):
    """A worker process was killed, or has crashed. It costs the item it was at work on, and nothing else."""


class Terminated(BaseException):
    """SIGTERM, raised as an exception so that temporary files are removed on the way out."""


class Interrupted(BaseException):
    """Ctrl-C in a command: Typer would end the program silently."""


def nearest(name: str, known: Iterable[str]) -> str:
    """`" (did you mean 'x'?)"` for the known name closest to `name`, or an empty string."""
    close = difflib.get_close_matches(name, [str(word) for word in known], n=1, cutoff=0.5)
    return f" (did you mean {close[0]!r}?)" if close else ""
