"""Files from an address, on this machine for as long as they are worked on."""

from __future__ import annotations

import contextlib
import functools
import logging
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from bineego import words
from bineego.errors import BineegoError, ResourceExhausted
from bineego.files import FULL, disk_errors
from bineego.remote.address import WEB, RemoteFile, Source
from bineego.remote.system import Unreachable, open_system, reading

CHUNK = 16_000_000
"""Bytes of one request."""

TRIES, PAUSE = 3, 1.0
"""How often a file is asked for, and the seconds between."""

LOCK = ".lock"
UNLOCKED = 600.0
"""Seconds after which a folder without a lock counts as left behind."""

log = logging.getLogger(__name__)


class ScratchFull(ResourceExhausted):
    """The scratch disk is full: nothing that comes from an address can be worked on."""


@contextlib.contextmanager
def brought(source: Source, scratch: Path | None) -> Iterator[Path]:
    """The file on this machine: a path as it is, a file from an address for as long as the block lasts.

    Errors within the block that name the file name its address instead.

    Args:
        scratch: folder for it; None = the system's temporary folder.

    Raises:
        InputMissing: it cannot be had.
        ScratchFull: there is no room for it.
    """
    if isinstance(source, Path):
        yield source
        return
    with scratch_folder(scratch) as folder:
        path = folder / source.name
        fetch(source, path)
        try:
            yield path
        except BineegoError as error:
            raise addressed(error, path, source) from error.__cause__


def addressed(error: BineegoError, path: Path, source: Source) -> BineegoError:
    """The error with the address in the place of where the file was for a while."""
    if error.where is not None:
        error.where = error.where.replace(str(path), str(source))
    return error


@contextlib.contextmanager
def scratch_folder(scratch: Path | None) -> Iterator[Path]:
    """A folder that is gone afterwards; what killed processes have left behind is removed.

    Raises:
        ScratchFull, UsageError: it cannot be made.
    """
    home = Path(tempfile.gettempdir()) if scratch is None else Path(scratch)
    with _full(home), disk_errors(home):
        home.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(home)
        made = tempfile.TemporaryDirectory(prefix="bineego.", suffix=".tmp", dir=home, ignore_cleanup_errors=True)
    with made as name:
        lock = FileLock(Path(name) / LOCK)
        with _full(home), disk_errors(home):
            lock.acquire(timeout=0)
        try:
            yield Path(name)
        finally:
            lock.release()


def fetch(file: RemoteFile, path: Path) -> None:
    """Write a file from an address to `path`, whole: its size is checked.

    Raises:
        InputMissing: it cannot be had, or only a part of it comes.
        ScratchFull: it does not fit.
    """
    free = shutil.disk_usage(path.parent).free
    if file.size is not None and file.size > free:
        raise ScratchFull(
            f"{file} takes {words.size(file.size)}, but only {words.size(free)} is free",
            where=path.parent,
            remedy="choose a larger disk with --scratch, or lower --jobs",
        )
    for turn in range(TRIES):
        try:
            _copy(file, path)
            return
        except Unreachable as error:
            if turn == TRIES - 1:
                raise
            log.info("%s: %s; trying again", file, error.message)
            time.sleep(PAUSE * (turn + 1))


def _copy(file: RemoteFile, path: Path) -> None:
    with _full(path), disk_errors(path), path.open("wb") as target:
        for chunk in _chunks(file):
            target.write(chunk)
        came = target.tell()
    if file.size is not None and came != file.size:
        raise Unreachable(f"{came:,} of {file.size:,} bytes arrived", where=file, remedy="run again")


def _chunks(file: RemoteFile) -> Iterator[bytes]:
    system, place = open_system(file.address)
    with reading(file.address):
        # A web server need not know of parts of files: there the whole comes in one stream.
        how = {"block_size": 0} if file.address.scheme in WEB else {"block_size": CHUNK, "cache_type": "none"}
        with system.open(place, "rb", **how) as stream:
            while chunk := stream.read(CHUNK):
                yield chunk


@contextlib.contextmanager
def _full(path: Path) -> Iterator[None]:
    """What runs out here is scratch."""
    try:
        yield
    except ResourceExhausted as error:
        if isinstance(error, ScratchFull):
            raise
        raise ScratchFull(error.message, where=error.where, remedy="choose a larger disk with --scratch") from error
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise ScratchFull(FULL[error.errno][0], where=path, remedy="choose a larger disk with --scratch") from error


@functools.cache
def _remove_abandoned(home: Path) -> None:
    """Folders whose process is no more: their lock is free."""
    for left in home.glob("bineego.*.tmp"):
        with contextlib.suppress(OSError, Timeout, NotImplementedError):
            lock = left / LOCK
            if not lock.exists() and time.time() - left.stat().st_mtime < UNLOCKED:
                continue
            with FileLock(lock).acquire(timeout=0):
                shutil.rmtree(left, ignore_errors=True)
