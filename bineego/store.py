"""A folder of results that any number of processes may fill: the state is the results.

Every video has a record, `.bineego/results/<name>-<key>.json`: what it was made of and with (source, options, model),
the checksums of its files, and what tables of all videos need; or why it could not be made. Records and files appear by
rename. A result counts as done when its record is there and every file is the one that the record names, so a process
may be killed at any moment. Locks are held only while files are renamed; whoever finishes the same video second keeps
what the first one wrote.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from bineego import digests, locks
from bineego.errors import BineegoError, InputInvalid, UsageError
from bineego.files import check_writable, disk_errors, sync_folder, write_bytes
from bineego.kept import Kept
from bineego.records import HOME, check_free, recorded, short_name

FORMAT = 1

RESULTS, FAILURES, PARTS = (f"{HOME}/{kind}" for kind in ("results", "failures", "parts"))
"""Folders of the records of results, of those of failures, and of what is done of long videos."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """What a result is made of and with; two results of the same are the same.

    Attributes:
        source: what tells the files it is made of from others, by content.
        by: options and model, plain values.
    """

    source: Sequence[str]
    by: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Record:
    """What is known of one video.

    Attributes:
        video_id: the video.
        source, by: see `Made`.
        files: checksum of each of its files, by name in the folder.
        before: checksums of files of ours that these replace.
        content: what tables of all videos need, plain values.
        failure: why it could not be made: `message`, `where`, `remedy`, `code`.
    """

    video_id: str
    source: Sequence[str]
    by: Mapping[str, Any]
    files: Mapping[str, str] = field(default_factory=dict)
    before: Mapping[str, str] = field(default_factory=dict)
    content: Mapping[str, Any] = field(default_factory=dict)
    failure: Mapping[str, Any] | None = None

    def is_of(self, made: Made) -> bool:
        return list(self.source) == list(made.source) and _through_json(self.by) == _through_json(made.by)


class Store:
    """Results and their records in a folder.

    Attributes:
        locks: whether `moment` keeps others out.
    """

    locks = True

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)

    def check_writable(self) -> None:
        """Fail now, not after an hour of work, if nothing can be written here."""
        check_writable(self.folder)

    def check(self, video_id: str, names: Sequence[str], *, overwrite: bool) -> None:
        """Refuse to replace files that this program has not written, or that have changed since.

        Raises:
            UsageError: there is one.
        """
        if overwrite:
            return
        with disk_errors(self.folder):
            for path in (self.folder / name for name in names if (self.folder / name).exists()):
                record = self.read(video_id)
                known = () if record is None else (record.files.get(path.name), record.before.get(path.name))
                if path.is_dir() or digests.of_file(path) not in known:
                    raise changed(path, known=any(known))

    def check_joint(self, name: str, *, overwrite: bool, inputs: Sequence[Path] = ()) -> None:
        """As `check`, of a table of all videos, or of a file that was named; no input is replaced."""
        check_free(self.folder / name, overwrite=overwrite, inputs=inputs)

    def joint(self, name: str) -> contextlib.AbstractContextManager[Path]:
        """A path to write such a file to, which then appears under its name."""
        return recorded(self.folder / name)

    def read(self, video_id: str) -> Record | None:
        """The record of a video that has a result."""
        return self._load(RESULTS, video_id)

    def done(self, video_id: str, made: Made, names: Sequence[str]) -> Record | None:
        """The record of a result that is there, whole, and made of and with this."""
        record = self.read(video_id)
        if record is None or not record.is_of(made) or not set(names) <= set(record.files):
            return None
        return record if self._is_whole(record, names) else None

    def failure(self, video_id: str, made: Made) -> InputInvalid | None:
        """Why this could not be done before, if it would fail again: content that is wrong does not mend itself."""
        record = self._load(FAILURES, video_id)
        known = record.failure if record is not None and record.is_of(made) else None
        if known is None or known.get("code") != InputInvalid.exit_code:
            return None
        return InputInvalid(f"{known['message']} (as before)", where=known["where"], remedy=known["remedy"])

    def keeper(self, video_id: str, made: Made) -> Kept | None:
        """Keeps what is done of a result that takes long; gone when the result is there. None: nothing is kept."""
        return self._keeper(video_id, made)

    def _keeper(self, video_id: str, made: Made) -> Kept:
        return Kept(self.folder / PARTS / f"{short_name(video_id)}.npz", {"source": made.source, "by": made.by})

    def put(
        self,
        video_id: str,
        made: Made,
        write: Callable[[Path], object],
        content: Mapping[str, Any],
        *,
        replace: bool = False,
    ) -> Record:
        """Add a result: its record, then its files.

        Args:
            write: called with an empty folder, puts the files there.
            content: see `Record`.
            replace: whether a result of the same, which another process may have put there, is replaced.

        Returns:
            The record that is there now.
        """
        check_writable(self.folder)
        with (
            disk_errors(self.folder),
            tempfile.TemporaryDirectory(prefix=".bineego.", suffix=".tmp", dir=self.folder) as name,
        ):
            drafts = Path(name)
            write(drafts)
            files = {path.name: digests.of_file(path) for path in sorted(drafts.iterdir())}
            with self.moment():
                there = self.done(video_id, made, list(files))
                if there is not None and not replace:
                    return there
                record = Record(
                    video_id=video_id,
                    source=list(made.source),
                    by=made.by,
                    files=files,
                    before=self._before(video_id, files),
                    content=content,
                )
                self._write(RESULTS, record)
                for path in files:
                    (drafts / path).replace(self.folder / path)
                sync_folder(self.folder)
                (self.folder / FAILURES / f"{short_name(video_id)}.json").unlink(missing_ok=True)
                self._keeper(video_id, made).drop()
                return record

    def fail(self, video_id: str, made: Made, error: BineegoError) -> None:
        """Remember that a video could not be done, and why."""
        failure = {"message": error.message, "where": error.where, "remedy": error.remedy, "code": error.exit_code}
        record = Record(video_id=video_id, source=list(made.source), by=made.by, failure=failure)
        self._write(FAILURES, record)

    def all(self) -> list[Record]:
        """The records of all results that are there, by id."""
        folder = self.folder / RESULTS
        found = map(_read, folder.glob("*.json")) if folder.is_dir() else ()
        known = [record for record in found if record is not None]
        there = [record for record in known if all((self.folder / name).is_file() for name in record.files)]
        return sorted(there, key=lambda record: record.video_id)

    @contextlib.contextmanager
    def moment(self) -> Iterator[None]:
        """The time in which files are renamed; only one process is in it."""
        with locks.moment(self.folder / HOME / "lock"):
            yield

    def _is_whole(self, record: Record, names: Sequence[str]) -> bool:
        paths = [(self.folder / name, record.files[name]) for name in names]
        return all(path.is_file() and digests.of_file(path) == digest for path, digest in paths)

    def _before(self, video_id: str, files: Mapping[str, str]) -> dict[str, str]:
        """What is about to be replaced, as far as it is ours."""
        record, found = self.read(video_id), {}
        for name in files if record else ():
            path = self.folder / name
            digest = digests.of_file(path) if path.is_file() else None
            assert record is not None
            if digest is not None and digest in (record.files.get(name), record.before.get(name)):
                found[name] = digest
        return found

    def _load(self, kind: str, video_id: str) -> Record | None:
        return _read(self.folder / kind / f"{short_name(video_id)}.json")

    def _write(self, kind: str, record: Record) -> None:
        write_bytes(self.folder / kind / f"{short_name(record.video_id)}.json", record_bytes(record))


def changed(where: object, *, known: bool) -> UsageError:
    """A file that is not replaced: it is not ours (`known`: not any more)."""
    return UsageError(
        f"{'has changed since bineego wrote it' if known else 'exists'}: it would be overwritten",
        where=where,
        remedy="choose another place with -o, or use --overwrite",
    )


def record_bytes(record: Record) -> bytes:
    """A record as it is written."""
    return json.dumps({"format": FORMAT, **_through_json(asdict(record))}, sort_keys=True).encode() + b"\n"


def read_record(text: bytes) -> Record | None:
    """A record as it was written; None if this program cannot read it: the video is done again then."""
    try:
        values = json.loads(text)
        if values.pop("format") != FORMAT or set(values) != {each.name for each in fields(Record)}:
            return None
        return Record(**values)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _read(path: Path) -> Record | None:
    try:
        return read_record(path.read_bytes())
    except OSError:
        return None


def _through_json(value: Any) -> Any:
    """As it comes back from JSON."""
    return json.loads(json.dumps(value, default=str))
