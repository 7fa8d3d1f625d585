"""Filling the frame cache: what is missing, in several processes, past files that cannot be read."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bineego import words
from bineego.crew import in_processes
from bineego.errors import BatchFailed, BineegoError, ResourceExhausted
from bineego.files import check_writable
from bineego.progress import Progress
from bineego.store import Made, Store
from bineego.types import OnProgress
from bineego.video.cache import VERSION, FrameCache, content_stamp
from bineego.video.frames import MAX_RATE, Backend
from bineego.video.parallel import read_parallel
from bineego.video.probe import exact, open_video, promised_duration
from bineego.video.reader import VideoReader

log = logging.getLogger(__name__)

BYTES_PER_PIXEL = 0.3  # of a JPEG at quality 90; real footage takes 0.17 to 0.3 (docs/facts.md)
BYTES_PER_FRAME = 800  # JPEG tables, and the index
UNKNOWN_SECONDS = 60.0  # length taken for a file whose header has none, for progress and disk need only
ABANDONED = 3600.0  # seconds without a change after which another run's temporary folder is taken for dead
WORTH_CUTTING = 20.0  # seconds of video; shorter ones are done before several processes have started


@dataclass(frozen=True, kw_only=True)
class _Item:
    video_id: str
    path: Path
    seconds: float
    frames: float
    cost: float  # pixels to decode


def build_cache(
    cache: FrameCache,
    items: Mapping[str, Path],
    *,
    jobs: int | None = None,
    on_progress: OnProgress | None = None,
) -> None:
    """Bring videos into the cache; those that are there already are skipped, changed ones are made again.

    Args:
        items: video id -> file.
        jobs: processes; None = one a core.
        on_progress: called with seconds of video done and in all.

    Raises:
        UsageError: the cache folder cannot be written to.
        ResourceExhausted: the frames will not fit on the disk (found before work starts), or it ran full.
        BatchFailed: some videos could not be read; all the others are in the cache. If there is only one item, the
            error is its own (`InputMissing`, `InputInvalid`).
    """
    raise_failures(build_all(cache, items, jobs=jobs, on_progress=on_progress), len(items))


def build_all(
    cache: FrameCache,
    items: Mapping[str, Path],
    *,
    jobs: int | None = None,
    on_progress: OnProgress | None = None,
) -> dict[str, BineegoError]:
    """As `build_cache`; why videos could not be read, by id."""
    jobs = max(1, jobs or os.cpu_count() or 1)
    failed: dict[str, BineegoError] = {}
    missing: list[_Item] = []
    store = Store(cache.sized_folder)
    for video_id, path in items.items():
        try:
            if not cache.has(video_id, path):
                before = store.failure(video_id, _made(cache, Path(path)))
                if before is not None:
                    raise before
                missing.append(_measure(video_id, Path(path)))
        except BineegoError as error:
            failed[video_id] = error
    if missing:
        check_writable(cache.sized_folder)
        _remove_abandoned(cache.sized_folder)
        _check_disk(cache, missing)
        met: dict[str, BineegoError] = {}
        _build(cache, missing, jobs, met, Progress({item.video_id: item.seconds for item in missing}, on_progress))
        for video_id, problem in met.items():
            store.fail(video_id, _made(cache, Path(items[video_id])), problem)
        failed |= met
    return failed


def _made(cache: FrameCache, path: Path) -> Made:
    by = {"version": VERSION, "size": cache.sized_folder.name, "backend": str(cache.backend)}
    return Made(source=[content_stamp(path)], by=by)


def _measure(video_id: str, path: Path) -> _Item:
    """Length and cost by the header alone: exact ones would mean reading every file twice."""
    container, stream = open_video(path)
    with container:
        seconds = promised_duration(container, stream)
        if seconds is None or not 0 < seconds < 1e6:
            seconds = UNKNOWN_SECONDS
        rate = float(exact(stream.average_rate) or MAX_RATE)
        pixels = max(1, stream.codec_context.width * stream.codec_context.height)
    return _Item(
        video_id=video_id,
        path=path,
        seconds=seconds,
        frames=seconds * min(rate, MAX_RATE),
        cost=seconds * rate * pixels,
    )


def _check_disk(cache: FrameCache, missing: list[_Item]) -> None:
    pixels = cache.options.size**2 * (1.8 if cache.options.keep_aspect else 1.0)  # 16:9
    need = sum(item.frames for item in missing) * (BYTES_PER_FRAME + BYTES_PER_PIXEL * pixels)
    free = shutil.disk_usage(cache.sized_folder).free
    minutes = sum(item.seconds for item in missing) / 60
    log.info(
        "frame cache %s: %s, %.1f min, about %s of disk (%s free)",
        cache.folder, words.many(len(missing), "video"), minutes, words.size(need), words.size(free),
    )  # fmt: skip
    if need > free:
        raise ResourceExhausted(
            f"the frame cache needs about {words.size(need)}, but only {words.size(free)} is free",
            where=cache.folder,
            remedy="free some space, choose another --cache, or use a smaller --size",
        )


def _build(
    cache: FrameCache, missing: list[_Item], jobs: int, failed: dict[str, BineegoError], progress: Progress[str]
) -> None:
    ordered = sorted(missing, key=lambda item: -item.cost)
    if jobs > 1:
        # A video that outweighs a fair share keeps one process busy while the others have nothing: cut it up.
        while ordered and ordered[0].seconds >= WORTH_CUTTING and cache.backend is Backend.PYAV:
            if ordered[0].cost * jobs <= sum(item.cost for item in ordered):
                break
            _follow(build_share([ordered.pop(0)], cache, jobs), failed, progress)
    jobs = min(jobs, len(ordered))
    if len(ordered) < 2:
        _follow(build_share(ordered, cache, 1), failed, progress)
        return
    # Also if it is one at a time: a decoder that crashes takes its process with it.
    found = in_processes(
        build_share,
        ordered,
        cache,
        1,
        jobs > 1,
        jobs=jobs,
        cost=lambda item: item.cost,
        name=lambda item: item.video_id,
        lost=lambda item, error: (item.video_id, 1.0, error),
    )
    _follow(found, failed, progress)


Message = tuple[str, float, BineegoError | None]
"""Video id, share of it that is done, and why it could not be."""


def build_share(share: Iterable[_Item], cache: FrameCache, workers: int, alone: bool = False) -> Iterator[Message]:
    """Build videos one after the other. A full disk ends it; a file that cannot be read does not.

    Args:
        workers: processes to decode each video with.
        alone: one decoding thread, because other processes keep the other cores busy.
    """
    for item in share:
        try:
            reader = VideoReader(item.path, cache.options, backend=cache.backend, threads=1 if alone else 0)
            frames = read_parallel(item.path, reader=reader, workers=workers) if workers > 1 else reader.read()
            for done in cache.write(item.video_id, reader, frames):
                yield item.video_id, done, None
        except ResourceExhausted:
            raise
        except BineegoError as error:
            yield item.video_id, 1.0, error
        else:
            yield item.video_id, 1.0, None


def _follow(messages: Iterator[Message], failed: dict[str, BineegoError], progress: Progress[str]) -> None:
    for video_id, share, error in messages:
        progress.tell(video_id, share)
        if error is not None:
            failed[video_id] = error


def raise_failures(failed: Mapping[str, BineegoError], count: int) -> None:
    """Tell that some of `count` videos could not be read, if there are any; a single one's error is its own."""
    if not failed:
        return
    if count == 1:
        raise next(iter(failed.values()))
    lines = [f"\n  {error.where or video_id}: {error.message}" for video_id, error in failed.items()]
    raise BatchFailed(
        f"{len(failed)} of {count} videos could not be read:{''.join(lines)}",
        remedy="fix or remove them; the others are in the cache",
    )


def _remove_abandoned(folder: Path) -> None:
    """Temporary folders of runs that were killed."""
    for left in folder.glob(".*.tmp"):
        with contextlib.suppress(OSError):  # another process is just finishing or removing it, or it is another user's
            newest = max(entry.stat().st_mtime for entry in (left, *left.iterdir()))
            if time.time() - newest > ABANDONED:
                shutil.rmtree(left, ignore_errors=True)
