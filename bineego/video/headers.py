"""Lengths that a header states, where FFmpeg's is another: one scaled to the size of a file that was cut, or none."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

from bineego.files import read_errors

HEAD = 1 << 16
"""Bytes at the beginning of a file in which its length is looked for."""

PLACEHOLDER = 1 << 30
"""Frames from which on a count is one that was to be filled in at the end, which a pipe does not allow."""

ASF_FILE = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
BROADCAST = 1  # flag of an ASF file whose lengths were not known when its header was written


def stated_length(path: Path, container: str) -> float | None:
    """Seconds, or None where the header says that it does not know.

    Args:
        container: FFmpeg's name of the format, one of `STATED`.

    Raises:
        InputMissing: the file is not there, or cannot be read.
    """
    with read_errors(path), path.open("rb") as file:
        head = file.read(HEAD)
    try:
        return STATED[container](head)
    except (struct.error, ValueError):  # the header itself is damaged
        return None


def _asf(head: bytes) -> float | None:
    """Play duration less the preroll of the file properties (Advanced Systems Format, 3.2)."""
    played, _, preroll, flags = struct.unpack_from("<QQQI", head, head.index(ASF_FILE) + 64)
    return None if flags & BROADCAST or not played else played / 1e7 - preroll / 1e3


def _realmedia(head: bytes) -> float | None:
    """Duration of the PROP chunk; the streams' own are an hour where it was not known."""
    (milliseconds,) = struct.unpack_from(">I", head, head.index(b"PROP") + 30)
    return milliseconds / 1e3 or None


STATED: dict[str, Callable[[bytes], float | None]] = {"asf": _asf, "rm": _realmedia}
