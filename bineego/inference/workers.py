"""Videos to score tracks, one after the other or several at once; the model is loaded once by each process."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch

from bineego import tracks
from bineego.errors import BineegoError
from bineego.inference.clips import OnProgress
from bineego.inference.items import Item
from bineego.inference.model import choose_device
from bineego.inference.options import LocalizeOptions
from bineego.inference.score import score_video
from bineego.tracks import ScoreTrack
from bineego.tsm.allocator import keep_memory
from bineego.tsm.fuse import for_inference
from bineego.tsm.model_file import Model, load_model
from bineego.video.probe import probe
from bineego.video.reader import Backend

Result = tuple[Item, ScoreTrack | BineegoError]
Score = Callable[[Item, OnProgress | None], ScoreTrack]


def scorer(model: Model, options: LocalizeOptions) -> Score:
    """A function from an item to its track, with the network made ready once."""
    keep_memory()
    network = for_inference(model, precision=options.precision, device=choose_device(options.device))
    backend = Backend(options.backend)

    def score(item: Item, on_progress: OnProgress | None) -> ScoreTrack:
        return score_video(
            network,
            model.card,
            item.path,
            options,
            video_id=item.video_id,
            backend=backend,
            on_progress=on_progress,
        )

    return score


def score_all(
    items: Sequence[Item],
    model: Model | None,
    model_path: Path | None,
    options: LocalizeOptions,
    on_progress: OnProgress | None = None,
) -> Iterator[Result]:
    """Every item with its track, or with the error that it met; in order of completion.

    Progress is counted in seconds of video. With `options.jobs` > 1 the longest videos start first, so that the workers
    end together.
    """
    stored = [item for item in items if item.is_track]
    videos = [item for item in items if not item.is_track]
    for item in stored:
        yield item, _attempt(lambda item, _: tracks.load(item.path), item, None)
    if not videos or model is None:
        return
    lengths = {item.video_id: _length(item) for item in videos}
    total = sum(lengths.values())
    done = 0.0
    if options.jobs > 1 and len(videos) > 1 and model_path is not None:
        results = _in_processes(videos, lengths, model_path, options)
    else:

        def report(part: float, whole: float) -> None:
            if on_progress is not None:
                on_progress(done + length * part / max(whole, 1e-9), total)

        score = scorer(model, options)
        results = ((item, _attempt(score, item, report)) for item in videos)
        length = lengths[videos[0].video_id]
    for i, (item, result) in enumerate(results):
        done += lengths[item.video_id]
        if i + 1 < len(videos):
            length = lengths[videos[i + 1].video_id]
        if on_progress is not None:
            on_progress(done, total)
        yield item, result


def _attempt(score: Score, item: Item, on_progress: OnProgress | None) -> ScoreTrack | BineegoError:
    try:
        return score(item, on_progress)
    except BineegoError as error:
        return error


def _length(item: Item) -> float:
    """Seconds that the file promises; 1 where it promises nothing (scoring will say why)."""
    try:
        return max(probe(item.path).duration or 1.0, 1e-3)
    except BineegoError:
        return 1.0


def _in_processes(
    videos: Sequence[Item], lengths: dict[str, float], model_path: Path, options: LocalizeOptions
) -> Iterator[Result]:
    jobs = min(options.jobs, len(videos))
    threads = max(1, (os.cpu_count() or 1) // jobs)
    longest_first = sorted(videos, key=lambda item: -lengths[item.video_id])
    # A forked copy of a process with running threads may hang.
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(
        jobs, mp_context=context, initializer=_start_worker, initargs=(model_path, options, threads)
    ) as pool:
        futures = {pool.submit(_work, item): item for item in longest_first}
        try:
            for future in concurrent.futures.as_completed(futures):
                yield futures[future], future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


_score: Score | None = None
"""Of a worker process, made once."""


def _start_worker(model_path: Path, options: LocalizeOptions, threads: int) -> None:
    global _score
    torch.set_num_threads(threads)
    _score = scorer(load_model(model_path), options)


def _work(item: Item) -> ScoreTrack | BineegoError:
    assert _score is not None
    return _attempt(_score, item, None)
