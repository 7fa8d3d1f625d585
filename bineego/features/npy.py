"""Features as files that other programs write and read, too: `<video_id>.npy` (T, D) with a JSON beside it.

The JSON beside a file is read by `timing`. Of ours it also says which columns are of which kind, how they were made,
and their checksum; features of others are one kind, `GIVEN`, unless their JSON names several:
{"kinds": {"rgb": 1024, "flow": 1024}}. Nothing is unpickled.

Shape suffixes: T steps of a file, K steps of the track made of it, D features.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from bineego import digests, npz
from bineego.datasets.videos import MAX_DEPTH, by_id
from bineego.errors import InputInvalid
from bineego.features.kinds import OF_VIEW
from bineego.features.steps import step_edges, step_times
from bineego.features.timing import Timing, read_beside, read_object, timing_of
from bineego.features.track import LIMIT, FeatureTrack
from bineego.files import atomic_stream, write_bytes
from bineego.video.folder import is_video

SUFFIX = ".npy"
GIVEN = "given"

WIDEST = 8192
"""Numbers of one kind at most: the covariance of more takes minutes, and gigabytes."""

MOST_KINDS = 64

SAME = 1e-3  # steps: a file whose steps lie so near those of a track is taken as it is

WHAT = "features"
KINDS_EXAMPLE = '"kinds": {"rgb": 1024, "flow": 1024}'


@dataclass(frozen=True, kw_only=True, eq=False)
class FeatureFile:
    """One feature file, without its numbers.

    Attributes:
        video_id, path: whose, and where.
        timing: when its steps are.
        n_steps: T.
        kinds: numbers of each kind, in the order of the columns.
        made_by: how it was made, plain values; empty = unknown.
    """

    video_id: str
    path: Path
    timing: Timing
    n_steps: int
    kinds: Mapping[str, int]
    made_by: Mapping[str, Any]

    @property
    def duration(self) -> float:
        """Seconds: what the JSON says, else what the steps cover."""
        return self.timing.duration or self.timing.covered(self.n_steps)


def is_feature_file(path: Path) -> bool:
    return path.suffix.casefold() == SUFFIX and not path.name.startswith(".") and path.is_file()


def feature_files(folder: Path) -> dict[str, Path]:
    """The feature files in a folder, or if there are none those in the folders below it, by video id.

    Raises:
        UsageError: two files with one id.
    """
    if not folder.is_dir():
        return {}
    found = [path for path in sorted(folder.iterdir()) if is_feature_file(path)]
    depth = 1
    while not found and depth <= MAX_DEPTH:
        found = [path for path in sorted(folder.glob("*/" * depth + f"*{SUFFIX}")) if _is_shown(path, folder)]
        depth += 1
    return by_id((path.stem, path) for path in found)


def is_folder_of_features(folder: Path) -> bool:
    """Whether a folder holds feature files and no videos."""
    return bool(feature_files(folder)) and not any(is_video(path) for path in folder.iterdir())


def describe(path: Path, frame_rate: float | None = None) -> FeatureFile:
    """A feature file, its numbers unread.

    Args:
        frame_rate: of its video, where the JSON counts in frames and does not say.

    Raises:
        InputMissing: it cannot be read.
        InputInvalid: it does not hold plain numbers of shape (T, D), or the JSON beside it is wrong or insufficient.
    """
    header = npz.header_of(path, what=WHAT)
    if len(header.shape) != 2 or 0 in header.shape or header.dtype.kind not in "fiu":
        raise InputInvalid(
            f"not features: {header.dtype} of shape {header.shape}",
            where=path,
            remedy="save one array of numbers of shape (steps, features)",
        )
    said = read_beside(path)
    made_by = said.get("made_by")
    return FeatureFile(
        video_id=path.stem,
        path=path,
        timing=timing_of(said, path, frame_rate),
        n_steps=header.shape[0],
        kinds=_kinds(said.get("kinds"), header.shape[1], path),
        made_by=made_by if isinstance(made_by, dict) else {},
    )


def load(file: FeatureFile, rate: float | None = None) -> FeatureTrack:
    """The feature track of a file.

    Args:
        rate: steps a second of the track; None = those of the file. Where the steps of the file lie between those of
            the track, its numbers are interpolated.

    Raises:
        InputMissing: it cannot be read.
        InputInvalid: it is damaged, too large, or a number in it is not finite.
    """
    values_TD = npz.read_one(file.path, limit=LIMIT, what=WHAT)
    _check_digest(file, values_TD)
    _check_finite(file, values_TD)
    rate = rate or file.timing.rate
    columns = np.cumsum([0, *file.kinds.values()])
    values_KD = _at_steps(values_TD, file, rate)
    return FeatureTrack(
        video_id=file.video_id,
        times=step_times(file.duration, rate),
        rate=rate,
        duration=file.duration,
        kinds={
            name: np.ascontiguousarray(values_KD[:, low:high])
            for name, low, high in zip(file.kinds, columns[:-1], columns[1:], strict=True)
        },
        made_by=file.made_by or {"steps per second": file.timing.rate, "first step": file.timing.offset},
    )


def save(track: FeatureTrack, path: Path) -> None:
    """Write a track as `path` (.npy) and the JSON beside it, each whole or not at all."""
    values = np.concatenate([np.ascontiguousarray(kind, np.float16) for kind in track.kinds.values()], axis=1)
    said: dict[str, Any] = {
        "video_id": track.video_id,
        "rate": track.rate,
        "offset": 0.5 / track.rate,
        "duration": track.duration,
        "kinds": {name: kind.shape[1] for name, kind in track.kinds.items()},
        "made_by": dict(track.made_by),
    }
    said[digests.KEY] = digests.of_arrays(said, {WHAT: values})
    write_bytes(path.with_suffix(".json"), orjson.dumps(said, option=orjson.OPT_INDENT_2) + b"\n")
    with atomic_stream(path) as stream:
        np.save(stream, values)


class GivenTracks(Mapping[str, FeatureTrack]):
    """The tracks of feature files, read when they are asked for: only those in use are in memory.

    Args:
        files: by video id.
        rate: see `load`.
    """

    def __init__(self, files: Mapping[str, FeatureFile], rate: float) -> None:
        self.files, self.rate = dict(files), rate
        self._latest = functools.lru_cache(maxsize=1)(lambda video_id: load(self.files[video_id], self.rate))

    def __getitem__(self, video_id: str) -> FeatureTrack:
        track: FeatureTrack = self._latest(video_id)
        return track

    def __iter__(self) -> Iterator[str]:
        return iter(self.files)

    def __len__(self) -> int:
        return len(self.files)


def _is_shown(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return is_feature_file(path) and not hidden


def _kinds(said: Any, width: int, path: Path) -> dict[str, int]:
    """Numbers of each kind of the columns."""
    if said is None:
        said = {GIVEN: width}
    numbers = list(said.values()) if isinstance(said, dict) and len(said) <= MOST_KINDS else []
    named = not isinstance(said, dict) or not any(OF_VIEW in str(name) for name in said)
    if not named or not numbers or not all(type(n) is int and n > 0 for n in numbers) or sum(numbers) != width:
        raise InputInvalid(
            f"the kinds {said!r} in the JSON beside it do not add up to its {width} columns"[:300],
            where=path,
            remedy=f"{KINDS_EXAMPLE} gives the number of columns of each kind, in order",
        )
    if max(numbers) > WIDEST:
        raise InputInvalid(
            f"{max(numbers):,} features per step of one kind; at most {WIDEST:,}",
            where=path,
            remedy=f"is its shape (steps, features)? Give several kinds as {KINDS_EXAMPLE} in the JSON beside it",
        )
    return dict(said)


def _check_digest(file: FeatureFile, values_TD: NDArray[Any]) -> None:
    own = file.path.with_suffix(".json")
    said = read_object(own) if own.is_file() else {}
    if digests.KEY in said and said[digests.KEY] != digests.of_arrays(said, {WHAT: values_TD}):
        raise InputInvalid(
            "damaged: its content does not match the checksum in the JSON beside it",
            where=file.path,
            remedy="make it again",
        )


def _check_finite(file: FeatureFile, values_TD: NDArray[Any]) -> None:
    limit = float(np.finfo(np.float16).max)
    with np.errstate(invalid="ignore"):
        bad = ~(np.abs(values_TD) <= limit) if values_TD.dtype.itemsize > 2 else ~np.isfinite(values_TD)
    if not bad.any():
        return
    step, column = (int(place[0]) for place in np.nonzero(bad))
    what = f"{values_TD[step, column]:g} in step {step}, column {column}"
    raise InputInvalid(
        f"{int(bad.sum()):,} of its numbers cannot be features (not finite, or beyond {limit:,.0f}); the first: {what}",
        where=file.path,
        remedy="make these features again, or scale them down",
    )


def _at_steps(values_TD: NDArray[Any], file: FeatureFile, rate: float) -> NDArray[np.float16]:
    """Features (K, D) at the steps of a track; beyond the ends of the file its first and last step are repeated."""
    n_steps = len(step_edges(file.duration, rate)) - 1
    place_K = ((np.arange(n_steps) + 0.5) / rate - file.timing.offset) * file.timing.rate
    place_K = np.clip(place_K, 0, file.n_steps - 1)
    nearest_K = np.round(place_K).astype(np.int64)
    found: NDArray[np.float16]
    if np.abs(place_K - nearest_K).max() <= SAME:
        found = values_TD[nearest_K].astype(np.float16)
        return found
    found = np.empty((n_steps, values_TD.shape[1]), np.float16)
    low_K = np.minimum(np.floor(place_K).astype(np.int64), max(0, file.n_steps - 2))
    high_K = np.minimum(low_K + 1, file.n_steps - 1)
    share_K1 = (place_K - low_K).astype(np.float32)[:, None]
    for first in range(0, n_steps, 4096):
        part = slice(first, first + 4096)
        low, high = (values_TD[index[part]].astype(np.float32) for index in (low_K, high_K))
        found[part] = low + share_K1[part] * (high - low)
    return found
