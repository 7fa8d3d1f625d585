"""When the steps of a feature file are: the JSON beside it, in our names or those of ActionFormer and OpenTAD.

    <video_id>.json beside <video_id>.npy, over features.json of the folder:
    {"rate": 12.5, "offset": 0.04}                                   steps a second, seconds of the first step's centre
    {"stride": 4, "window": 16, "fps": 30}                           frames
    {"feat_stride": 4, "num_frames": 16, "default_fps": 30}          ActionFormer
    {"feature_stride": 4, "sample_stride": 1, "offset_frames": 8}    OpenTAD

Step i of features made every `stride` frames, each of `window` frames, is centred at (i * stride + window / 2) / fps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bineego.errors import InputInvalid
from bineego.formats import json

FOLDER_JSON = "features.json"

RATES = (1e-3, 1e3)
"""Steps a second that are believed."""

DISAGREE = 0.01
"""Share by which two ways of saying the rate may differ."""

EXAMPLE = '{"rate": 12.5}, or {"fps": 30, "stride": 4, "window": 16}'

_RATE = ("rate",)
_FPS = ("fps", "default_fps")
_STRIDE = ("stride", "feat_stride", "feature_stride")
_FACTORS = ("sample_stride", "downsample_rate")
_WINDOW = ("window", "num_frames")
_OFFSET = ("offset",)
_OFFSET_FRAMES = ("offset_frames",)
_FRAMES = (*_WINDOW, *_OFFSET_FRAMES)


@dataclass(frozen=True, kw_only=True)
class Timing:
    """When the steps of one video are.

    Attributes:
        rate: steps a second.
        offset: seconds of the centre of the first step.
        duration: seconds of the video; None = it is not told.
    """

    rate: float
    offset: float
    duration: float | None = None

    def covered(self, n_steps: int) -> float:
        """Seconds of video that this many steps cover: as much after the last centre as before the first."""
        return (n_steps - 1) / self.rate + 2 * max(self.offset, 0.5 / self.rate)

    def steps_of(self, seconds: float) -> float:
        """Steps that a video of this length has; the windows of the last ones may be missing."""
        return seconds * self.rate - 2 * max(self.offset * self.rate, 0.5) + 1


def json_beside(path: Path) -> list[Path]:
    """The JSON files that say something of a feature file: the folder's, and its own, which wins."""
    folder = path.parent / FOLDER_JSON
    shared = [] if folder.with_suffix(path.suffix).exists() else [folder]  # a video may be called "features"
    return [file for file in (*shared, path.with_suffix(".json")) if file.is_file()]


def read_beside(path: Path) -> dict[str, Any]:
    """What the JSON files beside a feature file say together.

    Raises:
        InputMissing, InputInvalid: one of them cannot be read or is not an object.
    """
    found: dict[str, Any] = {}
    for file in json_beside(path):
        value = read_object(file)
        if set(value) & {*_RATE, *_STRIDE}:  # its own rate replaces the folder's stride
            found = {name: old for name, old in found.items() if name not in (*_RATE, *_STRIDE, *_FACTORS)}
        found |= value
    return found


def read_object(file: Path) -> dict[str, Any]:
    """A JSON file that holds an object; raises as `read_beside`."""
    value = json.read(file).value
    if not isinstance(value, dict):
        raise InputInvalid(f"expected an object such as {EXAMPLE}", where=file)
    return value


def timing_of(values: Mapping[str, Any], path: Path, frame_rate: float | None = None) -> Timing:
    """The timing of a feature file.

    Args:
        values: see `read_beside`.
        path: the feature file, for messages.
        frame_rate: of its video, if somebody else knows it: used where `values` counts in frames and names none.

    Raises:
        InputInvalid: nothing says it, or a value is wrong.
    """
    rate, fps = _number(values, _RATE, path), _number(values, _FPS, path) or frame_rate
    stride = _stride(values, path)
    if rate is None and stride is None:
        raise InputInvalid(
            "the times of the steps of these features are not known",
            where=path,
            remedy=f"write {path.parent / FOLDER_JSON}, such as {EXAMPLE}",
        )
    if fps is None and rate is not None and stride is not None:
        fps = rate * stride
    in_frames = rate is None or ("offset" not in values and any(values.get(n) is not None for n in _FRAMES))
    if fps is None and in_frames:
        raise InputInvalid(
            "its steps are counted in frames, but the frame rate of the video is not known",
            where=path,
            remedy=f'add "fps" to {path.parent / FOLDER_JSON}, or to a JSON file beside it',
        )
    by_frames = None if stride is None or fps is None else fps / stride
    if rate is not None and by_frames is not None and abs(by_frames / rate - 1) > DISAGREE:
        raise InputInvalid(
            f"the JSON beside it says {rate:g} steps per second, but its stride and fps give {by_frames:g}",
            where=path,
            remedy="leave one of them out",
        )
    rate = by_frames if rate is None else rate
    assert rate is not None
    if not RATES[0] <= rate <= RATES[1]:
        raise InputInvalid(
            f"{rate:g} steps per second is not possible", where=path, remedy="check rate, stride and fps"
        )
    offset = _offset(values, path, rate, fps)
    return Timing(rate=rate, offset=offset, duration=_number(values, ("duration",), path))


def _stride(values: Mapping[str, Any], path: Path) -> float | None:
    """Frames from one step to the next."""
    stride = _number(values, _STRIDE, path)
    for name in _FACTORS if stride is not None else ():
        stride = (stride or 0.0) * (_number(values, (name,), path) or 1.0)
    return stride


def _offset(values: Mapping[str, Any], path: Path, rate: float, fps: float | None) -> float:
    """Seconds of the first centre; the middle of the first step if not given."""
    seconds = _number(values, _OFFSET, path, least=0.0)
    frames = _number(values, _OFFSET_FRAMES, path, least=0.0)
    window = _number(values, _WINDOW, path)
    if seconds is not None:
        return seconds
    if fps is not None and frames is not None:
        return frames / fps
    if fps is not None and window is not None:
        return window / 2 / fps
    return 0.5 / rate


def _number(values: Mapping[str, Any], names: tuple[str, ...], path: Path, least: float | None = None) -> float | None:
    """The first of some names that is there, as a number above 0, or from `least` on.

    Raises:
        InputInvalid: it is none.
    """
    name = next((name for name in names if values.get(name) is not None), None)
    if name is None:
        return None
    value = json.number(values[name]) if not isinstance(values[name], str) else None
    if value is None or (value <= 0 if least is None else value < least):
        must = "more than 0" if least is None else f"{least:g} or more"
        raise InputInvalid(f"{name!r} beside it must be a number, {must}, not {json.short(values[name])}", where=path)
    return value
