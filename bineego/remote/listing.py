"""The files that an address stands for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bineego.remote.address import WEB, Address, RemoteFile
from bineego.remote.system import open_system, reading, token


def find_files(address: Address, *, below: bool = False) -> list[RemoteFile]:
    """The files of a pattern or of a folder, by name; or the one file.

    Args:
        below: of a folder, also those in the folders below it.

    Raises:
        InputMissing: there is none, it cannot be read, or the library for it is not installed.
    """
    system, path = open_system(address)
    with reading(address):
        system.invalidate_cache()
        if address.is_pattern:
            found: Mapping[str, Any] = system.glob(path, detail=True)
        else:
            # Of a web address, only the slash says that it is a folder; asking would fetch all of it.
            web = address.scheme in WEB
            info = {} if web and address.text.endswith("/") else system.info(path)
            if info.get("type") == "file":
                return [_file(address, info)]
            found = system.find(path, maxdepth=None if below else 1, detail=True)
        if not found and (below or address.is_pattern):
            raise FileNotFoundError(path)
    files = [_file(_address(address, name), info) for name, info in found.items() if info["type"] == "file"]
    return sorted(files)


def _file(address: Address, info: Mapping[str, Any]) -> RemoteFile:
    size = info.get("size")
    return RemoteFile(address, None if size is None else int(size), token(info))


def _address(near: Address, name: str) -> Address:
    return Address(name if near.scheme in WEB else f"{near.scheme}://{name.lstrip('/')}")
