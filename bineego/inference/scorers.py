"""Videos to score tracks, one after the other or several at once; every process makes its networks ready once."""

from __future__ import annotations

import dataclasses
import functools
import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from bineego import tracks
from bineego.engines.engine import EngineKind, choose_engine
from bineego.errors import BineegoError, InputInvalid, ResourceExhausted
from bineego.features import npy
from bineego.inference.items import Item, on_this_machine
from bineego.inference.options import LocalizeOptions
from bineego.inference.score import ClipScorer, Scorer
from bineego.inference.temporal import TemporalScorer
from bineego.inference.views import Loaded
from bineego.postprocess.fusion import fuse_tracks
from bineego.progress import Progress
from bineego.remote.address import RemoteFile, Source
from bineego.remote.scratch import ScratchFull
from bineego.tracks import ScoreTrack
from bineego.tsm.allocator import keep_memory
from bineego.tsm.device import choose_device
from bineego.tsm.inference_network import compile_for_inference
from bineego.tsm.model_file import Model, load_model
from bineego.tsm.temporal_network import TemporalNetwork
from bineego.types import OnProgress
from bineego.video.check import examine
from bineego.video.damage import Damage
from bineego.video.probe import probe
from bineego.video.reader import Backend
from bineego.workers import tell

BYTES_PER_SECOND = 250_000
"""Of video, to guess the length of a file at an address: for progress and sharing out only."""

Listen = Callable[[int, int], OnProgress]

Result = tuple[Item, Any]
"""An item, with the damage that was noticed, and what became of its track; or the error that it met."""


def as_it_is(_item: Item, track: ScoreTrack) -> ScoreTrack:
    """Leaves a track as it is."""
    return track


def score_all(
    items: Sequence[Item],
    models: Sequence[Loaded],
    options: LocalizeOptions,
    on_progress: OnProgress | None = None,
    finish: Callable[[Item, ScoreTrack], Any] = as_it_is,
) -> Generator[Result, None, None]:
    """Every item with its track, or with the error that it met; in order of completion.

    Args:
        items: score tracks are read, videos are scored, and the tracks of several views fused.
        models: for each view; empty if there are only score tracks.
        options: the workers of `engine`, `jobs` of them, share the videos by their lengths, so that they end together.
            Several videos are scored in a process of its own also one at a time, as a decoder that crashes takes its
            process with it; here only by models that have no file.
        on_progress: called with (seconds of video done, seconds in all).
        finish: what becomes of a track, where it was made; to be pickled.

    Raises:
        ScratchFull: there is no room for files from an address.
        BineegoError: what `finish` raises.
    """
    stored = [item for item in items if item.is_track]
    lengths = {item: _length(item) for item in items if not item.is_track}
    progress = Progress(lengths, on_progress)
    engine = choose_engine(options.engine, options.jobs, options.device)
    local = options.engine is EngineKind.LOCAL
    in_memory = local and options.jobs in (None, 1) and any(one.path is None for one in models)
    if not items or in_memory or engine.here(len(lengths)):
        networks = [one.model for one in models] if items else []
        return score_in_process([*stored, *lengths], os.cpu_count() or 1, networks, options, progress, finish)
    listened_to = local and on_progress is not None
    sources = [one.path or one.model for one in models]
    results = engine.run(
        _work,
        lengths,
        sources,
        options,
        listened_to,
        finish,
        cost=lengths.__getitem__,
        name=lambda item: item.video_id,
        lost=lambda item, error: (item, error),
    )
    return _together(score_in_process(stored, 1, (), options, progress, finish), results, progress)


def _together(
    stored: Iterable[Result], results: Iterable[Any], progress: Progress[Item]
) -> Generator[Result, None, None]:
    """What is read here, then what workers tell: how far they are, and results."""
    yield from stored
    for item, result in results:
        if isinstance(result, float):
            progress.tell(item, result)
        else:
            yield item, result
            progress.tell(item, 1.0)


def score_in_process(
    items: Iterable[Item],
    cores: int,
    models: Sequence[Model | Path],
    options: LocalizeOptions,
    progress: Progress[Item],
    finish: Callable[[Item, ScoreTrack], Any],
) -> Generator[Result, None, None]:
    """Score tracks read, and videos scored, in this process, with every network made ready once."""
    keep_memory()
    ready = {model: make_scorer(model, options, cores) for model in dict.fromkeys(models)}
    scorers = [ready[model] for model in models]
    for item in items:
        try:
            with on_this_machine(item, options.scratch) as here:
                listen = functools.partial(progress.of_part, item)
                scored, track = (
                    (here, tracks.load(here.paths[0]))
                    if here.is_track
                    else score_item(here, scorers, listen, strict=options.strict, stream=options.stream)
                )
        except ScratchFull:
            raise
        except BineegoError as error:
            yield item, error
        except (MemoryError, torch.OutOfMemoryError):
            remedy = "try --batch 1, or a smaller model"
            yield item, ResourceExhausted("out of memory", where=item.files[0], remedy=remedy)
        else:
            item = dataclasses.replace(item, damage=scored.damage, lacking=scored.lacking)
            yield item, finish(item, track)
        if not item.is_track:
            progress.tell(item, 1.0)


def score_item(
    item: Item, scorers: Sequence[Scorer], listen: Listen, *, strict: bool = False, stream: int = 0
) -> tuple[Item, ScoreTrack]:
    """The item, with what was noticed of it, and its track; a scorer for each view, whose tracks are fused.

    Args:
        item: with its files on this machine.
        listen: who is told how much of part so-and-so of so many is done.
        strict: whether the files are examined before, and damage is an error.
        stream: which picture of a file that has several.

    Raises:
        InputInvalid: `strict`, and a file is damaged.
        BineegoError: see `Scorer.score`.
    """
    for file in item.paths if strict and item.is_video else ():
        _refuse(file, examine(file, stream))
    first = scorers[0]
    if isinstance(first, TemporalScorer) and first.views and not item.is_features:
        cameras = zip(item.cameras, item.views, strict=True)
        videos = {str(view): path for view, path in cameras if isinstance(path, Path)}
        track = first.score_views(videos, item.video_id, listen(0, 1))
        if strict:
            _refuse(item.paths[0], first.damage)
        return dataclasses.replace(item, damage=tuple(filter(None, [first.damage])), lacking=first.lacking), track
    found: list[ScoreTrack] = []
    damage: list[Damage] = []
    lacking: dict[str, None] = {}
    for scorer, path in zip(scorers, item.views, strict=True):
        if isinstance(path, Path):
            kept = item.kept if len(item.files) == 1 else None
            found.append(scorer.score(path, item.video_id, listen(len(found), len(item.files)), kept))
            damage.append(scorer.damage)
            lacking |= dict.fromkeys(scorer.lacking)
            if strict:
                _refuse(path, damage[-1])
    item = dataclasses.replace(item, damage=tuple(filter(None, damage)), lacking=tuple(lacking))
    return item, found[0] if len(found) == 1 else fuse_tracks(found, [1.0] * len(found))


def _refuse(path: Path, damage: Damage) -> None:
    if damage:
        raise InputInvalid(
            f"damaged: {damage}",
            where=path,
            remedy="make a new copy of it, or use it as it is without --strict",
        )


def make_scorer(model: Model | Path, options: LocalizeOptions, cores: int) -> Scorer:
    """A model, or its file, made ready for a process that has so many cores."""
    loaded = model if isinstance(model, Model) else load_model(model)
    device = choose_device(options.device)
    if isinstance(loaded.network, TemporalNetwork):
        backend = Backend(options.backend)
        return TemporalScorer(
            loaded.network,
            loaded.card,
            device=device,
            backend=backend,
            threads=cores,
            stream=options.stream,
            start=options.start,
            end=options.end,
            features=options.features,
        )
    network = compile_for_inference(loaded, precision=options.precision, device=device)
    decoders = options.decoders or (1 if device.type == "cpu" else cores)
    return ClipScorer(network, loaded.card, options, backend=Backend(options.backend), decoders=decoders)


def _length(item: Item) -> float:
    """Seconds that its files promise."""
    if item.is_features:
        return _described(item.paths[0])
    return sum(map(_promised, item.files))


def _promised(source: Source) -> float:
    """Seconds that a file promises; 1 where it promises nothing (scoring will say why). Of one at an address, only the
    size is known."""
    if isinstance(source, RemoteFile):
        return max(1.0, (source.size or 0) / BYTES_PER_SECOND)
    try:
        return max(probe(source).duration or 1.0, 1e-3)
    except BineegoError:
        return 1.0


def _described(path: Path) -> float:
    """Seconds that a feature file covers; 1 where it cannot be told (scoring will say why)."""
    try:
        return npy.describe(path).duration
    except BineegoError:
        return 1.0


class _ToParent(Progress[Item]):
    """Tells the parent process, now and then."""

    EVERY = 0.5  # seconds

    def __init__(self) -> None:
        super().__init__({}, None)
        self._told = time.monotonic()

    def tell(self, item: Item, share: float) -> None:
        if share < 1 and time.monotonic() - self._told >= self.EVERY:
            tell((item, float(share)))
            self._told = time.monotonic()


def _work(
    items: Iterable[Item],
    cores: int,
    models: Sequence[Model | Path],
    options: LocalizeOptions,
    listened_to: bool,
    finish: Callable[[Item, ScoreTrack], Any],
) -> Iterator[Result]:
    """A worker's task."""
    torch.set_num_threads(cores)
    progress = _ToParent() if listened_to else Progress({}, None)
    return score_in_process(items, cores, models, options, progress, finish)
