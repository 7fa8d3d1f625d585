"""Features of many videos: what is not in the cache is made, in several processes, past files that cannot be read."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bineego import words
from bineego.crew import in_processes
from bineego.errors import BatchFailed, BineegoError, ResourceExhausted, UsageError, nearest
from bineego.features import track as tracks
from bineego.features.cache import FeatureCache, TrackFiles
from bineego.features.kinds import Kind, measured
from bineego.features.maker import FeatureMaker
from bineego.features.options import DEFAULT_CACHE, FeatureOptions
from bineego.features.track import FeatureTrack
from bineego.files import check_writable
from bineego.runs import find_model
from bineego.types import OnProgress
from bineego.video.probe import probe

if TYPE_CHECKING:
    from bineego.tsm.feature_network import FeatureNetwork

log = logging.getLogger(__name__)

BYTES_PER_STEP = 8000  # of EfficientNet-Lite0, 6700; wider trunks take up to 13000
BYTES_WITHOUT_TRUNK = 600
UNKNOWN_SECONDS = 60.0  # length taken for a file whose header has none, for progress and sharing out only


@dataclass(frozen=True, kw_only=True)
class _Item:
    video_id: str
    path: Path
    seconds: float


Message = tuple[str, float, BineegoError | None]
"""Video id, share of it that is done, and why it could not be."""


def extract(
    videos: Mapping[str, Path],
    options: FeatureOptions | None = None,
    *,
    kinds: Iterable[str] = tuple(Kind),
    cache: Path | str = DEFAULT_CACHE,
    jobs: int | None = None,
    device: str = "cpu",
    on_progress: OnProgress | None = None,
) -> TrackFiles:
    """Feature tracks of videos, by their ids; they are read from the cache when they are asked for.

    Args:
        videos: file by video id.
        options: how features are made.
        kinds: those that will be asked for. Without one that needs a network, none is used.
        cache: folder; what is there already is taken, and a changed video is done again.
        jobs: videos at once; None = one a core on CPUs, one on other devices.
        device: where the network computes.
        on_progress: called with seconds of video done and in all.

    Raises:
        UsageError: the cache cannot be written to, or the device is not there.
        ModelError: the trunk cannot be had.
        BatchFailed: some of several videos could not be read; all the others are in the cache. If there is only one,
            the error is its own (`InputMissing`, `InputInvalid`).
        ResourceExhausted: out of memory or disk.
    """
    files, failed = extract_all(
        videos, options or FeatureOptions(), kinds=kinds, cache=cache, jobs=jobs, device=device, on_progress=on_progress
    )
    raise_failures(failed, len(videos), "the others are in the cache")
    return TrackFiles(files)


def extract_all(
    videos: Mapping[str, Path],
    options: FeatureOptions,
    *,
    kinds: Iterable[str],
    cache: Path | str,
    jobs: int | None,
    device: str,
    on_progress: OnProgress | None,
) -> tuple[dict[str, Path], dict[str, BineegoError]]:
    """As `extract`: files in the cache by id, and why others have none."""
    maker = make_maker(options, kinds, device)
    store = FeatureCache(cache, maker.made_by, hears=maker.hears)
    failed: dict[str, BineegoError] = {}
    files: dict[str, Path] = {}
    missing: list[_Item] = []
    for video_id, path in videos.items():
        try:
            entry = store.entry(video_id, Path(path))
            if not entry.is_file():
                missing.append(_Item(video_id=video_id, path=Path(path), seconds=_promised(Path(path))))
            files[video_id] = entry
        except BineegoError as error:
            failed[video_id] = error
    if missing:
        check_writable(store.folder)
        found = _found(missing, maker, store, tuple(kinds), jobs, device)
        done = dict.fromkeys((item.video_id for item in missing), 0.0)
        seconds = {item.video_id: item.seconds for item in missing}
        for video_id, share, problem in found:
            done[video_id] = share * seconds[video_id]
            if problem is not None:
                failed[video_id] = problem
                del files[video_id]
            if on_progress is not None:
                on_progress(sum(done.values()), sum(seconds.values()))
    return files, failed


def _found(
    missing: list[_Item],
    maker: FeatureMaker,
    store: FeatureCache,
    kinds: tuple[str, ...],
    jobs: int | None,
    device: str,
) -> Iterator[Message]:
    """The work on one video here; on several in other processes."""
    cores = os.cpu_count() or 1
    _check_disk(missing, maker, store.folder)
    jobs = min(jobs or (cores if device == "cpu" else 1), len(missing))
    if len(missing) < 2:
        return _make(missing, maker, store, 0)
    # Also if it is one at a time: a decoder that crashes takes its process with it.
    return in_processes(
        _work,
        missing,
        maker.options,
        kinds,
        store,
        device,
        max(1, cores // jobs),
        0 if jobs == 1 else 1,
        jobs=jobs,
        cost=lambda item: item.seconds,
        name=lambda item: item.video_id,
        lost=lambda item, error: (item.video_id, 1.0, error),
    )


def _check_disk(missing: list[_Item], maker: FeatureMaker, folder: Path) -> None:
    """Say what is about to be made; refuse what the disk will not hold."""
    seconds = sum(item.seconds for item in missing)
    trunk = maker.made_by.get("trunk")
    need = seconds * maker.options.rate * (BYTES_PER_STEP if trunk else BYTES_WITHOUT_TRUNK)
    free = shutil.disk_usage(folder).free
    log.info(
        "features %s: %s, %s%s, about %s of disk (%s free)",
        folder, words.many(len(missing), "video"), words.duration(seconds), f", by {trunk}" if trunk else "",
        words.size(need), words.size(free),
    )  # fmt: skip
    if need > free:
        raise ResourceExhausted(
            f"the features need about {words.size(need)}, but only {words.size(free)} is free",
            where=folder,
            remedy="free some space, or use fewer steps per second (--rate)",
        )


def make_maker(options: FeatureOptions, kinds: Iterable[str], device: str = "cpu") -> FeatureMaker:
    """What makes the `kinds`, with its network ready.

    Raises:
        UsageError: a kind that `extract` cannot make, or no such device.
        ModelError: the trunk cannot be had.
    """
    wanted = measured(kinds)
    known = [str(kind) for kind in Kind]
    for name in wanted:
        if name not in known:
            raise UsageError(
                f"unknown kind of features {name!r}{nearest(name, known)}", remedy=f"one of {', '.join(known)}"
            )
    needs = any(Kind(name).needs_network for name in wanted)
    return FeatureMaker(options, _network(options.trunk, device) if needs else None, hears=Kind.SOUND in wanted)


def _network(trunk: str, device: str) -> FeatureNetwork:
    from bineego.tsm.config import Trunk
    from bineego.tsm.feature_network import imagenet_features, trained_features

    if trunk in list(Trunk):
        return imagenet_features(Trunk(trunk), device)
    return trained_features(find_model(trunk), device)


def _work(
    share: Iterable[_Item],
    options: FeatureOptions,
    kinds: tuple[str, ...],
    store: FeatureCache,
    device: str,
    threads: int,
    decoding: int,
) -> Iterator[Message]:
    """A worker's task.

    Args:
        threads, decoding: threads of the network, and of the decoder; 0 = one a core.
    """
    import torch

    from bineego.tsm.allocator import keep_memory

    torch.set_num_threads(threads)
    keep_memory()
    yield from _make(share, make_maker(options, kinds, device), store, decoding)


def _make(share: Iterable[_Item], maker: FeatureMaker, store: FeatureCache, threads: int) -> Iterator[Message]:
    """Videos one after the other. A full disk ends it; a file that cannot be read does not."""
    for item in share:
        try:
            for found in maker.track(item.path, item.video_id, threads):
                if isinstance(found, FeatureTrack):
                    tracks.save(found, store.entry(item.video_id, item.path))
                else:
                    yield item.video_id, found, None
        except ResourceExhausted:
            raise
        except BineegoError as error:
            yield item.video_id, 1.0, error
        else:
            yield item.video_id, 1.0, None


def _promised(path: Path) -> float:
    """Seconds that a file promises."""
    seconds = probe(path).duration
    return seconds if seconds is not None and 0 < seconds < 1e6 else UNKNOWN_SECONDS


def raise_failures(failed: Mapping[str, BineegoError], count: int, others: str) -> None:
    """Tell that some of `count` videos could not be read, if there are any; a single one's error is its own."""
    if failed and count == 1:
        raise next(iter(failed.values()))
    if failed:
        lines = [f"\n  {error.where or video_id}: {error.message}" for video_id, error in failed.items()]
        raise BatchFailed(
            f"features of {len(failed)} of {words.many(count, 'video')} could not be made:{''.join(lines)}",
            remedy=f"fix or remove them; {others}",
        )
