"""Several views of one recording, which share a timeline, as one feature track: its kinds have their view's name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bineego.errors import InputInvalid
from bineego.features.kinds import in_view
from bineego.features.track import FeatureTrack


def join_views(tracks: Mapping[str, FeatureTrack]) -> FeatureTrack:
    """The track of a recording, as long as its first view; a view that is shorter goes on with its last step.

    Args:
        tracks: by view, at least one; the views that the recording lacks are left out.

    Raises:
        InputInvalid: they have steps of different length.
    """
    first = next(iter(tracks.values()))
    if any(track.rate != first.rate for track in tracks.values()):
        rates = ", ".join(f"{view} {track.rate:g}" for view, track in tracks.items())
        raise InputInvalid(f"views of {first.video_id!r} have different steps a second: {rates}")
    kinds = {
        in_view(kind, view): _as_long(values, len(first))
        for view, track in tracks.items()
        for kind, values in track.kinds.items()
    }
    made_by = {view: dict(track.made_by) for view, track in tracks.items()}
    return replace(first, kinds=kinds, made_by=made_by)


class JoinedTracks(Mapping[str, FeatureTrack]):
    """The joined tracks of recordings, made when they are asked for.

    Args:
        views: for each view the tracks of the videos that there are, by id.
    """

    def __init__(self, views: Mapping[str, Mapping[str, FeatureTrack]]) -> None:
        self.views = dict(views)
        self._ids = tuple(dict.fromkeys(video for tracks in self.views.values() for video in tracks))

    def __getitem__(self, video_id: str) -> FeatureTrack:
        found = {view: tracks[video_id] for view, tracks in self.views.items() if video_id in tracks}
        if not found:
            raise KeyError(video_id)
        return join_views(found)

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)


def _as_long(values_TD: NDArray[np.float16], n_steps: int) -> NDArray[np.float16]:
    if len(values_TD) == n_steps:
        return values_TD
    return values_TD[np.minimum(np.arange(n_steps), len(values_TD) - 1)]
