"""The feature track: what a trunk and the motion of the picture say of every step of one video.

It travels beside segments, score track and frames: heads are trained on it, and read it to make a score track. Saved as
`<video_id>.npz`: plain arrays plus one JSON text with a format number and a checksum, read without pickle.

Shape suffixes: T steps, D features of one kind.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bineego import digests, npz
from bineego.errors import InputInvalid
from bineego.features.kinds import may_lack, source_of, view_of, views_of
from bineego.features.steps import blocks_of_steps, change, step_edges
from bineego.files import atomic_stream
from bineego.types import Floats, Ints
from bineego.video.damage import Damage

SUFFIX = ".npz"
FORMAT = 1
LIMIT = 8 * 2**30  # bytes in memory: a day of video
KIND_PREFIX = "kind_"  # of the arrays of a file, so that no kind can be named like another array

Halves = NDArray[np.float16]


@dataclass(frozen=True, kw_only=True, eq=False)
class FeatureTrack:
    """Features of T steps, which cover the video from 0 to its end.

    Attributes:
        video_id: the video.
        times: seconds (T,), increasing: the frame on screen then represents the step.
        rate: steps a second. Step k is the cell from k / rate to (k + 1) / rate; the last one may be shorter.
        duration: seconds of the video.
        kinds: features float16 (T, D) by the name of their kind. Those made of others (`source_of`) may be missing.
        made_by: what all they were made with (trunk, weights, size ...), as plain values.
        damage: what was noticed of the video when they were made.
    """

    video_id: str
    times: Floats
    rate: float
    duration: float
    kinds: Mapping[str, Halves]
    made_by: Mapping[str, Any] = field(default_factory=dict)
    damage: Damage = field(default_factory=Damage)

    def __post_init__(self) -> None:
        problem = self._problem()
        if problem:
            raise InputInvalid(f"feature track of {self.video_id!r}: {problem}")

    def _problem(self) -> str | None:
        if not (0 < self.rate < np.inf and 0 < self.duration < np.inf):
            return f"rate = {self.rate} and duration = {self.duration} must be positive"
        n_steps = len(step_edges(self.duration, self.rate)) - 1
        if self.times.shape != (n_steps,):
            return f"{len(self.times)} times for the {n_steps} steps of {self.duration} s at {self.rate} a second"
        if not np.isfinite(self.times).all() or not (np.diff(self.times) > 0).all():
            return "times do not increase"
        for name, values in self.kinds.items():
            if values.ndim != 2 or len(values) != n_steps:
                return f"{values.shape} values of kind {name!r} for {n_steps} steps"
            if not np.isfinite(values).all():
                return f"a value of kind {name!r} is not a finite number"
        return None

    def __len__(self) -> int:
        return len(self.times)

    @property
    def edges(self) -> Floats:
        """Edges (T + 1,) of the steps in seconds, as those of a score track."""
        return step_edges(self.duration, self.rate)

    def has(self, kind: str) -> bool:
        """Whether `values` can give a kind."""
        return kind in self.kinds or source_of(kind) in self.kinds

    def lacks(self, kinds: Iterable[str]) -> tuple[str, ...]:
        """What is not there of kinds that a recording may lack: a view as one, or a kind."""
        there = views_of(self.kinds)
        missing = [kind for kind in kinds if may_lack(kind) and not self.has(kind)]
        return tuple(dict.fromkeys(kind if view_of(kind) in there else view_of(kind) or kind for kind in missing))

    def values(self, kind: str, steps: Ints | None = None) -> NDArray[np.float32]:
        """Features (K, D) of one kind, read or made of another (`final-change` of `final`).

        Args:
            steps: indices (K,) of those wanted; None = all. Whole videos of hours in single precision fill memories.

        Raises:
            InputInvalid: the track has no such kind.
        """
        if kind in self.kinds:
            return self.kinds[kind].astype(np.float32) if steps is None else self.kinds[kind][steps].astype(np.float32)
        source = source_of(kind)
        if source is None or source not in self.kinds:
            raise InputInvalid(
                f"feature track of {self.video_id!r} has no kind {kind!r}",
                remedy=f"it has: {', '.join(self.kinds)}",
            )
        return change(self.kinds[source], np.arange(len(self)) if steps is None else steps, self.rate)

    def with_kinds(self, kinds: Iterable[str]) -> FeatureTrack:
        """The same track with just these kinds, those made of others among them.

        Raises:
            InputInvalid: the track has no such kind.
        """
        return replace(self, kinds={str(kind): self._half(kind) for kind in kinds})

    def _half(self, kind: str) -> Halves:
        if kind in self.kinds:
            return self.kinds[kind]
        parts = [self.values(kind, steps).astype(np.float16) for steps in blocks_of_steps(len(self))]
        return np.concatenate(parts)


def save(track: FeatureTrack, path: Path) -> None:
    """Write a track, whole or not at all."""
    arrays: dict[str, NDArray[Any]] = {"times": track.times}
    arrays |= {KIND_PREFIX + name: np.ascontiguousarray(values, np.float16) for name, values in track.kinds.items()}
    meta: dict[str, Any] = {
        "format": FORMAT,
        "video_id": track.video_id,
        "rate": track.rate,
        "duration": track.duration,
        "made_by": dict(track.made_by),
        "damage": asdict(track.damage),
    }
    meta[digests.KEY] = digests.of_arrays(meta, arrays)
    with atomic_stream(path) as stream:
        # Not compressed: half-precision features hardly shrink, and reading them would take ten times as long.
        np.savez(stream, meta=np.array(json.dumps(meta)), **arrays)  # type: ignore[arg-type]


def load(path: Path) -> FeatureTrack:
    """Read a track.

    Raises:
        InputMissing: the file is not there or cannot be read.
        InputInvalid: it is not a feature track, is damaged, or its arrays do not fit together.
    """
    arrays = npz.read(path, limit=LIMIT, what="feature track")
    try:
        meta = json.loads(str(arrays.pop("meta")))
        if meta["format"] != FORMAT:
            raise InputInvalid(f"feature track of format {meta['format']}, but this version reads {FORMAT}")
        if meta[digests.KEY] != digests.of_arrays(meta, arrays):
            raise InputInvalid("damaged: its content does not match its checksum", remedy="delete it and make it again")
        return FeatureTrack(
            video_id=str(meta["video_id"]),
            times=arrays["times"].astype(np.float64),
            rate=float(meta["rate"]),
            duration=float(meta["duration"]),
            kinds={
                name.removeprefix(KIND_PREFIX): values.astype(np.float16, copy=False)
                for name, values in arrays.items()
                if name.startswith(KIND_PREFIX)
            },
            made_by=dict(meta["made_by"]),
            damage=_damage(meta.get("damage", {})),
        )
    except InputInvalid as error:
        raise InputInvalid(error.message, where=path, remedy=error.remedy) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputInvalid(f"not a feature track ({type(error).__name__}: {error})", where=path) from error


def _damage(values: Mapping[str, Any]) -> Damage:
    """Inverse of `asdict`, after JSON has made lists of tuples."""
    return Damage(**{name: _tuples(value) for name, value in values.items()})


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
