"""One video to its score track: plan the intervals, score their clips, put the answers on the track's cells.

Shape suffixes: N intervals, T frames of a clip, K logits.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from bineego.inference.clips import ClipNetwork, FrameSource, score_clips, wanted_frames
from bineego.inference.coarse import agreement, interpolate, score_coarse_to_fine
from bineego.inference.options import ScoreOptions
from bineego.inference.plan import Plan, cells, make_plan
from bineego.tracks import Activation, ScoreTrack
from bineego.tsm.card import ModelCard
from bineego.tsm.network import Scores
from bineego.tsm.preprocess import normalise
from bineego.types import Floats, Ints, OnProgress, Pixels
from bineego.video.parallel import read_parallel
from bineego.video.reader import Backend, VideoReader

if TYPE_CHECKING:
    from bineego.video.cache import CachedVideo

log = logging.getLogger(__name__)


BATCH_CPU, BATCH_DEVICE = 4, 32
MIN_CORES = 4
"""With fewer, decoding beside the network gains nothing: both fill all cores (facts on performance)."""
CACHE_READ = 64  # frames of a cached video in memory at a time
TINY = 1e-12  # probabilities stay this far from 0 and 1, so that their logits are finite


def score_video(
    network: ClipNetwork | nn.Module,
    card: ModelCard,
    path: Path,
    options: ScoreOptions | None = None,
    *,
    video_id: str | None = None,
    backend: Backend = Backend.PYAV,
    decoders: int = 1,
    on_progress: OnProgress | None = None,
) -> ScoreTrack:
    """The score track of a video file. Memory does not grow with its length.

    Args:
        network: `tsm.fuse.for_inference(model)`, or the plain network.
        card: the model's card.
        path: the file.
        video_id: by default the file's stem.
        backend: what decodes it.
        decoders: processes that decode it; PyAV only, and the frames are the same.
        on_progress: called with (clips done, clips).

    Raises:
        InputMissing, InputInvalid: the file is not there, or is no video that can be decoded.
    """
    reader = VideoReader(path, card.frames, backend=backend)
    source = _Parallel(reader, decoders) if decoders > 1 and backend is Backend.PYAV else reader
    return _score(network, card, source, video_id or Path(path).stem, options or ScoreOptions(), on_progress)


def score_cached(
    network: ClipNetwork | nn.Module,
    card: ModelCard,
    video: CachedVideo,
    video_id: str,
    options: ScoreOptions | None = None,
    *,
    on_progress: OnProgress | None = None,
) -> ScoreTrack:
    """The same from the frame cache of training."""
    return _score(network, card, _Cached(video), video_id, options or ScoreOptions(), on_progress)


class _Parallel:
    """A video decoded by several processes."""

    def __init__(self, reader: VideoReader, decoders: int) -> None:
        self.reader, self.decoders = reader, decoders

    @property
    def times(self) -> Floats:
        return self.reader.times

    @property
    def duration(self) -> float:
        return self.reader.duration

    def read(self, indices: Ints) -> Iterator[tuple[int, Pixels, float]]:
        return read_parallel(self.reader.path, self.reader.options, indices, self.decoders, reader=self.reader)


class _Cached:
    """A cached video as a `FrameSource`."""

    def __init__(self, video: CachedVideo) -> None:
        self.video, self.times, self.duration = video, video.times, float(video.duration)

    def read(self, indices: Ints) -> Iterator[tuple[int, Pixels, float]]:
        for first in range(0, len(indices), CACHE_READ):
            some = indices[first : first + CACHE_READ]
            for index, picture in zip(some.tolist(), self.video.frames(some), strict=True):
                yield index, picture, float(self.times[index])


def _score(
    network: ClipNetwork | nn.Module,
    card: ModelCard,
    source: FrameSource,
    video_id: str,
    options: ScoreOptions,
    on_progress: OnProgress | None,
) -> ScoreTrack:
    ask, device = _callable(network)
    batch = options.batch or (BATCH_CPU if device.type == "cpu" else BATCH_DEVICE)
    background = device.type != "cpu" or (os.cpu_count() or 1) >= MIN_CORES
    plan = make_plan(
        source.times,
        source.duration,
        t=card.interval,
        n_frames=card.network.n_frames,
        stride=options.stride,
        clip_duration=options.clip_duration or card.clip_duration,
    )

    wanted = wanted_frames(source, plan.frames)
    if options.coarse > 1 and card.network.n_classes and len(plan):
        answers, rows = score_coarse_to_fine(
            ask,
            source,
            wanted,
            plan.frames,
            every=options.coarse,
            agree=lambda logits: agreement(_probabilities(logits, card), card.activation),
            least=options.agreement,
            batch=batch,
            background=background,
            on_progress=on_progress,
        )
        log.info("%s: %d of %d clips scored", video_id, len(rows), len(plan))
        logits = None if answers.actions is None else interpolate(rows, answers.actions, len(plan))
    else:
        frames, rows = source.read(wanted), np.arange(len(plan))
        answers = score_clips(ask, frames, plan.frames, batch=batch, background=background, on_progress=on_progress)
        logits = answers.actions
    return _track(plan, card, source.duration, video_id, logits, answers.scenes, rows)


def _track(
    plan: Plan,
    card: ModelCard,
    duration: float,
    video_id: str,
    logits: Floats | None,
    scenes: Floats | None,
    rows: Ints,
) -> ScoreTrack:
    if logits is None:
        logits = np.zeros((len(plan), 1))
    if plan.stride == plan.t:
        edges, values = cells(plan, logits, duration)
    else:
        # Means are taken of probabilities, and kept as the logits that give them under the model's temperature.
        edges, mean = cells(plan, _probabilities(logits, card), duration)
        mean = np.clip(mean, TINY, 1 - TINY)
        values = np.log(mean) if card.activation is Activation.SOFTMAX else np.log(mean) - np.log1p(-mean)
        values = values * card.temperature
    return ScoreTrack(
        video_id=video_id,
        edges=edges,
        logits=values.astype(np.float32),
        actions=card.labels.actions,
        t=card.interval,
        activation=card.activation,
        temperature=card.temperature,
        evidence=card.evidence,
        scene_probs=_scene_probs(plan, scenes, rows, duration),
        scenes=card.labels.scenes,
        model=card.name,
        priors=card.priors,
    )


def _scene_probs(plan: Plan, scenes: Floats | None, rows: Ints, duration: float) -> Floats:
    """Mean of the softmaxes (S,) of the whole intervals; of all where none is whole (facts: scene of a video)."""
    if scenes is None:
        return np.zeros(0)
    if len(scenes) == 0:
        return np.full(scenes.shape[1], 1 / scenes.shape[1])
    seen = plan.lows[rows] < duration
    whole = plan.whole()[rows] & seen
    chosen = scenes[whole] if whole.any() else scenes[seen] if seen.any() else scenes
    probabilities = np.exp(chosen - chosen.max(axis=1, keepdims=True))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    mean: Floats = probabilities.mean(axis=0)
    return mean


def _probabilities(logits: Floats, card: ModelCard) -> Floats:
    """As `ScoreTrack.probabilities`, for the logits (N, K) of intervals."""
    return ScoreTrack(
        video_id="",
        edges=np.arange(len(logits) + 1, dtype=np.float64),
        logits=logits.astype(np.float32),
        actions=card.labels.actions,
        t=card.interval,
        activation=card.activation,
        temperature=card.temperature,
        scene_probs=np.zeros(0),
    ).probabilities()


def _callable(network: ClipNetwork | nn.Module) -> tuple[ClipNetwork, torch.device]:
    """A network as something to call with uint8 frames, and where it computes."""
    if not isinstance(network, nn.Module):
        return network, torch.device(getattr(network, "device", "cpu"))
    device = next(network.parameters()).device
    if network.training:
        raise ValueError("a network is scored in eval mode: dropout and batch statistics would change its answers")

    @torch.inference_mode()
    def ask(frames_NTHWC: Tensor) -> Scores:
        scores: Scores = network(normalise(frames_NTHWC.to(device, non_blocking=True)))
        return scores

    return ask, device
