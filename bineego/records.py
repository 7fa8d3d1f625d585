"""What this program has written, so that it replaces its own files and nobody else's.

Beside every result lies `.bineego/written/<name>-<key>.json` with the checksum of the file as it was written. A file
may be replaced if it is still that one; a file of somebody else, or one that a person has corrected since, is kept and
the command refused before it works, unless it is told to `--overwrite`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from bineego import digests
from bineego.errors import UsageError
from bineego.files import before_they_appear, check_writable, disk_errors, sync_folder, write_bytes

HOME = ".bineego"
"""Folder beside results for what bineego must remember of them."""


def short_name(name: str) -> str:
    """A file name for any text: its beginning, for people, and a key that tells it from all others."""
    key = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return f"{re.sub(r'[^A-Za-z0-9._-]', '_', name)[:60]}-{key}"


def check_free(path: Path, *, overwrite: bool, inputs: Iterable[Path] = (), flag: str = "-o") -> None:
    """Fail before any work if the result `path` cannot be written, or would replace what is not ours to replace.

    Args:
        overwrite: whether an existing file may be replaced regardless.
        inputs: files that are read, which no result may replace.
        flag: what names the result on the command line, for messages.

    Raises:
        UsageError: it exists and is neither ours nor to be overwritten; is a folder, a device, or one of the inputs.
        ResourceExhausted: the disk is full.
    """
    path = Path(path)
    with disk_errors(path):
        if path.is_dir():
            raise UsageError("is a folder", where=path, remedy=f"name a file: {flag} FILE")
        if path.exists() and any(other.exists() and path.samefile(other) for other in inputs):
            raise UsageError("is one of the inputs", where=path, remedy=f"choose another file with {flag}")
        if path.exists() and not overwrite and not is_ours(path):
            changed = "has changed since bineego wrote it" if _record(path).is_file() else "exists"
            raise UsageError(
                f"{changed}: it would be overwritten",
                where=path,
                remedy=f"choose another place with {flag}, or use --overwrite",
            )
    check_writable(path.parent)


def is_ours(path: Path) -> bool:
    """Whether a file is still as this program wrote it. Raises OSError if it cannot be read."""
    known = _known(path)
    return bool(known) and path.is_file() and digests.of_file(path) in known


@contextlib.contextmanager
def recorded(path: Path) -> Iterator[Path]:
    """A path beside `path` to write the result to; afterwards its record appears, then the result under its own name.

    Killed between the two, the file that was there before still counts as ours.
    """
    path = _real(path)
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".bineego.", suffix=".tmp", dir=path.parent) as folder:
            draft = Path(folder) / f"result{path.suffix}"
            yield draft
            note(path, digests.of_file(draft))
            draft.replace(path)
            sync_folder(path.parent)


@contextlib.contextmanager
def recording() -> Iterator[None]:
    """Within the block, files that are written (`files.atomic_path`) are recorded, each before it appears.

    For formats, in whose files stands where they lie: they cannot be written to a draft elsewhere.
    """

    def act(draft: Path, path: Path) -> None:
        with before_they_appear(None):  # the record itself
            note(path, digests.of_file(draft))

    with before_they_appear(act):
        yield


def note(path: Path, digest: str) -> None:
    """Write down that `path` is about to become the file with this checksum."""
    now = [digests.of_file(path)] if path.is_file() else []
    kept = [old for old in now if old in _known(path) and old != digest]
    content: dict[str, Any] = {"file": path.name, digests.KEY: [digest, *kept]}
    write_bytes(_record(path), json.dumps(content).encode() + b"\n")


def _known(path: Path) -> list[str]:
    try:
        found = json.loads(_record(path).read_bytes())[digests.KEY]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):  # none, or not one of ours
        return []
    return [text for text in found if isinstance(text, str)] if isinstance(found, list) else []


def _real(path: Path) -> Path:
    """A link stays one, and the file that it points to is the result."""
    return path.resolve() if path.is_symlink() else Path(path)


def _record(path: Path) -> Path:
    path = _real(path)
    return path.parent / HOME / "written" / f"{short_name(path.name)}.json"
