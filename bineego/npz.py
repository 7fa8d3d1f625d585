"""Files of NumPy arrays (.npz), read without pickle and never unpacked beyond what they may hold."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from bineego.errors import InputInvalid
from bineego.files import read_error


def read(path: Path, *, limit: int, what: str) -> dict[str, NDArray[Any]]:
    """All arrays of a file, by name.

    Args:
        limit: bytes that they may take in memory.
        what: what the file should be, for messages ("score track").

    Raises:
        InputMissing: it cannot be read.
        InputInvalid: it is no such file, is damaged, or claims more than `limit`.
    """
    try:
        with Path(path).open("rb") as file:
            with zipfile.ZipFile(file) as packed:
                size = sum(max(entry.file_size, _claimed(packed, entry)) for entry in packed.infolist())
            if size > limit:
                raise InputInvalid(f"claims {size:,} bytes; a {what} has at most {limit:,}", where=path)
            file.seek(0)
            with np.load(file, allow_pickle=False) as content:
                return dict(content)
    except (InputInvalid, MemoryError):
        raise
    except OSError as error:
        raise read_error(error, path) from error
    except Exception as error:  # what NumPy, zipfile and zlib raise for damaged content is not listed anywhere
        raise InputInvalid(f"not a {what} ({error})", where=path) from error


def _claimed(packed: zipfile.ZipFile, entry: zipfile.ZipInfo) -> int:
    """Bytes that an array takes by its own header, whatever the file holds of it."""
    with packed.open(entry) as stream:
        read_header = {1: npy.read_array_header_1_0, 2: npy.read_array_header_2_0}[npy.read_magic(stream)[0]]
        shape, _, dtype = read_header(stream)
    return math.prod(shape) * dtype.itemsize
