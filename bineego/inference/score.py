"""One video to its score track: plan the intervals, score their clips, put the answers on the track's cells.

Shape suffixes: N intervals, T frames of a clip, K logits.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from bineego.inference.clips import ClipNetwork, FrameSource, kept_answers, score_clips, wanted_frames
from bineego.inference.coarse import agreement, interpolate, score_coarse_to_fine
from bineego.inference.options import ScoreOptions
from bineego.inference.plan import ClipPlan, cells, make_plan
from bineego.kept import Kept
from bineego.tracks import Activation, ScoreTrack
from bineego.tsm.card import ModelCard
from bineego.types import Floats, Ints, OnProgress
from bineego.video.damage import Damage
from bineego.video.parallel import ParallelReader
from bineego.video.reader import Backend, VideoReader

log = logging.getLogger(__name__)

BATCH_CPU, BATCH_DEVICE = 4, 32
MIN_CORES = 4
"""With fewer, decoding beside the network gains nothing: both fill all cores (docs/performance.md)."""
TINY = 1e-12  # probabilities stay this far from 0 and 1, so that their logits are finite


class Scorer(Protocol):
    """A model made ready to turn videos into score tracks."""

    @property
    def damage(self) -> Damage:
        """What was noticed of the video that was scored last."""
        ...

    @property
    def lacking(self) -> tuple[str, ...]:
        """Features that it lacks and the model was trained with, by the name of the view or the kind."""
        ...

    def score(
        self, video: Path, video_id: str, on_progress: OnProgress | None = None, kept: Kept | None = None
    ) -> ScoreTrack:
        """The score track of a video file.

        Args:
            on_progress: called with (parts done, parts).
            kept: keeps what is done of a long video, and has what an interrupted call has done.

        Raises:
            InputMissing, InputInvalid: the file is not there, or is not a video that can be decoded.
            ModelError, ResourceExhausted: the network's answer, or the device's memory.
        """
        ...


class ClipScorer:
    """A network that answers clip by clip. Memory does not grow with a video's length.

    Args:
        network: `tsm.inference_network.compile_for_inference(model)`.
        card: the model's card.
        options: which intervals are scored.
        backend: what decodes the videos.
        decoders: processes that decode one video; PyAV only, and the frames are the same.
    """

    lacking: tuple[str, ...] = ()
    """See `Scorer`: it reads frames alone, which every video has."""

    def __init__(
        self,
        network: ClipNetwork,
        card: ModelCard,
        options: ScoreOptions | None = None,
        *,
        backend: Backend = Backend.PYAV,
        decoders: int = 1,
    ) -> None:
        self.network, self.card, self.options = network, card, options or ScoreOptions()
        self.backend, self.decoders = backend, decoders
        self._source: FrameSource | None = None
        self.on_cpu = torch.device(getattr(network, "device", "cpu")).type == "cpu"

    @property
    def damage(self) -> Damage:
        """See `Scorer.damage`; cached frames carry the damage they had when they were cached."""
        source = self._source
        return source.damage if isinstance(source, VideoReader | ParallelReader) else Damage()

    def score(
        self,
        video: Path | FrameSource,
        video_id: str,
        on_progress: OnProgress | None = None,
        kept: Kept | None = None,
    ) -> ScoreTrack:
        """See `Scorer.score`; `video` may also be an open one, such as one in the frame cache."""
        self._source = source = self._open(video) if isinstance(video, Path) else video
        card, options = self.card, self.options
        plan = make_plan(
            source.times,
            source.duration,
            t=card.interval,
            n_frames=card.clip_network.n_frames,
            stride=options.stride,
            clip_duration=options.clip_duration or card.clip_duration,
        )
        batch = options.batch or (BATCH_CPU if self.on_cpu else BATCH_DEVICE)
        background = not self.on_cpu or (os.cpu_count() or 1) >= MIN_CORES
        wanted = wanted_frames(source, plan.frames)
        if options.coarse > 1 and card.network.n_classes and len(plan):
            answers, rows = score_coarse_to_fine(
                self.network,
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
            rows = np.arange(len(plan))
            earlier = kept_answers(kept, len(plan), batch)
            if earlier:
                log.info("%s: continuing after %d of %d clips", video_id, len(earlier[0]), len(plan))
                wanted = wanted_frames(source, plan.frames[len(earlier[0]) :])
            answers = score_clips(
                self.network,
                source.read(wanted),
                plan.frames,
                batch=batch,
                background=background,
                on_progress=on_progress,
                earlier=earlier,
                kept=kept,
            )
            logits = answers.actions
        return _track(plan, card, source.duration, video_id, logits, answers.scenes, rows)

    def _open(self, path: Path) -> FrameSource:
        how = self.options
        reader = VideoReader(
            path, self.card.frames, backend=self.backend, stream=how.stream, start=how.start, end=how.end
        )
        parallel = self.decoders > 1 and self.backend is Backend.PYAV
        return ParallelReader(reader, self.decoders) if parallel else reader


def _track(
    plan: ClipPlan,
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
        decoding=card.decoding,
        scene_probs=_scene_probs(plan, scenes, rows, duration),
        scenes=card.labels.scenes,
        model=card.name,
        priors=card.priors,
    )


def _scene_probs(plan: ClipPlan, scenes: Floats | None, rows: Ints, duration: float) -> Floats:
    """Mean of the softmaxes (S,) of the whole intervals; of all where none is whole (docs/facts.md)."""
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
