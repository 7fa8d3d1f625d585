"""Addresses, told from paths. Free of fsspec, so that the command line can read them at once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from bineego.errors import BadOption, nearest

NEEDS = {
    "s3": "s3fs",
    "gs": "gcsfs",
    "hf": "huggingface_hub",
    "http": "aiohttp",
    "https": "aiohttp",
    "memory": "fsspec",
}
"""Kinds of addresses, and the library that each needs beside fsspec; memory:// is for tests."""

WEB = ("http", "https")

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


@dataclass(frozen=True, order=True)
class Address:
    """`s3://bucket/videos/a.mp4`: a file, a folder, or with `*` several files.

    Attributes:
        text: as it was given. A web address may hold a password or a signature: `str` leaves these out.
    """

    text: str

    def __str__(self) -> str:
        if self.scheme not in WEB:
            return self.text
        parts = urlsplit(self.text)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    def __truediv__(self, name: str) -> Address:
        return Address(f"{self.text.rstrip('/')}/{name}")

    @property
    def scheme(self) -> str:
        """What stands before `://`."""
        return self.text.partition("://")[0].lower()

    @property
    def parent(self) -> Address:
        """The folder that it lies in."""
        return Address(self.text.rstrip("/").rpartition("/")[0])

    @property
    def name(self) -> str:
        """Its last part, as a file would be called."""
        name = str(self).rstrip("/").rpartition("/")[2]
        return unquote(name) if self.scheme in WEB else name

    @property
    def suffix(self) -> str:
        """The ending of its name."""
        return PurePosixPath(self.name).suffix

    @property
    def is_pattern(self) -> bool:
        """Whether it stands for several files."""
        return "*" in str(self)


@dataclass(frozen=True, order=True)
class RemoteFile:
    """A file at an address.

    Attributes:
        address: where it lies.
        size: bytes; None = nobody says.
        token: what the other side tells its states apart by, such as an ETag.
    """

    address: Address
    size: int | None
    token: str

    def __str__(self) -> str:
        return str(self.address)

    @property
    def name(self) -> str:
        """Its name without folders."""
        return self.address.name

    @property
    def stamp(self) -> str:
        """What tells this state of the file from others, and from other files."""
        return f"{self.address}\0{self.size}\0{self.token}"


Source = Path | RemoteFile
"""A file on this machine or at an address."""

Place = Path | Address
"""A folder or file to write, on this machine or at an address."""


def read_place(given: object) -> Place:
    """A path, or an address; `file://` is a path.

    Raises:
        BadOption: an address of a kind that nothing here reads.
    """
    if isinstance(given, Path | Address):
        return given
    text = str(given)
    found = _ADDRESS.match(text)
    if found is None:
        return Path(text)
    scheme = found[1].lower()
    if scheme == "file":
        return _path_of(text[found.end() :])
    if scheme not in NEEDS:
        known = [*NEEDS][:-1]
        hint = nearest(scheme, known)
        raise BadOption(f"must be a path, or begin with file://, {'://, '.join(known)}://, not {scheme}://{hint}")
    return Address(text)


def is_address(given: object) -> bool:
    """Whether something is given as an address, `file://` included."""
    return isinstance(given, Address) or (not isinstance(given, Path) and _ADDRESS.match(str(given)) is not None)


def _path_of(text: str) -> Path:
    """The path of `file://`; blanks may be written as %20, where there is no file with such a name."""
    path = Path(text.removeprefix("localhost"))
    plain = Path(unquote(str(path)))
    return plain if not path.exists() and (plain.exists() or plain.parent.exists()) else path
