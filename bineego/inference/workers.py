"""Videos to score tracks, one after the other or several at once; every process makes its networks ready once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch

from bineego import tracks
from bineego.errors import BineegoError
from bineego.inference.items import Item
from bineego.inference.options import LocalizeOptions
from bineego.inference.score import score_video
from bineego.postprocess.fusion import fuse
from bineego.tracks import ScoreTrack
from bineego.tsm.allocator import keep_memory
from bineego.tsm.device import choose_device
from bineego.tsm.fuse import for_inference
from bineego.tsm.model_file import Model, load_model
from bineego.types import OnProgress
from bineego.video.probe import probe
from bineego.video.reader import Backend
from bineego.workers import in_processes, share_out

Result = tuple[Item, ScoreTrack | BineegoError]
Report = Callable[[Item, float], None]
Scorer = Callable[[Path, str, OnProgress], ScoreTrack]


def score_all(
    items: Sequence[Item],
    models: Sequence[Model | Path],
    options: LocalizeOptions,
    on_progress: OnProgress | None = None,
) -> Iterator[Result]:
    """Every item with its track, or with the error that it met; in order of completion.

    Args:
        items: score tracks are read, videos are scored, and the tracks of several views fused.
        models: for each view a model or its file; empty if there are only score tracks.
        options: `jobs` processes share the videos by their lengths, so that they end together.
        on_progress: called with (seconds of video done, seconds in all).
    """
    videos = [item for item in items if not item.is_track]
    for item in items:
        if item.is_track:
            yield item, _attempt(lambda item: tracks.load(item.files[0]), item)
    if not videos:
        return
    lengths = {item: _length(item) for item in videos}
    done: dict[Item, float] = {}

    def report(item: Item, share: float) -> None:
        done[item] = share * lengths[item]
        if on_progress is not None:
            on_progress(sum(done.values()), sum(lengths.values()))

    shares = share_out(videos, lengths.__getitem__, options.jobs)
    if len(shares) == 1:
        results = _here(videos, models, options, report)
    else:
        results = in_processes(_work, shares, models, options, max(1, (os.cpu_count() or 1) // len(shares)))
    for item, result in results:
        yield item, result
        report(item, 1.0)


def _here(
    items: Sequence[Item], models: Sequence[Model | Path], options: LocalizeOptions, report: Report
) -> Iterator[Result]:
    """Videos scored in this process, with every network made ready once."""
    keep_memory()
    ready = {model: _scorer(model, options) for model in dict.fromkeys(models)}
    scorers = [ready[model] for model in models]

    def score(item: Item) -> ScoreTrack:
        found: list[ScoreTrack] = []

        def on_progress(part: float, whole: float) -> None:
            report(item, (len(found) + part / max(whole, 1e-9)) / len(item.files))

        for scorer, path in zip(scorers, item.views, strict=True):
            if path is not None:
                found.append(scorer(path, item.video_id, on_progress))
        return found[0] if len(found) == 1 else fuse(found, [1.0] * len(found))

    for item in items:
        yield item, _attempt(score, item)


def _scorer(model: Model | Path, options: LocalizeOptions) -> Scorer:
    """A model made ready."""
    loaded = model if isinstance(model, Model) else load_model(model)
    device = choose_device(options.device)
    network = for_inference(loaded, precision=options.precision, device=device)
    cores = max(1, (os.cpu_count() or 1) // options.jobs)
    decoders = options.decoders or (1 if device.type == "cpu" else cores)

    def score(path: Path, video_id: str, on_progress: OnProgress) -> ScoreTrack:
        return score_video(
            network,
            loaded.card,
            path,
            options,
            video_id=video_id,
            backend=Backend(options.backend),
            decoders=decoders,
            on_progress=on_progress,
        )

    return score


def _attempt(score: Callable[[Item], ScoreTrack], item: Item) -> ScoreTrack | BineegoError:
    try:
        return score(item)
    except BineegoError as error:
        return error


def _length(item: Item) -> float:
    """Seconds that its files promise."""
    return sum(map(_promised, item.files))


def _promised(path: Path) -> float:
    """Seconds that a file promises; 1 where it promises nothing (scoring will say why)."""
    try:
        return max(probe(path).duration or 1.0, 1e-3)
    except BineegoError:
        return 1.0


def _work(
    items: Sequence[Item], models: Sequence[Model | Path], options: LocalizeOptions, threads: int
) -> Iterator[Result]:
    """A worker's task. Its progress is that of whole videos: a message of every batch would cost more than it tells."""
    torch.set_num_threads(threads)
    yield from _here(items, models, options, lambda item, share: None)
