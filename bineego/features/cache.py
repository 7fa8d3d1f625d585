"""Cached feature tracks, keyed by what they are made of: content of the video, trunk, weights, size, rate, version."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bineego.features import npy, sound
from bineego.features import track as tracks
from bineego.features.track import FeatureTrack
from bineego.video.cache import content_stamp, safe_name
from bineego.video.sound import has_sound


class FeatureCache:
    """Feature tracks of many videos, made in one way.

    Args:
        folder: several ways of making can share it.
        made_by: see `maker.made_by`.
        hears: whether tracks of videos with sound have its features.
    """

    def __init__(self, folder: Path | str, made_by: Mapping[str, Any], *, hears: bool = False) -> None:
        self.folder = Path(folder)
        self._made_by, self._hears = json.dumps(made_by, sort_keys=True), hears

    def entry(self, video_id: str, path: Path) -> Path:
        """The file of one video's track, there or not.

        Raises:
            InputMissing: the video is not there, or cannot be read.
            InputInvalid: it is empty.
        """
        text = f"{video_id}\0{content_stamp(path)}\0{self._made_by}"
        if self._hears and has_sound(path):
            text += f"\0sound {sound.VERSION}"
        key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
        return self.folder / f"{safe_name(video_id)}-{key}{tracks.SUFFIX}"

    def has(self, video_id: str, path: Path) -> bool:
        """True if the features of the video as it is now are in the cache."""
        return self.entry(video_id, path).is_file()


class TrackFiles(Mapping[str, FeatureTrack]):
    """Feature tracks that are read when they are asked for: only those in use are in memory.

    Args:
        files: file by video id: of the cache, or as `extract_features` writes them.
    """

    def __init__(self, files: Mapping[str, Path]) -> None:
        self.files = dict(files)

    def __getitem__(self, video_id: str) -> FeatureTrack:
        path = self.files[video_id]
        return npy.load(npy.describe(path)) if npy.is_feature_file(path) else tracks.load(path)

    def __iter__(self) -> Iterator[str]:
        return iter(self.files)

    def __len__(self) -> int:
        return len(self.files)
