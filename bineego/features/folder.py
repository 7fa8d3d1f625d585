"""The verb `extract_features`: a feature track for every video, in a folder that any number of processes may fill."""

from __future__ import annotations

import dataclasses
import functools
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bineego import words
from bineego.config import build, takes
from bineego.datasets.sources import sources_of
from bineego.errors import BineegoError, InputInvalid, ResourceExhausted, UsageError, WorkerLost
from bineego.features import npy
from bineego.features import track as tracks
from bineego.features.cache import TrackFiles
from bineego.features.extraction import extract_all, raise_failures
from bineego.features.kinds import RATE, Kind, base_of, may_lack
from bineego.features.options import DEFAULT_CACHE, DEFAULT_SIZE, DEFAULT_TRUNK, ExtractFeaturesOptions, FeatureOptions
from bineego.features.track import FeatureTrack
from bineego.progress import Progress
from bineego.remote.address import Address, RemoteFile, Source
from bineego.remote.scratch import brought
from bineego.remote.store import open_store
from bineego.runs import find_model
from bineego.store import Made, Store
from bineego.types import OnProgress
from bineego.video.cache import source_stamp

SUFFIXES = (npy.SUFFIX, ".json")
"""Of the files of one video."""

log = logging.getLogger(__name__)


@takes(ExtractFeaturesOptions)
def extract_features(
    inputs: Mapping[str, Path] | Sequence[Path | str] | Path | str,
    output: Path | str | None = None,
    *,
    options: ExtractFeaturesOptions | None = None,
    cache: Path | str = DEFAULT_CACHE,
    on_progress: OnProgress | None = None,
    **given: Any,
) -> TrackFiles:
    """Write `<video_id>.npy` and `<video_id>.json` for every video (see `features.npy`).

    What an earlier call has written is not made again.

    Args:
        inputs: a video, a folder of videos, a data set, an address of videos, several of those, or video id -> file.
        output: folder, or its address; None = that of `options`.
        options: many options at once; keywords win.
        cache: folder of what was read from videos, shared with training.
        on_progress: called with seconds of video done and in all.
        given: see `ExtractFeaturesOptions`.

    Returns:
        The tracks of all these videos, by id; none of a folder at an address.

    Raises:
        UsageError: a wrong option, nothing to do, two videos with one id, or the folder cannot be written to.
        ModelError: the trunk or the model cannot be had.
        InputMissing, InputInvalid: an input is missing or, if it is the only one, cannot be read.
        BatchFailed: some of several videos could not be read; the others are written.
        ResourceExhausted: out of memory or disk.
    """
    chosen = build(ExtractFeaturesOptions, options, given | {"output": output})
    videos = sources_of(
        inputs, view=chosen.view, videos=chosen.videos, shard=chosen.shard, goal="extract features from"
    )
    how, kinds = _asked(chosen)
    folder = _Folder(open_store(chosen.output, chosen.scratch), how, kinds, overwrite=chosen.overwrite)
    todo = folder.missing(videos)
    if todo:
        extract_part = functools.partial(
            extract_all, options=how, kinds=kinds, jobs=chosen.jobs, device=_device(chosen.device, kinds)
        )
        here = {video_id: source for video_id, source in todo.items() if isinstance(source, Path)}
        files, failed = extract_part(here, cache=cache, on_progress=on_progress)
        for file in files.values():
            folder.add(tracks.load(file))
        folder.failed |= failed
        away = {video_id: source for video_id, source in todo.items() if isinstance(source, RemoteFile)}
        _from_addresses(away, folder, chosen.scratch, extract_part, on_progress)
        folder.tell()
    raise_failures(folder.failed, len(videos), "the others are written")
    there = {} if isinstance(chosen.output, Address) else {v: chosen.output / f"{v}{npy.SUFFIX}" for v in videos}
    return TrackFiles(there)


def _from_addresses(
    videos: Mapping[str, RemoteFile],
    folder: _Folder,
    scratch: Path | None,
    extract_part: Callable[..., tuple[dict[str, Path], dict[str, BineegoError]]],
    on_progress: OnProgress | None,
) -> None:
    """One video after the other, so that the disk here may be small; nothing of them stays in a cache."""
    progress = Progress({video_id: float(file.size or 1) for video_id, file in videos.items()}, on_progress)
    for video_id, file in videos.items():
        try:
            with brought(file, scratch) as path:
                files, failed = extract_part({video_id: path}, cache=path.parent / "features", on_progress=None)
                for error in failed.values():
                    raise error
                folder.add(tracks.load(files[video_id]))
        except ResourceExhausted as error:
            if not isinstance(error, WorkerLost):
                raise
            folder.failed[video_id] = error
        except BineegoError as error:
            folder.failed[video_id] = error
        progress.tell(video_id, 1.0)


def _asked(chosen: ExtractFeaturesOptions) -> tuple[FeatureOptions, tuple[str, ...]]:
    """How features are made, and which kinds are written."""
    size, keep_aspect, rate, kinds = DEFAULT_SIZE, False, RATE, tuple(str(kind) for kind in Kind)
    if chosen.model is not None:
        if chosen.trunk is not None:
            raise UsageError("--trunk and --model both name a trunk", remedy="leave one of them out")
        from bineego.tsm.card_file import read_card
        from bineego.tsm.config import TemporalConfig

        card = read_card(find_model(chosen.model))
        size, keep_aspect = card.frames.size, card.frames.keep_aspect
        if isinstance(card.network, TemporalConfig):
            rate, kinds = card.network.rate, tuple(dict.fromkeys(map(base_of, card.network.kinds)))
    how = FeatureOptions(
        trunk=chosen.model or chosen.trunk or DEFAULT_TRUNK,
        size=chosen.size or size,
        keep_aspect=keep_aspect if chosen.keep_aspect is None else chosen.keep_aspect,
        rate=chosen.rate or rate,
        backend=chosen.backend,
    )
    return how, tuple(str(kind) for kind in chosen.kinds or kinds)


def _device(name: str, kinds: tuple[str, ...]) -> str:
    """Where the network computes; without one, torch need not be loaded."""
    if not any(Kind(kind).needs_network for kind in kinds):
        return "cpu"
    from bineego.tsm.device import choose_device

    return str(choose_device(name))


class _Folder:
    """The results of one call.

    Attributes:
        failed: why videos have no features, by id.
    """

    def __init__(self, store: Store, how: FeatureOptions, kinds: tuple[str, ...], *, overwrite: bool) -> None:
        self._store, self._kinds, self._overwrite = store, kinds, overwrite
        store.check_writable()
        self._by = {"features": dataclasses.asdict(how), "kinds": list(kinds)}
        self._made: dict[str, Made] = {}
        self._silent: list[str] = []
        self.failed: dict[str, BineegoError] = {}

    def missing(self, videos: Mapping[str, Source]) -> dict[str, Source]:
        """The videos whose features are not there as they would be made now.

        Raises:
            UsageError: a file of somebody else would be replaced.
        """
        todo = {}
        for video_id, path in videos.items():
            names = [f"{video_id}{suffix}" for suffix in SUFFIXES]
            try:
                made = self._made[video_id] = Made(source=[source_stamp(path)], by=self._by)
            except BineegoError as error:
                self.failed[video_id] = error
                continue
            self._store.check(video_id, names, overwrite=self._overwrite)
            if self._overwrite or self._store.done(video_id, made, names) is None:
                todo[video_id] = path
        if done := len(self._made) - len(todo):
            log.info("%d of %s already done (--overwrite redoes them)", done, words.many(len(videos), "video"))
        return todo

    def tell(self) -> None:
        """Say which videos lack a kind."""
        if self._silent:
            log.info("without sound: %s; they have no features of this kind", words.listed(self._silent, "video"))

    def add(self, track: FeatureTrack) -> None:
        """Write the track of one video; without a kind that it may lack and does."""
        kinds = [kind for kind in self._kinds if track.has(kind) or not may_lack(kind)]
        if not kinds:
            self.failed[track.video_id] = InputInvalid("has no sound", remedy="leave it out, or choose other kinds")
            return
        self._silent += [track.video_id] if len(kinds) < len(self._kinds) else []
        chosen = track.with_kinds(kinds)
        self._store.put(
            track.video_id,
            self._made[track.video_id],
            lambda drafts: npy.save(chosen, drafts / f"{track.video_id}{npy.SUFFIX}"),
            {},
            replace=self._overwrite,
        )
