"""The features that a temporal head is trained on: made of the videos, or given."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from bineego import features
from bineego.datasets.recording import Recording, View
from bineego.errors import InputInvalid
from bineego.features.kinds import base_of, in_view, may_lack, view_of
from bineego.features.track import FeatureTrack
from bineego.features.views import JoinedTracks
from bineego.training.options import RunOptions
from bineego.training.prepare import TrainingPlan
from bineego.training.temporal.choice import FeatureChoice
from bineego.training.temporal.given import chosen_kinds, given_tracks, maker_of
from bineego.tsm.feature_network import FeatureSource
from bineego.types import OnProgress
from bineego.words import listed, many

log = logging.getLogger(__name__)

FEW = 0.5
"""A kind that fewer than this share of the training videos have is left out, unless it is asked for."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Supply:
    """Features, and how to make them of other videos.

    Attributes:
        tracks: by video id; made or read already, or read when they are asked for.
        kinds: those to train on, or to choose from.
        fixed: whether there is nothing to choose.
        rate: steps a second.
        made: how they were made of the videos' frames.
        source: the trunk; None = no kind needs one, or only somebody else has it.
        origin: in words.
    """

    tracks: Mapping[str, FeatureTrack]
    kinds: Sequence[str]
    fixed: bool
    rate: float
    made: features.FeatureOptions
    source: FeatureSource | None
    origin: str


def supply(
    choice: FeatureChoice,
    chosen: TrainingPlan,
    options: RunOptions,
    device: torch.device,
    at_hand: Mapping[View, Mapping[str, Path]],
    on_progress: OnProgress | None = None,
) -> Supply:
    """The features of all videos of a plan.

    Args:
        at_hand: for each view that is trained on, the video files that are there, by id.

    Raises:
        UsageError: kinds that are not there.
        InputMissing, InputInvalid: a video or a feature file that cannot be read, or does not fit.
        ModelError: the trunk cannot be had.
    """
    if choice.given:
        tracks = given_tracks([*chosen.train, *chosen.val], at_hand[options.view[0]])
        kinds = chosen_kinds(tracks, choice.kinds)
        how = maker_of(tracks, kinds)
        made, source = (features.FeatureOptions(), None) if how is None else how
        found, rate, origin = tracks, tracks.rate, f"features of {choice.folder}"
        return Supply(
            tracks=found,
            kinds=_heard(tracks, chosen.train, kinds, asked=choice.kinds is not None),
            fixed=choice.kinds is not None,
            rate=rate,
            made=made,
            source=source,
            origin=origin,
        )
    source = choice.source()
    made = choice.options(source)
    plain = tuple(dict.fromkeys(map(base_of, choice.asked)))  # a run that goes on names its kinds with their views

    def extracted(videos: Mapping[str, Path]) -> Mapping[str, FeatureTrack]:
        return features.extract(
            videos,
            made,
            kinds=plain,
            cache=choice.folder,
            jobs=options.jobs,
            device=device.type,
            on_progress=on_progress,
        )

    if len(options.view) == 1:
        made_tracks, kinds = extracted(chosen.videos()), choice.asked
    else:
        wanted = chosen.videos()
        mine = {v: {video: path for video, path in at_hand[v].items() if video in wanted} for v in options.view}
        made_tracks = JoinedTracks({view: extracted(videos) for view, videos in mine.items() if videos})
        kinds = tuple(kind if view_of(kind) else in_view(kind, v) for v in options.view for kind in choice.asked)
        kinds = tuple(dict.fromkeys(kinds))
    return Supply(
        tracks=made_tracks,
        kinds=_heard(made_tracks, chosen.train, kinds, asked=choice.kinds is not None),
        fixed=choice.kinds is not None,
        rate=made.rate,
        made=made,
        source=source,
        origin=f"frozen {choice.trunk}",
    )


def _heard(
    tracks: Mapping[str, FeatureTrack], recordings: Sequence[Recording], kinds: Sequence[str], *, asked: bool
) -> tuple[str, ...]:
    """The kinds without those that too few training videos have; what is left out, or masked, is said.

    Raises:
        InputInvalid: a kind was asked for, and no video has it.
    """
    videos = [video for recording in recordings for video in recording.videos]
    left = []
    for kind in kinds:
        if not may_lack(kind):
            left.append(kind)
            continue
        n = sum(tracks[video].has(kind) for video in videos)
        if asked and not n:
            raise InputInvalid(
                f"no training video has features of kind {kind!r}", where="--kinds", remedy="leave the kind out"
            )
        if asked or n >= FEW * len(videos):
            left.append(kind)
        else:
            log.info("no %s in %d of %s: the kind is left out", kind, len(videos) - n, many(len(videos), "video"))
    if any(map(may_lack, left)):
        _say_masked(tracks, videos, left)
    return tuple(left)


def _say_masked(tracks: Mapping[str, FeatureTrack], videos: Sequence[str], kinds: Sequence[str]) -> None:
    masked: dict[str, list[str]] = {}
    for video in videos:
        for name in tracks[video].lacks(kinds):
            masked.setdefault(name, []).append(video)
    for name, without in masked.items():
        log.warning("no %s in %s: masked there", name, listed(without, "video"))
