"""Files that appear whole or not at all, and errors that name the path."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from bineego.errors import InputMissing, ResourceExhausted, UsageError


@contextlib.contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` to write to; on success it is synced and renamed to `path`, else removed.

    A link stays one: the file that it points to is replaced.

    Raises:
        UsageError: the folder cannot be written to, or `path` is a folder or a device.
        ResourceExhausted: the disk is full.
    """
    path = Path(path)
    if path.is_symlink():
        path = path.resolve()
    if path.is_dir():
        raise UsageError("is a folder, not a file to write", where=path)
    if path.exists() and not path.is_file():
        raise UsageError("is a device or a pipe, not a file to write", where=path, remedy="name a file")
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        # Only the start of the name: the longest that a file may have leaves no room for more.
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:40]}.", suffix=".tmp", dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
            # mkstemp makes files private; the result gets the permissions any new file would have.
            umask = os.umask(0)
            os.umask(umask)
            temporary.chmod(0o666 & ~umask)
            temporary.replace(path)
            _sync_folder(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_folder(path: Path, *, complete: str | None = None) -> Iterator[Path]:
    """A temporary folder beside `path` to fill; on success it is renamed to `path` (replacing it), else removed.

    Args:
        complete: a file that only a whole folder holds. Where another process has put such a folder at `path` in the
            meantime, that one stays, as somebody may be reading it.
    """
    path = Path(path)
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent))
        try:
            yield temporary
            for file in temporary.iterdir():
                with file.open("rb+") as opened:
                    os.fsync(opened.fileno())
            umask = os.umask(0)
            os.umask(umask)
            temporary.chmod(0o777 & ~umask)
            while True:
                try:
                    temporary.replace(path)
                    break
                except OSError as error:
                    if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                        raise
                if complete is not None and (path / complete).is_file():
                    break
                # Moved aside before it is removed: no reader finds half a folder, and no other writer an obstacle.
                aside = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent))
                with contextlib.suppress(FileNotFoundError):  # another process has moved it
                    path.replace(aside)
                shutil.rmtree(aside, ignore_errors=True)
            _sync_folder(path.parent)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


@contextlib.contextmanager
def atomic_text(path: Path) -> Iterator[IO[str]]:
    """A text stream (UTF-8, LF) whose content becomes `path` when the block ends well."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        yield stream


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path`, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def read_bytes(path: Path) -> bytes:
    """The content of a file.

    Raises:
        InputMissing: it is not there, is a folder, or cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InputMissing(f"cannot be read ({error.strerror})", where=path) from error


def check_writable(folder: Path) -> None:
    """Fail now, not after an hour of work, if files cannot be written to `folder` (made if missing)."""
    folder = Path(folder)
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass


def check_target(path: Path, inputs: Iterable[Path], *, flag: str) -> None:
    """Fail before any work if a result cannot be written to `path`, or would replace one of the `inputs`.

    Args:
        flag: what names the result on the command line, for messages.

    Raises:
        UsageError, ResourceExhausted: one of these.
    """
    if path.is_dir():
        raise UsageError("is a folder", where=path, remedy=f"name a file: {flag} FILE")
    if path.exists() and any(other.exists() and path.samefile(other) for other in inputs):
        raise UsageError("is one of the inputs", where=path, remedy=f"name another file with {flag}")
    check_writable(path.parent)


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn the operating system's errors on writing `path` into ours."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ResourceExhausted("the disk is full", where=path, remedy="free some space, then run again") from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.EISDIR):
            raise UsageError(
                f"cannot be written ({error.strerror})", where=path, remedy="name another place with -o"
            ) from error
        raise


def _sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut (not possible on every file system)."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
