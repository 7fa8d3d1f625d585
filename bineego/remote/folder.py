"""A folder at an address, to write to: files appear there whole."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bineego.errors import BineegoError, UsageError
from bineego.records import HOME
from bineego.remote.address import WEB, Address
from bineego.remote.system import open_system, reading, token, writing

UPLOADS = f"{HOME}/uploads"
"""Where files lie while they come."""


class RemoteFolder:
    """Files by their names, in which `/` may stand.

    Args:
        address: of the folder.

    Raises:
        InputMissing: the library for it is not installed.
    """

    def __init__(self, address: Address) -> None:
        self.address = address

    def __str__(self) -> str:
        return str(self.address)

    def tokens(self, under: str = "") -> dict[str, str]:
        """The files of the folder itself, or of one in it: what tells their states apart, by name."""
        place = self.address / under if under else self.address
        system, path = open_system(place)
        with reading(place):
            system.invalidate_cache()
            try:
                found: Sequence[Mapping[str, Any]] = system.ls(path, detail=True)
            except (FileNotFoundError, NotADirectoryError):
                return {}
        prefix = f"{under}/" if under else ""
        return {
            f"{prefix}{info['name'].rstrip('/').rpartition('/')[2]}": token(info)
            for info in found
            if info["type"] == "file"
        }

    def token(self, name: str) -> str | None:
        """What tells this state of a file from others; None = there is no such file."""
        system, path = open_system(self.address / name)
        with reading(self.address / name):
            system.invalidate_cache()
            try:
                return token(system.info(path))
            except FileNotFoundError:
                return None

    def read(self, names: Sequence[str]) -> dict[str, bytes]:
        """The contents of those files that are there, all asked for at once."""
        if not names:
            return {}
        system, root = open_system(self.address)
        paths = {f"{root.rstrip('/')}/{name}": name for name in names}
        with reading(self.address):
            found = system.cat(list(paths), on_error="omit")
        if isinstance(found, bytes):  # of one path, some systems give the content alone
            return {names[0]: found}
        return {paths[path]: content for path, content in found.items()}

    def write(self, name: str, content: bytes) -> None:
        """Write a small file; it appears whole."""
        system, path = open_system(self.address / name)
        draft = self._draft()
        with writing(self.address / name):
            system.pipe_file(draft, content)
            self._place(system, draft, path)

    def upload(self, file: Path, name: str) -> str:
        """Write a file under a passing name, then under its own; its token."""
        system, path = open_system(self.address / name)
        draft = self._draft()
        with writing(self.address / name):
            try:
                system.put_file(str(file), draft)
                self._place(system, draft, path)
            except BaseException:
                with contextlib.suppress(Exception):  # why it failed matters more
                    system.rm_file(draft)
                raise
            system.invalidate_cache()
            return token(system.info(path))

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        system, path = open_system(self.address / name)
        with contextlib.suppress(FileNotFoundError), writing(self.address / name):
            system.invalidate_cache()
            if system.exists(path):
                system.rm_file(path)

    def check_writable(self) -> None:
        """Fail now, not after an hour of work, if nothing can be written here.

        Raises:
            UsageError, ResourceExhausted: so it is.
        """
        if self.address.scheme in WEB:
            raise UsageError(
                "cannot be written: the web is read only", where=self.address, remedy="choose another place with -o"
            )
        probe = f"{UPLOADS}/{uuid.uuid4().hex}"
        try:
            self.write(probe, b"bineego")
            self.remove(probe)
        except BineegoError as error:
            error.where = str(self.address)
            raise

    def _draft(self) -> str:
        _, path = open_system(self.address / f"{UPLOADS}/{uuid.uuid4().hex}")
        return path

    def _place(self, system: Any, draft: str, path: str) -> None:
        with contextlib.suppress(Exception):  # object stores have no folders to make
            system.makedirs(path.rpartition("/")[0], exist_ok=True)
        system.mv(draft, path)
