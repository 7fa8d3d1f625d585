"""The standard streams of the command: a failing one never loses a result.

- Standard output carries results. If it cannot be written (a full disk, a closed descriptor), the command says so after
  its work and exits with the code of `ResourceExhausted`; a reader that has closed the pipe (`head`) is not an error.
- Standard error carries notes and progress; if it fails, they are dropped.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from typing import Any

STDOUT = "standard output"


def guard() -> None:
    """Put the guarded streams in place of Python's."""
    closed = [number for number in (0, 1, 2) if _is_closed(number)]
    for _ in closed:  # in their order: else the first file that is opened would take the number, and be printed into
        os.open(os.devnull, os.O_RDWR)
    sys.stdout = _text(_Results(1, "w", closefd=False) if 1 not in closed else _Nowhere(), sys.stdout)
    sys.stderr = _text(_Notes(2, "w", closefd=False), sys.stderr)


def finish() -> None:
    """Flush what waits to be printed.

    Raises:
        OSError: standard output cannot be written.
    """
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except (OSError, ValueError):
        # What is left can never be printed; Python would try again at its end.
        with contextlib.suppress(OSError, ValueError, AttributeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


class _Results(io.FileIO):
    """Standard output: errors name it, and a closed pipe is not an error."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data) or 0
        except BrokenPipeError:
            return len(memoryview(data).cast("B"))
        except OSError as error:
            raise OSError(error.errno, error.strerror, STDOUT) from error


class _Nowhere(io.RawIOBase):
    """Standard output that the caller has closed: reported once."""

    told = False

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        if not self.told:
            self.told = True
            raise OSError(errno.EBADF, "it is closed", STDOUT)
        return len(memoryview(data).cast("B"))


class _Notes(io.FileIO):
    """Standard error: what cannot be written is dropped."""

    def write(self, data: Any) -> int:
        with contextlib.suppress(OSError):
            return super().write(data) or 0
        return len(memoryview(data).cast("B"))


def _text(raw: io.RawIOBase, before: Any) -> io.TextIOWrapper:
    encoding = getattr(before, "encoding", None) or "utf-8"
    # Names of files are bytes: they come out as they are wherever that is possible.
    errors = "surrogateescape" if encoding.casefold().startswith("utf") else "backslashreplace"
    is_notes = isinstance(raw, _Notes)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=encoding,
        errors="backslashreplace" if is_notes else errors,
        line_buffering=is_notes or (not isinstance(raw, _Nowhere) and os.isatty(1)),
    )


def _is_closed(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError as error:
        return error.errno == errno.EBADF
    return False
