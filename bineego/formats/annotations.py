"""What an annotation file says, whatever its format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from bineego import segments


@dataclass(frozen=True, kw_only=True, eq=False)
class Annotations:
    """Timed labels of some videos.

    Attributes:
        segments: the segments table, unscored, in file order.
        videos: ids of all annotated videos in file order; one without rows in `segments` is all background.
        subsets: subset (train, val, test) of the videos that name one.
        scenes: scene name of the videos that have one, as written in the file.
    """

    segments: pd.DataFrame
    videos: tuple[str, ...]
    subsets: Mapping[str, str] = field(default_factory=dict)
    scenes: Mapping[str, str] = field(default_factory=dict)


def merge(parts: Sequence[Annotations]) -> Annotations:
    """Several files as one; a video named in two of them keeps the segments of both."""
    return Annotations(
        segments=segments.concat([part.segments for part in parts], scored=False),
        videos=tuple(dict.fromkeys(video for part in parts for video in part.videos)),
        subsets={video: subset for part in parts for video, subset in part.subsets.items()},
        scenes={video: scene for part in parts for video, scene in part.scenes.items()},
    )
