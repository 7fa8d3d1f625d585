"""Files of NumPy arrays, .npz of several and .npy of one: no pickle, nothing unpacked beyond what it may hold."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import IO, Any, NamedTuple

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
        InputInvalid: it is not such a file, is damaged, or claims more than `limit`.
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


class Header(NamedTuple):
    """What a .npy file says of its array."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def size(self) -> int:
        """Bytes that the array takes."""
        return math.prod(self.shape) * self.dtype.itemsize


def header_of(path: Path, *, what: str) -> Header:
    """The header of a .npy file, whose array is all there; nothing of the array is read.

    Args:
        what: what the file should be, for messages ("features").

    Raises:
        InputMissing: it cannot be read.
        InputInvalid: it is not such a file, holds Python objects, or is cut off.
    """
    try:
        with Path(path).open("rb") as file:
            header = _header(file)
            begin = file.tell()
            there = file.seek(0, 2) - begin
    except OSError as error:
        raise read_error(error, path) from error
    except Exception as error:  # see `read`
        raise InputInvalid(f"not {what}: no array of NumPy ({error})", where=path) from error
    if header.dtype.hasobject:
        raise InputInvalid(
            f"not {what}: it holds Python objects (pickle), which are never loaded",
            where=path,
            remedy="save a plain array of numbers: np.save(path, array.astype('float32'))",
        )
    if there != header.size:
        raise InputInvalid(f"damaged: {there:,} bytes of numbers, and its header says {header.size:,}", where=path)
    return header


def read_one(path: Path, *, limit: int, what: str) -> NDArray[Any]:
    """The array of a .npy file; raises as `header_of`, and `InputInvalid` if it takes more than `limit` bytes."""
    header = header_of(path, what=what)
    if header.size > limit:
        raise InputInvalid(f"claims {header.size:,} bytes; {what} have at most {limit:,}", where=path)
    try:
        found: NDArray[Any] = np.load(path, allow_pickle=False)
        return found
    except MemoryError:
        raise
    except OSError as error:
        raise read_error(error, path) from error
    except Exception as error:  # see `read`
        raise InputInvalid(f"not {what} ({error})", where=path) from error


def _claimed(packed: zipfile.ZipFile, entry: zipfile.ZipInfo) -> int:
    """Bytes that an array takes by its own header, whatever the file holds of it."""
    with packed.open(entry) as stream:
        return _header(stream).size


def _header(stream: IO[bytes]) -> Header:
    read_header = {1: npy.read_array_header_1_0, 2: npy.read_array_header_2_0}[npy.read_magic(stream)[0]]
    shape, _, dtype = read_header(stream)
    return Header(shape, dtype)
