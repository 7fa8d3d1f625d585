"""Locks between processes: of a whole run, and of the moment in which results appear."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from bineego.errors import UsageError
from bineego.files import disk_errors, write_bytes
from bineego.words import duration

log = logging.getLogger(__name__)

PATIENCE = 60.0
"""Seconds that a moment of another process may last; after that it counts as stopped, and the work continues without
the lock.
"""


@contextlib.contextmanager
def moment(path: Path) -> Iterator[None]:
    """Only one process at a time is inside, for as long as it takes to rename a few files."""
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
        try:
            lock.acquire(timeout=PATIENCE)
        except (Timeout, NotImplementedError):  # a stopped process, or a file system without locks
            log.debug("no lock on %s: continuing without it", path)
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def held(path: Path, *, what: str, remedy: str) -> Iterator[None]:
    """A lock for as long as a command works. It is freed by the end of the process, however that comes.

    Args:
        path: the lock's file; its holder is recorded beside it.
        what: what is locked, for the message ("run 'first'").
        remedy: what the user can do.

    Raises:
        UsageError: another process holds it; the message says which, and since when.
    """
    holder = path.with_suffix(".holder")
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise UsageError(f"{what} is in use by {_described(holder)}", where=path.parent, remedy=remedy) from None
        except NotImplementedError:
            log.warning("%s: this file system has no locks; do not start another run of this name", path.parent)
    try:
        about = {"process": os.getpid(), "host": socket.gethostname(), "since": time.time()}
        write_bytes(holder, json.dumps(about).encode() + b"\n")
        yield
    finally:
        with contextlib.suppress(OSError):
            holder.unlink()
        lock.release()


def _described(holder: Path) -> str:
    try:
        about = json.loads(holder.read_bytes())
        host = "" if about["host"] == socket.gethostname() else f" on {about['host']}"
        return f"process {about['process']}{host}, for {duration(max(0.0, time.time() - about['since']))}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
