"""Checksums: of files, and of the arrays that a file of ours carries, so that a damaged one is noticed when it is read.

One definition for weights, score tracks and feature files: SHA-256 over the text that says what the numbers are, then
over every array in the order of the names (name, type, shape, bytes).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # checksums of files are asked for by commands that start without numpy
    from numpy.typing import NDArray

KEY = "sha256"
"""Its key in a header."""


def of_arrays(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> str:
    """The checksum of a header (plain values; its own entry `KEY` is left out) and of arrays by name."""
    import numpy as np

    plain = {name: value for name, value in header.items() if name != KEY}
    digest = hashlib.sha256(json.dumps(plain, sort_keys=True).encode("utf-8", "surrogatepass"))
    for name in sorted(arrays):
        array = np.asarray(arrays[name], order="C")
        digest.update(f"\0{name}\0{array.dtype.str}\0{array.shape}\0".encode("utf-8", "surrogatepass"))
        digest.update(array.tobytes() if array.ndim == 0 else array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def of_bytes(content: bytes) -> str:
    """The checksum of bytes, as `sha256sum` prints it."""
    return hashlib.sha256(content).hexdigest()


def of_file(path: Path) -> str:
    """The checksum of a file's content, as `sha256sum` prints it. Raises OSError, which names the file."""
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        error.filename = str(path)  # reading and closing tell none
        raise
