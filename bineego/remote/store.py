"""A folder of results at an address. Its records tell the same as those of a folder on disk.

There are no locks: files of one video that two processes write are equal, and whoever writes tables of all videos looks
afterwards whether one has been added meanwhile. A video's files are there before its record, so a record never promises
what is not there; `.bineego/begun` holds their checksums before, by which files without a record are known as ours.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bineego import digests
from bineego.files import disk_errors
from bineego.kept import Kept
from bineego.records import HOME, short_name
from bineego.remote.address import Address, Place
from bineego.remote.folder import RemoteFolder
from bineego.remote.scratch import scratch_folder
from bineego.store import FAILURES, RESULTS, Made, Record, Store, changed, read_record, record_bytes

BEGUN, WRITTEN = f"{HOME}/begun", f"{HOME}/written"


def open_store(place: Place, scratch: Path | None = None) -> Store:
    """The results of a folder on disk, or at an address.

    Args:
        scratch: where files lie before they are sent.
    """
    return RemoteStore(place, scratch) if isinstance(place, Address) else Store(place)


class RemoteStore(Store):
    """See the module; the methods are those of `Store`. A record's checksums of files are the other side's tokens."""

    locks = False

    def __init__(self, address: Address, scratch: Path | None) -> None:
        self.place = address
        self._remote, self._scratch = RemoteFolder(address), scratch
        self._known: dict[str, dict[str, tuple[str, Record | None]]] = {}
        self._tokens: dict[str, str] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_known": {}, "_tokens": None}  # what another process sees, it looks up itself

    def check_writable(self) -> None:
        self._remote.check_writable()

    def check(self, video_id: str, names: Sequence[str], *, overwrite: bool) -> None:
        for name in () if overwrite else names:
            token, record = self._files().get(name), self.read(video_id)
            if token is None or (record is not None and record.files.get(name) == token):
                continue
            begun = self._begun(video_id).get(name)
            if begun is None or begun != self._digest(name):
                raise changed(self.place / name, known=record is not None and name in record.files)

    def check_joint(self, name: str, *, overwrite: bool, inputs: Sequence[Path] = ()) -> None:
        if overwrite or name not in self._files():
            return
        known = self._written(name)
        if self._digest(name) not in known:
            raise changed(self.place / name, known=bool(known))

    @contextlib.contextmanager
    def joint(self, name: str) -> Iterator[Path]:
        with scratch_folder(self._scratch) as folder:
            draft = folder / f"result{Path(name).suffix}"
            yield draft
            digest = digests.of_file(draft)
            before = [old for old in (self._digest(name),) if old in self._written(name) and old != digest]
            note = json.dumps({"file": name, digests.KEY: [digest, *before]})
            self._remote.write(f"{WRITTEN}/{short_name(name)}.json", note.encode() + b"\n")
            token = self._remote.upload(draft, name)
            self._files()[name] = token

    def keeper(self, video_id: str, made: Made) -> Kept | None:
        return None

    def put(
        self,
        video_id: str,
        made: Made,
        write: Callable[[Path], object],
        content: Mapping[str, Any],
        *,
        replace: bool = False,
    ) -> Record:
        key = f"{short_name(video_id)}.json"
        with scratch_folder(self._scratch) as folder, disk_errors(folder):
            drafts = Path(tempfile.mkdtemp(dir=folder))
            write(drafts)
            paths = {str(path.relative_to(drafts)): path for path in sorted(drafts.rglob("*")) if path.is_file()}
            begun = {name: digests.of_file(path) for name, path in paths.items()}
            self._remote.write(f"{BEGUN}/{key}", json.dumps(begun).encode() + b"\n")
            files = {name: self._remote.upload(path, name) for name, path in paths.items()}
        record = Record(video_id=video_id, source=list(made.source), by=made.by, files=files, content=content)
        self._write(RESULTS, record)
        for name in (f"{BEGUN}/{key}", f"{FAILURES}/{key}"):
            self._remote.remove(name)
        self._files().update(files)
        return record

    def all(self) -> list[Record]:
        self._known, self._tokens = {RESULTS: self._known.get(RESULTS, {})}, None
        found = [record for _, record in self._records_of(RESULTS, fresh=True).values() if record is not None]
        there = [record for record in found if set(record.files) <= set(self._files(*record.files))]
        return sorted(there, key=lambda record: record.video_id)

    @contextlib.contextmanager
    def moment(self) -> Iterator[None]:
        yield

    def _is_whole(self, record: Record, names: Sequence[str]) -> bool:
        there = self._files(*record.files)
        return all(there.get(name) == record.files[name] for name in names)

    def _load(self, kind: str, video_id: str) -> Record | None:
        return self._records_of(kind).get(f"{kind}/{short_name(video_id)}.json", ("", None))[1]

    def _write(self, kind: str, record: Record) -> None:
        name = f"{kind}/{short_name(record.video_id)}.json"
        self._remote.write(name, record_bytes(record))
        self._records_of(kind)[name] = ("", record)

    def _records_of(self, kind: str, *, fresh: bool = False) -> dict[str, tuple[str, Record | None]]:
        """Token and record by name, all that are there; those that have not changed are not read again."""
        if kind not in self._known or fresh:
            before, tokens = self._known.get(kind, {}), self._remote.tokens(kind)
            same = {name: before[name] for name, token in tokens.items() if before.get(name, ("", None))[0] == token}
            contents = self._remote.read([name for name in tokens if name not in same])
            self._known[kind] = same | {name: (tokens[name], read_record(text)) for name, text in contents.items()}
        return self._known[kind]

    def _files(self, *wanted: str) -> dict[str, str]:
        """Tokens of the files that are there: of the folder itself, and of those in it where wanted files lie."""
        if self._tokens is None:
            self._tokens = self._remote.tokens()
        for under in {name.rpartition("/")[0] for name in wanted if "/" in name and name not in self._tokens}:
            self._tokens |= self._remote.tokens(under)
        return self._tokens

    def _begun(self, video_id: str) -> dict[str, str]:
        return _dictionary(self._content(f"{BEGUN}/{short_name(video_id)}.json"))

    def _written(self, name: str) -> list[str]:
        found = _dictionary(self._content(f"{WRITTEN}/{short_name(name)}.json")).get(digests.KEY)
        return list(found) if isinstance(found, list) else []

    def _content(self, name: str) -> bytes:
        return self._remote.read([name]).get(name, b"")

    def _digest(self, name: str) -> str | None:
        """The checksum of a file, which is read for it."""
        found = self._remote.read([name])
        return digests.of_bytes(found[name]) if name in found else None


def _dictionary(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
