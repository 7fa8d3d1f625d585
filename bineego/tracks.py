"""The score track: what a model says of every interval of one video.

Everything after the network (decoding, calibration, fusing) is re-run from it in milliseconds, without torch.
Saved as `<video_id>.scores.npz`: plain arrays plus one JSON text, read without pickle.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bineego import decoding, digests, npz
from bineego.decoding import Decoding
from bineego.errors import InputInvalid
from bineego.files import atomic_stream
from bineego.priors import Priors
from bineego.spans import FIELDS, Spans
from bineego.spans import make as make_spans
from bineego.types import Floats

log = logging.getLogger(__name__)

SUFFIX = ".scores.npz"
FORMAT = 2
"""2 added the boundary channel and the candidates, and all of `Decoding` in place of the evidence alone."""

READABLE = (1, FORMAT)

LIMIT = 2_000_000_000
"""Bytes that the arrays of one track may take in memory; a week in half seconds and 300 classes takes 1.5 GB."""


BACKGROUND_ONLY = 20.0
"""Logit of the background, and less that of every action, where nothing was looked at."""


class Activation(StrEnum):
    """How action logits become probabilities."""

    SOFTMAX = "softmax"  # classes exclude each other; column 0 is the background
    SIGMOID = "sigmoid"  # every class by itself; column 0 is the probability that nothing happens


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoreTrack:
    """Scores of N intervals (the cells between consecutive edges) for C actions and S scenes.

    Attributes:
        video_id: the video.
        edges: interval edges (N + 1,), seconds, increasing, from 0. The last cell may be shorter than `t`.
        logits: action logits (N, C + 1); column 0 = background.
        actions: the C action names, in column order from 1.
        t: nominal interval length, seconds.
        activation: see `Activation`.
        temperature: logits are divided by it before the activation (calibration); 1 = as trained.
        decoding: how it is best decoded, fitted on held-out videos; None = not fitted.
        scene_probs: scene probabilities (S,) of the whole video; (0,) without a scene head.
        scenes: the S scene names.
        model: the name of the model that made it.
        priors: statistics of its training annotations, if it carries them.
        boundary: log-odds (N + 1, 1) that an action begins or ends at each edge, or (N + 1, C) for each action by
            itself; None = the model does not look for boundaries. Decoders compare them along the video, so a constant
            factor on the odds does not matter.
        candidates: segments that the model proposes by itself (an anchor-free branch), start and end in seconds within
            the video, scores in 0..1, before any suppression of near copies; None = it proposes none.
    """

    video_id: str
    edges: Floats
    logits: NDArray[np.float32]
    actions: tuple[str, ...]
    t: float
    activation: Activation = Activation.SOFTMAX
    temperature: float = 1.0
    decoding: Decoding | None = None
    scene_probs: Floats
    scenes: tuple[str, ...] = ()
    model: str = ""
    priors: Priors | None = None
    boundary: NDArray[np.float32] | None = None
    candidates: Spans | None = None

    def __post_init__(self) -> None:
        problem = self._problem()
        if problem:
            raise InputInvalid(f"score track of {self.video_id!r}: {problem}")

    def _problem(self) -> str | None:
        n, n_classes = len(self.edges) - 1, len(self.actions) + 1
        if self.edges.ndim != 1 or n < 0:
            return "it has no interval edges"
        if self.logits.shape != (n, n_classes):
            return f"{self.logits.shape} logits for {n} intervals and {n_classes} classes"
        if self.scene_probs.shape != (len(self.scenes),):
            return f"{self.scene_probs.shape} scene probabilities for {len(self.scenes)} scenes"
        if not (np.isfinite(self.edges).all() and np.isfinite(self.logits).all()):
            return "an edge or a logit is not a finite number"
        if not (np.diff(self.edges) > 0).all():
            return "edges do not increase"
        if self.edges[0] != 0:
            return f"it starts at {self.edges[0]} s, not at 0"
        if len(set(self.actions)) < len(self.actions) or len(set(self.scenes)) < len(self.scenes):
            return "two actions or scenes have one name"
        if not (np.isfinite(self.scene_probs) & (self.scene_probs >= 0)).all():
            return "a scene probability is not a number of 0 or more"
        if not (self.t > 0 and self.temperature > 0):
            return f"t = {self.t} and temperature = {self.temperature} must be positive"
        if self.priors is not None and len(self.priors.dwell) != n_classes:
            return f"priors of {len(self.priors.dwell)} classes for {n_classes} classes"
        return self._boundary_problem() or self._candidates_problem()

    def _boundary_problem(self) -> str | None:
        if self.boundary is None:
            return None
        if self.boundary.shape not in {(len(self.edges), 1), (len(self.edges), len(self.actions))}:
            return (
                f"{self.boundary.shape} boundary log-odds for {len(self.edges)} edges and {len(self.actions)} actions"
            )
        return None if np.isfinite(self.boundary).all() else "a boundary's log-odds are not a finite number"

    def _candidates_problem(self) -> str | None:
        if self.candidates is None:
            return None
        columns = self.candidates.to_arrays()
        if {column.shape for column in columns.values()} != {(len(self.candidates),)}:
            return "candidates with columns of different lengths"
        labels, starts, ends, scores = (columns[name] for name in FIELDS)
        if not ((labels >= 1) & (labels <= len(self.actions))).all():
            return f"a candidate of an action that is none of {len(self.actions)}"
        if not ((starts >= 0) & (starts < ends) & (ends <= self.duration)).all():
            return "a candidate without a length, or outside the video"
        if not ((scores >= 0) & (scores <= 1)).all():
            return "a candidate's score is not within 0 and 1"
        return None

    def __len__(self) -> int:
        return len(self.edges) - 1

    @property
    def duration(self) -> float:
        """Length of the video, seconds."""
        return float(self.edges[-1])

    def probabilities(self) -> Floats:
        """Calibrated class probabilities (N, C + 1): rows sum to 1 under softmax."""
        z = self.logits.astype(np.float64) / self.temperature
        if self.activation is Activation.SIGMOID:
            # Stable on both sides: exp is only ever taken of a number <= 0.
            small = np.exp(-np.abs(z))
            return np.where(z >= 0, 1.0 / (1.0 + small), small / (1.0 + small))
        z = np.exp(z - z.max(axis=1, keepdims=True))
        probabilities: Floats = z / z.sum(axis=1, keepdims=True)
        return probabilities

    def with_temperature(self, temperature: float) -> ScoreTrack:
        """The same track under another temperature."""
        return replace(self, temperature=temperature)

    def placed(self, start: float) -> ScoreTrack:
        """The track of a part that begins at `start` (s) on the clock of the whole video: background up to there."""
        if start <= 0:
            return self
        first = np.full((1, self.logits.shape[1]), -BACKGROUND_ONLY, np.float32)
        first[:, 0] = BACKGROUND_ONLY
        boundary, candidates = self.boundary, self.candidates
        if boundary is not None:
            boundary = np.concatenate([np.full((1, boundary.shape[1]), -BACKGROUND_ONLY, np.float32), boundary])
        if candidates is not None:
            candidates = replace(candidates, starts=candidates.starts + start, ends=candidates.ends + start)
        return replace(
            self,
            edges=np.concatenate([[0.0], self.edges + start]),
            logits=np.concatenate([first, self.logits]),
            boundary=boundary,
            candidates=candidates,
        )

    @property
    def scene(self) -> tuple[str, float] | None:
        """The most likely scene and its probability; None without a scene head."""
        if not self.scenes:
            return None
        best = int(self.scene_probs.argmax())
        return self.scenes[best], float(self.scene_probs[best])


def save(track: ScoreTrack, path: Path) -> None:
    """Write a track, whole or not at all."""
    meta = {
        "format": FORMAT,
        "video_id": track.video_id,
        "actions": list(track.actions),
        "scenes": list(track.scenes),
        "t": track.t,
        "activation": str(track.activation),
        "temperature": track.temperature,
        "decoding": None if track.decoding is None else track.decoding.to_dict(),
        "model": track.model,
    }
    arrays: dict[str, Any] = {"edges": track.edges, "logits": track.logits, "scene_probs": track.scene_probs}
    if track.priors is not None:
        arrays |= {f"prior_{name}": array for name, array in track.priors.to_arrays().items()}
    if track.boundary is not None:
        arrays["boundary"] = track.boundary
    if track.candidates is not None:
        arrays |= {f"candidate_{name}": array for name, array in track.candidates.to_arrays().items()}
    meta[digests.KEY] = digests.of_arrays(meta, arrays)
    with atomic_stream(path) as stream:
        np.savez_compressed(stream, meta=np.array(json.dumps(meta)), **arrays)


def load(path: Path) -> ScoreTrack:
    """Read a track.

    Raises:
        InputMissing: the file is not there or cannot be read.
        InputInvalid: it is not a score track, or its arrays do not fit together.
    """
    arrays = npz.read(path, limit=LIMIT, what="score track")
    try:
        meta = json.loads(str(arrays["meta"]))
        if meta["format"] not in READABLE:
            raise InputInvalid(
                f"score track of format {meta['format']}, but this version reads {' and '.join(map(str, READABLE))}",
                where=path,
            )
        _check_digest(meta, {name: array for name, array in arrays.items() if name != "meta"}, path)
        priors, candidates = _with_prefix(arrays, "prior_"), _with_prefix(arrays, "candidate_")
        return ScoreTrack(
            video_id=str(meta["video_id"]),
            edges=arrays["edges"].astype(np.float64),
            logits=arrays["logits"].astype(np.float32),
            actions=tuple(meta["actions"]),
            t=float(meta["t"]),
            activation=Activation(meta["activation"]),
            temperature=float(meta["temperature"]),
            decoding=_decoding(meta),
            scene_probs=arrays["scene_probs"].astype(np.float64),
            scenes=tuple(meta["scenes"]),
            model=str(meta["model"]),
            priors=Priors.from_arrays(priors) if priors else None,
            boundary=arrays["boundary"].astype(np.float32) if "boundary" in arrays else None,
            candidates=make_spans(**candidates) if candidates else None,
        )
    except InputInvalid as error:
        raise InputInvalid(error.message, where=path) from error
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise InputInvalid(f"not a score track ({type(error).__name__}: {error})", where=path) from error


def _decoding(meta: dict[str, Any]) -> Decoding | None:
    if meta["format"] == 1:
        return decoding.of_version_1(meta.get("evidence"))
    return None if meta["decoding"] is None else Decoding.from_dict(meta["decoding"])


def _with_prefix(arrays: dict[str, Any], prefix: str) -> dict[str, Any]:
    """The arrays whose names begin so, without it."""
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _check_digest(meta: dict[str, Any], arrays: dict[str, NDArray[Any]], path: Path) -> None:
    if digests.KEY not in meta:
        log.info("%s: written by an older bineego without a checksum: damage would go unnoticed", path)
    elif meta[digests.KEY] != digests.of_arrays(meta, arrays):
        raise InputInvalid(
            "damaged: its content does not match its checksum",
            where=path,
            remedy="make it again with: bineego localize --save-scores",
        )


def is_track(path: Path) -> bool:
    """Whether a path is named like a score track."""
    return Path(path).name.endswith(SUFFIX)
