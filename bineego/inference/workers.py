"""Videos to score tracks, one after the other or several at once; every process makes its networks ready once."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
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
from bineego.video.workers import Worker

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

    jobs = min(options.jobs, len(videos))
    results = _here(videos, models, options, report) if jobs == 1 else _in_processes(lengths, models, options)
    for item, result in results:
        yield item, result
        report(item, 1.0)


def shares(lengths: dict[Item, float], jobs: int) -> list[list[Item]]:
    """The items divided among `jobs`: the longest first, each to whoever has the least to do."""
    parts: list[list[Item]] = [[] for _ in range(jobs)]
    loads = [0.0] * jobs
    for item in sorted(lengths, key=lambda item: -lengths[item]):
        least = loads.index(min(loads))
        parts[least].append(item)
        loads[least] += lengths[item]
    return parts


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


def _in_processes(
    lengths: dict[Item, float], models: Sequence[Model | Path], options: LocalizeOptions
) -> Iterator[Result]:
    jobs = min(options.jobs, len(lengths))
    threads = max(1, (os.cpu_count() or 1) // jobs)
    inbox: queue.Queue[Result | BaseException | None] = queue.Queue()

    def receive(worker: Worker) -> None:
        try:
            for message in worker.messages():
                inbox.put(message)
            inbox.put(None)
        except BaseException as error:  # not lost in the thread: it is raised again below
            inbox.put(error)

    with contextlib.ExitStack() as stack:
        for share in shares(lengths, jobs):
            worker = Worker(_work, share, models, options, threads)
            stack.callback(worker.close)
            threading.Thread(target=receive, args=(worker,), daemon=True).start()
        running = jobs
        while running:
            message = inbox.get()
            if isinstance(message, BaseException):
                raise message
            if message is None:
                running -= 1
                continue
            yield message


def _work(
    items: Sequence[Item], models: Sequence[Model | Path], options: LocalizeOptions, threads: int
) -> Iterator[Result]:
    """A worker's task. Its progress is that of whole videos: a message of every batch would cost more than it tells."""
    torch.set_num_threads(threads)
    yield from _here(items, models, options, lambda item, share: None)
