"""What an annotation file says, whatever its format."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from bineego import segments
from bineego.errors import InputInvalid
from bineego.words import listed

SUBSET_NAMES: Mapping[str, str] = {
    "train": "train", "training": "train",
    "val": "val", "valid": "val", "validation": "val",
    "test": "test", "testing": "test",
}  # fmt: skip
"""The spellings of subset names in use (any case), and ours."""

log = logging.getLogger(__name__)


class NotPredictions(InputInvalid):
    """A file of labels where predictions were asked for: it has no scores."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Annotations:
    """Timed labels of some videos.

    Attributes:
        segments: the segments table in file order; unscored, but for predictions.
        videos: ids of all annotated videos in file order; one without rows in `segments` is all background.
        subsets: subset (train, val, test) of the videos that name one; may name videos that are not annotated.
        scenes: scene name of the videos that have one; may name videos that are not annotated.
        unlabelled: videos that the file names without saying what happens in them; none of `videos`.
        damage: what is damaged of each video that is, plain values; written where there is a place for it, never read.
        lengths: seconds of the videos whose length the file tells.
        frame_rates: frames per second of those whose rate it tells.

    Raises:
        InputInvalid: an id is empty.
    """

    segments: pd.DataFrame
    videos: tuple[str, ...]
    subsets: Mapping[str, str] = field(default_factory=dict)
    scenes: Mapping[str, str] = field(default_factory=dict)
    unlabelled: tuple[str, ...] = ()
    damage: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    lengths: Mapping[str, float] = field(default_factory=dict)
    frame_rates: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if "" in self.known:
            raise InputInvalid("empty video id", remedy="name the video")

    @property
    def known(self) -> tuple[str, ...]:
        """All videos that are named in any way."""
        return tuple(dict.fromkeys((*self.videos, *self.unlabelled, *self.subsets, *self.scenes)))

    def renamed(self, names: Mapping[str, str]) -> Annotations:
        """The same with other ids for some videos; two that become one are joined.

        Raises:
            InputInvalid: they disagree on a subset or scene.
        """
        if not names:
            return self

        def new(video: str) -> str:
            return names.get(video, video)

        videos = tuple(dict.fromkeys(map(new, self.videos)))
        ids = self.segments["video_id"]
        return Annotations(
            segments=self.segments.assign(video_id=ids.where(~ids.isin(list(names)), ids.map(names))),
            videos=videos,
            subsets=_agreeing([{new(video): value} for video, value in self.subsets.items()], "subset"),
            scenes=_agreeing([{new(video): value} for video, value in self.scenes.items()], "scene"),
            unlabelled=tuple(video for video in dict.fromkeys(map(new, self.unlabelled)) if video not in videos),
            lengths={new(video): value for video, value in self.lengths.items()},
            frame_rates={new(video): value for video, value in self.frame_rates.items()},
        )


def merge(parts: Sequence[Annotations]) -> Annotations:
    """Several files as one; a video named in two of them keeps the segments of both, and a warning says so."""
    counts = Counter(video for part in parts for video in part.videos)
    doubled = [video for video, count in counts.items() if count > 1]
    if doubled:
        log.warning("%s annotated in more than one file; their segments are joined", listed(doubled, "video"))
    return Annotations(
        segments=segments.concat([part.segments for part in parts], scored=False),
        videos=tuple(counts),
        subsets=_agreeing([part.subsets for part in parts], "subset"),
        scenes=_agreeing([part.scenes for part in parts], "scene"),
        unlabelled=tuple(dict.fromkeys(v for part in parts for v in part.unlabelled if v not in counts)),
        lengths={video: length for part in parts for video, length in part.lengths.items()},
        frame_rates={video: rate for part in parts for video, rate in part.frame_rates.items()},
    )


def _agreeing(parts: Sequence[Mapping[str, str]], what: str) -> dict[str, str]:
    """One value per video.

    Raises:
        InputInvalid: two files disagree on one.
    """
    found: dict[str, str] = {}
    for part in parts:
        for video, value in part.items():
            if found.setdefault(video, value) != value:
                raise InputInvalid(
                    f"two files disagree on the {what} of video {video!r}: {found[video]!r} and {value!r}"
                )
    return found


class Subsets:
    """Collects the subset of each video under our names; unknown ones are left out with one warning for all."""

    def __init__(self, where: Path) -> None:
        self._where = where
        self._known: dict[str, str] = {}
        self._unknown: dict[str, str] = {}

    def add(self, video: str, name: object) -> None:
        """Note that `video` is in subset `name`.

        Raises:
            InputInvalid: the name is not a text.
        """
        if not isinstance(name, str):
            raise InputInvalid(f"subset of {video!r} is not a text: {name!r}", where=self._where)
        known = SUBSET_NAMES.get(name.strip().casefold())
        if known is None:
            self._unknown[video] = name
        else:
            self._known[video] = known

    def known(self) -> dict[str, str]:
        """Subset by video."""
        if self._unknown:
            log.warning(
                "%s: %s in a subset other than train, val or test (%s); these belong to no subset",
                self._where, listed(self._unknown, "video"), ", ".join(sorted(set(map(repr, self._unknown.values())))),
            )  # fmt: skip
        return self._known
