"""The one door to fsspec: file systems by address, and whatever they raise as one of our errors."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from bineego.errors import BineegoError, InputMissing, ResourceExhausted, UsageError
from bineego.remote.address import NEEDS, Address

TOKENS = ("ETag", "etag", "md5Hash", "crc32c", "blob_id", "generation", "mtime", "LastModified", "created")
"""What file systems call the thing that changes with a file's content, the surest first."""


class Unreachable(InputMissing):
    """The other side did not answer, or stopped in the middle: it may the next time."""


def open_system(address: Address) -> tuple[Any, str]:
    """The file system of an address, and what it calls the file. Nothing is fetched by that.

    Raises:
        InputMissing: its library is not installed.
    """
    try:
        import fsspec

        with reading(address):
            system, path = fsspec.core.url_to_fs(address.text)
    except ImportError as error:
        raise InputMissing(
            f"addresses of this kind need {NEEDS[address.scheme]}, which is not installed",
            where=address,
            remedy="pip install 'bineego[cloud]'",
        ) from error
    return system, path


@contextlib.contextmanager
def reading(address: Address) -> Iterator[None]:
    """Around everything that is asked of the other side.

    Raises:
        InputMissing: it is not there, or may not be read.
        Unreachable: anything else.
    """
    try:
        yield
    except (BineegoError, ImportError):
        raise
    except FileNotFoundError as error:
        raise InputMissing("no such file or folder", where=address) from error
    except PermissionError as error:
        remedy = "check the credentials"
        raise InputMissing(f"access denied ({_said(error)})", where=address, remedy=remedy) from error
    except Exception as error:  # every library has errors of its own, few of them OSErrors
        raise Unreachable(f"cannot be read ({_said(error)})", where=address, remedy="run again") from error


@contextlib.contextmanager
def writing(address: Address) -> Iterator[None]:
    """Around everything that is written on the other side.

    Raises:
        UsageError: this place cannot be written to.
        ResourceExhausted: anything else.
    """
    try:
        yield
    except (BineegoError, ImportError):
        raise
    except (FileNotFoundError, PermissionError, NotImplementedError) as error:
        raise UsageError(
            f"cannot be written ({_said(error)})", where=address, remedy="choose another place with -o"
        ) from error
    except Exception as error:  # every library has errors of its own, few of them OSErrors
        raise ResourceExhausted(f"cannot be written ({_said(error)})", where=address, remedy="run again") from error


def token(info: Mapping[str, Any]) -> str:
    """What tells this state of a file from others, out of what its file system says of it."""
    known = next((info[name] for name in TOKENS if info.get(name)), "")
    if isinstance(known, datetime):  # some say it so in one place and otherwise in another
        known = known.timestamp()
    return f"{info.get('size')}-{round(known, 3) if isinstance(known, float) else known}"


def _said(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__
