"""The videos of a folder as annotation tools see them: length and frame rate, found when they are first needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from bineego.datasets.videos import find_videos
from bineego.errors import InputMissing, UsageError
from bineego.formats import names
from bineego.formats.media import Media
from bineego.video.scan import scan

STEADY = 0.05
"""Largest deviation of a frame's length from the mean, as a share of it, at which a rate still counts as constant.
Containers that count in milliseconds round the 33.37 ms of a frame to 33 or 34."""


class MediaFiles(Mapping[str, Media]):
    """Length and frame rate of video files by id; each file is scanned (not decoded) when it is first asked for.

    An id that clearly means one of the files (with extension, folder or blanks) is accepted. Asking raises
    `InputMissing` or `InputInvalid` for a file that is not a readable video.
    """

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = files
        self._known: dict[str, Media] = {}

    def __getitem__(self, video: str) -> Media:
        if video not in self._files:
            video = names.match([video], self._files)[video]
        if video not in self._known:
            self._known[video] = measure(self._files[video])
        return self._known[video]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


def media_beside(path: Path) -> MediaFiles:
    """The videos in a folder, or beside a file; none where they are not clear: nobody named that folder."""
    try:
        return MediaFiles(find_videos(path if path.is_dir() else path.parent))
    except (InputMissing, UsageError):
        return MediaFiles({})


def measure(path: Path) -> Media:
    """Length and frame rate of a video, from the times of its packets.

    Raises:
        InputMissing, InputInvalid: it is not a readable video.
    """
    timeline = scan(path)
    lengths = np.diff(timeline.times)
    mean = float(lengths.mean()) if len(lengths) else timeline.duration - float(timeline.times[0])
    steady = not len(lengths) or bool(np.abs(lengths - mean).max() <= max(STEADY * mean, 0.0011))
    return Media(path=path, length=timeline.duration, rate=1 / mean if mean > 0 else 0.0, steady=steady)
