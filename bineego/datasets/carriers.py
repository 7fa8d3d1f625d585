"""Frames of videos from an address, or into a cache at one: a video at a time, so that the disk here may be small."""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path

from bineego.errors import BineegoError, InputInvalid, ResourceExhausted, WorkerLost
from bineego.progress import Progress
from bineego.remote.address import Address, RemoteFile, Source
from bineego.remote.scratch import brought
from bineego.remote.store import open_store
from bineego.store import Made, Store
from bineego.types import OnProgress
from bineego.video.build import build_all
from bineego.video.cache import INDEX_NAME, VERSION, FrameCache, source_stamp

UNKNOWN_BYTES = 10_000_000
"""Size taken for a file that nobody tells the size of, for progress only."""


class Carrier(ABC):
    """Brings the frames of a video to where they belong.

    Args:
        cache: where they are decoded to.
        jobs: processes that decode.
        scratch: see `remote.scratch.brought`.
        store: the records of what is there.
    """

    def __init__(self, cache: FrameCache, jobs: int | None, scratch: Path | None, store: Store) -> None:
        self.cache, self.jobs, self.scratch, self.store = cache, jobs, scratch, store

    def made(self, source: Source) -> Made:
        """What tells its frames from others."""
        by = {"version": VERSION, "size": self.cache.sized_folder.name, "backend": str(self.cache.backend)}
        return Made(source=[source_stamp(source)], by=by)

    def build(self, video_id: str, path: Path) -> Path:
        """Decode them here; the cache's folder of the video."""
        for error in build_all(self.cache, {video_id: path}, jobs=self.jobs).values():
            raise error
        return self.cache.entry(video_id, path)

    @abstractmethod
    def is_done(self, video_id: str, made: Made) -> bool:
        """Whether they are where they belong."""

    @abstractmethod
    def keep(self, video_id: str, made: Made, entry: Path) -> None:
        """Bring them there from the cache's folder of the video."""


class FromAddress(Carrier):
    """Into a cache on this machine, which knows a video by its content: a record says which that is."""

    def __init__(self, cache: FrameCache, jobs: int | None, scratch: Path | None) -> None:
        super().__init__(cache, jobs, scratch, Store(cache.sized_folder))

    def is_done(self, video_id: str, made: Made) -> bool:
        record = self.store.done(video_id, made, [])
        return record is not None and (self.cache.sized_folder / record.content["entry"] / INDEX_NAME).is_file()

    def keep(self, video_id: str, made: Made, entry: Path) -> None:
        self.store.put(video_id, made, lambda _: None, {"entry": entry.name}, replace=True)


class ToAddress(Carrier):
    """Into a cache at an address; here, only one video's frames lie at a time."""

    def __init__(self, cache: FrameCache, jobs: int | None, scratch: Path | None, output: Address) -> None:
        super().__init__(cache, jobs, scratch, open_store(output / cache.sized_folder.name, scratch))

    def is_done(self, video_id: str, made: Made) -> bool:
        record = self.store.read(video_id)
        return record is not None and self.store.done(video_id, made, list(record.files)) is not None

    def keep(self, video_id: str, made: Made, entry: Path) -> None:
        self.store.put(video_id, made, lambda drafts: entry.rename(drafts / entry.name), {})
        shutil.rmtree(entry, ignore_errors=True)


def carry(sources: Mapping[str, Source], carrier: Carrier, on_progress: OnProgress | None) -> dict[str, BineegoError]:
    """All of them; why some could not be read, by id.

    Raises:
        ResourceExhausted: no room, here or there.
        UsageError: nothing can be written there.
    """
    carrier.store.check_writable()
    progress = Progress({video_id: _bytes(source) for video_id, source in sources.items()}, on_progress)
    failed: dict[str, BineegoError] = {}
    for video_id, source in sources.items():
        try:
            _carry(video_id, source, carrier)
        except ResourceExhausted as error:
            if not isinstance(error, WorkerLost):
                raise
            failed[video_id] = error
        except BineegoError as error:
            failed[video_id] = error
        progress.tell(video_id, 1.0)
    return failed


def _carry(video_id: str, source: Source, carrier: Carrier) -> None:
    made = carrier.made(source)
    before = carrier.store.failure(video_id, made)
    if before is not None:
        raise before
    if carrier.is_done(video_id, made):
        return
    try:
        with brought(source, carrier.scratch) as path:
            entry = carrier.build(video_id, path)
    except InputInvalid as error:
        carrier.store.fail(video_id, made, error)
        raise
    carrier.keep(video_id, made, entry)


def _bytes(source: Source) -> float:
    size = source.size if isinstance(source, RemoteFile) else source.stat().st_size if source.exists() else None
    return float(size or UNKNOWN_BYTES)
