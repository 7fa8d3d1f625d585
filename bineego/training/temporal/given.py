"""Training on features that are there already, in place of those that are made of the videos, which need not be."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from bineego.datasets.lengths import header
from bineego.datasets.recording import Recording
from bineego.errors import InputInvalid, ModelError, UsageError, nearest
from bineego.features import npy
from bineego.features.kinds import is_ours
from bineego.features.lengths import Length, check_ends, check_lengths
from bineego.features.maker import VERSION
from bineego.features.npy import FeatureFile, GivenTracks
from bineego.features.options import FeatureOptions
from bineego.tsm.config import Trunk
from bineego.tsm.feature_network import FeatureSource, imagenet_source
from bineego.words import listed, many

log = logging.getLogger(__name__)


def given_tracks(recordings: Sequence[Recording], videos: Mapping[str, Path]) -> GivenTracks:
    """The features of recordings whose files are feature files, held against all that is known of the videos' lengths.

    Args:
        recordings: those of both sides.
        videos: the video files that are there, by id.

    Raises:
        InputMissing, InputInvalid: a file is no features, does not fit its video, or has other kinds than the rest.
    """
    files, lengths, ends = {}, {}, {}
    for recording in recordings:
        for video, path in recording.videos.items():
            length, rate = header(videos[video]) if video in videos else (None, None)
            files[video] = npy.describe(path, recording.frame_rate or rate)
            if recording.length is not None:
                lengths[video] = Length(seconds=recording.length, source="its annotations")
            elif length is not None:
                lengths[video] = Length(seconds=length, source="its file")
            elif recording.segments is not None and len(recording.segments) and files[video].timing.duration is None:
                ends[video] = float(recording.segments["end"].max())
    check_lengths(files, lengths)
    check_ends(files, ends)
    _check_alike(list(files.values()))
    rate = float(np.median([file.timing.rate for file in files.values()]))
    first = next(iter(files.values()))
    kinds = ", ".join(f"{name} ({width:,})" for name, width in first.kinds.items())
    log.info("features of %s from %s: %s, %g steps a second", many(len(files), "video"), first.path.parent, kinds, rate)
    return GivenTracks(files, rate)


def chosen_kinds(tracks: GivenTracks, kinds: Sequence[str] | None) -> tuple[str, ...]:
    """The kinds to choose from: those asked for, else all that the files have.

    Raises:
        UsageError: the files lack one.
    """
    there = tuple(next(iter(tracks.files.values())).kinds)
    for kind in map(str, kinds or ()):
        if kind not in there:
            raise UsageError(
                f"no features of kind {kind!r}{nearest(kind, there)}",
                where="--kinds",
                remedy=f"there are: {', '.join(there)}",
            )
    return tuple(map(str, kinds or there))


def maker_of(tracks: GivenTracks, kinds: Sequence[str]) -> tuple[FeatureOptions, FeatureSource | None] | None:
    """How bineego has made the features, and by which trunk, so that a model can make them of other videos; None if it
    has not, or not by a trunk with ImageNet's weights."""
    made = [dict(file.made_by) for file in tracks.files.values()]
    first = made[0]
    if not all(map(is_ours, kinds)) or any(other != first for other in made) or first.get("version") != VERSION:
        return None
    trunk = first.get("trunk")
    options = FeatureOptions(
        trunk=trunk or FeatureOptions().trunk,
        size=first["size"],
        keep_aspect=first["keep_aspect"],
        rate=tracks.rate,
        backend=first["backend"],
    )
    if trunk is None:
        return options, None
    if trunk not in list(Trunk) or first.get("shift"):
        return None
    try:
        source = imagenet_source(Trunk(trunk))
    except ModelError:
        return None
    return (options, source) if source.weights == first.get("weights") else None


def _check_alike(files: Sequence[FeatureFile]) -> None:
    """
    Raises:
        InputInvalid: two files have other kinds or widths.
    """
    first = files[0]
    for file in files:
        if dict(file.kinds) != dict(first.kinds):
            kinds = [", ".join(f"{name} ({width:,})" for name, width in one.kinds.items()) for one in (file, first)]
            raise InputInvalid(
                f"its features are {kinds[0]}, and those of {first.path.name} are {kinds[1]}",
                where=file.path,
                remedy="make the features of all videos in one way",
            )
        if any(map(is_ours, file.kinds)) and "version" not in file.made_by:
            raise InputInvalid(
                f"a kind of features that bineego has not made has the name of one of its own: {', '.join(file.kinds)}",
                where=file.path,
                remedy='name it otherwise in the "kinds" of its JSON',
            )
    made = {str(sorted(file.made_by.items())) for file in files}
    if len(made) > 1:
        log.warning(
            "the features of %s are made in %d ways, by the JSON beside them",
            listed((f.video_id for f in files), "video"),
            len(made),
        )
