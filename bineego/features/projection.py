"""Projection: each kind of features standardised and brought to its largest directions, fitted on training videos.

Shrunk whitening: every direction is divided by the root of its variance plus the mean variance of those kept, because
small directions are mostly noise.

Shape suffixes: T steps, D features of one kind, K directions kept of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bineego.errors import InputInvalid
from bineego.features.kinds import is_ours, may_lack
from bineego.features.steps import blocks_of_steps
from bineego.features.track import FeatureTrack
from bineego.types import Floats

DIRECTIONS = 64
"""Directions kept of each kind."""

DIRECTIONS_GIVEN = 256
"""Of a kind that bineego has not made: often all that is known of a video."""

MAX_STEPS = 20_000
"""Steps that a fit looks at, evenly spaced over the videos: neighbouring steps say nearly the same."""

LEAST_DEVIATION = 1e-3  # of a feature: one that never changes stays nearly 0 instead of becoming noise

Singles = NDArray[np.float32]

LEAST_SHARE = 1e-9
"""Of the largest variance: what is below is arithmetic, not a direction."""


@dataclass(frozen=True, kw_only=True, eq=False)
class KindProjection:
    """Of one kind: features (T, D) @ weight (D, K) + offset (K,)."""

    weight: Singles
    offset: Singles


@dataclass(frozen=True, kw_only=True, eq=False)
class Projection:
    """What a head reads of a feature track. A model stores it as arrays (`to_arrays`).

    Attributes:
        parts: by kind, in the order of their columns.
    """

    parts: Mapping[str, KindProjection]

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds it needs."""
        return tuple(self.parts)

    @property
    def n_features(self) -> int:
        """Columns that `apply` gives."""
        return sum(part.weight.shape[1] for part in self.parts.values())

    def columns(self, kind: str) -> slice:
        """The columns of a kind."""
        names = list(self.parts)
        widths = [part.weight.shape[1] for part in self.parts.values()]
        start = sum(widths[: names.index(kind)])
        return slice(start, start + widths[names.index(kind)])

    def of(self, kinds: Iterable[str]) -> Projection:
        """That of some of its kinds, in their order: each is fitted by itself."""
        return Projection(parts={kind: self.parts[kind] for kind in kinds})

    def apply(self, track: FeatureTrack) -> Singles:
        """The projected features (T, n_features); those of a kind that a video may lack, and does, are 0, the mean.

        Raises:
            InputInvalid: the track lacks another kind, or has features of another width: made with another trunk.
        """
        columns = [_project(track, kind, part) for kind, part in self.parts.items()]
        return np.concatenate(columns, axis=1) if columns else np.zeros((len(track), 0), np.float32)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Plain arrays by name."""
        return {
            f"{kind}.{name}": array
            for kind, part in self.parts.items()
            for name, array in (("weight", part.weight), ("offset", part.offset))
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], kinds: Iterable[str]) -> Projection:
        """Inverse of `to_arrays`; the order of the kinds is told.

        Raises:
            InputInvalid: arrays that are missing or do not fit together.
        """
        parts = {}
        for kind in kinds:
            weight, offset = arrays.get(f"{kind}.weight"), arrays.get(f"{kind}.offset")
            if weight is None or offset is None or weight.ndim != 2 or offset.shape != weight.shape[1:]:
                raise InputInvalid(f"the projection of {kind!r} features is missing or damaged")
            parts[kind] = KindProjection(weight=weight.astype(np.float32), offset=offset.astype(np.float32))
        return cls(parts=parts)


def _project(track: FeatureTrack, kind: str, part: KindProjection) -> Singles:
    if may_lack(kind) and not track.has(kind):
        return np.zeros((len(track), part.weight.shape[1]), np.float32)
    found = np.empty((len(track), part.weight.shape[1]), np.float32)
    for steps in blocks_of_steps(len(track)):
        values = track.values(kind, steps)
        if values.shape[1] != len(part.weight):
            raise InputInvalid(
                f"feature track of {track.video_id!r} has {values.shape[1]} features of kind {kind!r}, "
                f"the model was trained on {len(part.weight)}",
                remedy="extract features with the trunk that the model names",
            )
        found[steps] = values @ part.weight + part.offset
    return found


def fit_projection(
    tracks: Mapping[str, FeatureTrack], kinds: Iterable[str], directions: int | None = None
) -> Projection:
    """The projection that suits some videos. Deterministic; memory does not grow with the videos.

    Args:
        tracks: of the training videos; read one at a time.
        kinds: in the order that the columns shall have.
        directions: K, kept of each kind (fewer where it has fewer features); None = `DIRECTIONS`, or
            `DIRECTIONS_GIVEN` of those that bineego does not make.

    Raises:
        ValueError: no tracks.
        InputInvalid: a track lacks a kind, or all lack one that some may.
    """
    kinds = list(dict.fromkeys(kinds))
    if not tracks:
        raise ValueError("a projection is fitted on at least one track")
    samples = _sample(tracks, kinds)
    most = {kind: directions or (DIRECTIONS if is_ours(kind) else DIRECTIONS_GIVEN) for kind in kinds}
    return Projection(parts={kind: _fit(samples[kind], most[kind]) for kind in kinds})


def _sample(tracks: Mapping[str, FeatureTrack], kinds: list[str]) -> dict[str, Singles]:
    """Evenly spaced steps of all videos together, by kind."""
    every = -(-sum(len(track) for track in tracks.values()) // MAX_STEPS)
    rows: dict[str, list[Singles]] = {kind: [] for kind in kinds}
    for track in tracks.values():
        steps = np.arange(every // 2, len(track), every)
        for kind in kinds:
            if track.has(kind) or not may_lack(kind):
                rows[kind].append(track.values(kind, steps))
    for kind, parts in rows.items():
        if not parts:
            raise InputInvalid(f"no video has features of kind {kind!r}", remedy="leave it out of --kinds")
    return {kind: np.concatenate(parts) for kind, parts in rows.items()}


def _fit(values: Singles, directions: int) -> KindProjection:
    mean = values.mean(axis=0, dtype=np.float64)
    deviation = values.std(axis=0, dtype=np.float64) + LEAST_DEVIATION
    variances, vectors = _principal(((values - mean) / deviation).astype(np.float32), directions)
    # An eigenvector's sign is any: fixed, so that equal videos give equal projections everywhere.
    vectors *= np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(vectors.shape[1])])
    basis = vectors / np.sqrt(variances + max(float(variances.mean()), 1e-12))
    weight = basis / deviation[:, None]
    return KindProjection(weight=weight.astype(np.float32), offset=(-mean @ weight).astype(np.float32))


def _principal(standard: Singles, directions: int) -> tuple[Floats, Floats]:
    """The largest variances (K,) of the rows and their directions (F, K), by the smaller of the two products."""
    n, n_features = standard.shape
    few = n < n_features
    rows = standard.astype(np.float64) if few else standard
    product = (rows @ rows.T if few else rows.T @ rows) / max(1, n)
    variances, vectors = np.linalg.eigh(product.astype(np.float64))
    largest = np.argsort(variances, kind="stable")[::-1][:directions]
    variances, vectors = np.clip(variances[largest], 0, None), vectors[:, largest]
    if few:  # from how rows resemble each other to what they are made of; n rows vary in fewer than n directions
        there = variances >= LEAST_SHARE * variances.max()
        variances = variances[there]
        vectors = rows.T @ vectors[:, there] / np.sqrt(np.maximum(n * variances, 1e-12))
    return variances, vectors
