"""Files that appear whole or not at all, and errors that name the path."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import IO, Any

from bineego.errors import BineegoError, InputMissing, ResourceExhausted, UsageError, nearest

FULL = {
    errno.ENOSPC: ("the disk is full", "free some space, then run again"),
    errno.EDQUOT: ("your disk quota is full", "free some space or raise your quota, then run again"),
    errno.EFBIG: ("the file is larger than the limit", "raise the limit (ulimit -f), or choose another disk"),
    errno.ENOMEM: ("out of memory", "close other programs, or work on less at once"),
    errno.EMFILE: ("too many open files", "raise the limit (ulimit -n), or lower --jobs"),
    errno.ENFILE: ("too many open files on this machine", "close other programs, then run again"),
}
"""What runs out, and what to do about it."""

REFUSED = {
    errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.ENOENT, errno.ENAMETOOLONG,
    errno.ELOOP, errno.EXDEV, errno.EINVAL, errno.EBUSY, errno.ETXTBSY, errno.ENOTSUP, errno.ENOTEMPTY,
}  # fmt: skip
"""Answers to a wrong place to write to; everything else is a device that fails."""


def write_error(error: OSError, path: object) -> BineegoError:
    """The system's answer to writing, syncing, renaming or closing `path`, as one of ours."""
    reason = error.strerror or str(error)
    if error.errno in FULL:
        what, remedy = FULL[error.errno]
        return ResourceExhausted(what, where=path, remedy=remedy)
    if error.errno in REFUSED:
        return UsageError(f"cannot be written ({reason})", where=path, remedy="choose another place with -o")
    return ResourceExhausted(
        f"cannot be written: disk error ({reason})", where=path, remedy="check the disk, or choose another one"
    )


def read_error(error: OSError, path: object) -> BineegoError:
    """The system's answer to opening or reading `path`, as one of ours."""
    if error.errno in (errno.ENOMEM, errno.EMFILE, errno.ENFILE):
        what, remedy = FULL[error.errno]
        return ResourceExhausted(what, where=path, remedy=remedy)
    if error.errno == errno.ENOENT and path is not None:
        return missing(Path(str(path)))
    return InputMissing(f"cannot be read ({error.strerror or error})", where=path)


def missing(path: Path, what: str = "no such file or folder") -> InputMissing:
    """The error of a path that is not there, with the nearest name that is."""
    path = Path(path)
    if re.match(r"[a-z0-9]+:/", str(path)):
        remedy = "addresses are taken by localize, extract-frames and extract-features; bring the file here for others"
        return InputMissing("no such file or folder", where=path, remedy=remedy)
    near = ""
    with contextlib.suppress(OSError):
        near = nearest(path.name, (entry.name for entry in path.parent.iterdir() if not entry.name.startswith(".")))
    return InputMissing(what + near, where=path)


LONGEST_NAME = 255
"""Bytes that common file systems allow a file name."""


def may_be_name(name: str) -> bool:
    """Whether a text may be the name of a file in a folder, as far as the common systems go."""
    try:
        return 0 < len(name.encode()) <= LONGEST_NAME and "\0" not in name and Path(name).name == name
    except UnicodeEncodeError:
        return False


Appearing = Callable[[Path, Path], None]
"""What is done when a file is whole and about to get its name: called with the two."""

_appearing: ContextVar[Appearing | None] = ContextVar("appearing", default=None)


@contextlib.contextmanager
def before_they_appear(act: Appearing | None) -> Iterator[None]:
    """Within the block, `act` is called before each file that is written appears under its name."""
    before = _appearing.set(act)
    try:
        yield
    finally:
        _appearing.reset(before)


@contextlib.contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` to write to; on success it is synced and renamed to `path`, else removed.

    A link stays one: the file that it points to is replaced.

    Raises:
        UsageError: the folder cannot be written to, or `path` is a folder or a device.
        ResourceExhausted: the disk is full.
    """
    path = Path(path)
    with disk_errors(path):
        if path.is_symlink():
            path = path.resolve()
        if path.is_dir():
            raise UsageError("is a folder, not a file to write", where=path)
        if path.exists() and not path.is_file():
            raise UsageError("is a device or a pipe, not a file to write", where=path, remedy="name a file")
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
            act = _appearing.get()
            if act is not None:
                act(temporary, path)
            temporary.replace(path)
            sync_folder(path.parent)
        finally:
            with contextlib.suppress(OSError):  # a disk that fails must not hide why
                temporary.unlink()


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
            sync_folder(path.parent)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


@contextlib.contextmanager
def atomic_text(path: Path) -> Iterator[IO[str]]:
    """A text stream (UTF-8, LF) whose content becomes `path` when the block ends well."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        yield stream


class _Remembering(io.FileIO):
    """Keeps the system's error: libraries that write through it turn it into their own, without an errno."""

    error: OSError | None = None

    def write(self, data: Any) -> int:
        try:
            return super().write(data) or 0
        except OSError as error:
            self.error = error
            raise


@contextlib.contextmanager
def atomic_stream(path: Path) -> Iterator[IO[bytes]]:
    """A binary stream whose content becomes `path` when the block ends well.

    For libraries that write by themselves (torch, safetensors, NumPy): whatever they make of a disk that fails, the
    system's own answer is what is raised.
    """
    with atomic_path(path) as temporary:
        raw = _Remembering(temporary, "wb")
        try:
            with io.BufferedWriter(raw) as stream:
                yield stream
        except Exception:
            if raw.error is not None:
                raise raw.error from None
            raise


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path`, whole or not at all."""
    with atomic_stream(path) as stream:
        stream.write(content)


def read_bytes(path: Path) -> bytes:
    """The content of a file.

    Raises:
        InputMissing: it is not there, is a folder, or cannot be read.
        ResourceExhausted: memory or file handles have run out.
    """
    with read_errors(path):
        return Path(path).read_bytes()


@contextlib.contextmanager
def read_errors(path: object) -> Iterator[None]:
    """Turn the operating system's errors on opening, reading or closing `path` into ours, with its name."""
    try:
        yield
    except OSError as error:
        raise read_error(error, path) from error


def check_writable(folder: Path) -> None:
    """Fail now, not after an hour of work, if files cannot be written to `folder` (made if missing)."""
    folder = Path(folder)
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn the operating system's errors on writing `path` into ours, whatever their number."""
    try:
        yield
    except OSError as error:
        raise write_error(error, path) from error


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut (not possible on every file system)."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
