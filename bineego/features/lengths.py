"""Whether feature files fit their videos: the number of steps against the lengths, before anything is learnt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bineego.errors import InputInvalid
from bineego.features.npy import FeatureFile
from bineego.features.timing import FOLDER_JSON
from bineego.words import many

SHARE = 0.02
"""Of a length by which the steps may differ from it: lengths in files are rounded, or of the sound."""

LOOSE = 0.5  # seconds that a single video may differ by beyond that
EARLY = 0.6
"""If all actions of all videos lie before this share of what the steps cover, the steps are too far apart."""
FEW = 3  # videos from which on that is more than chance


@dataclass(frozen=True, kw_only=True)
class Length:
    """What is known of a video's length: seconds, and who says it ("its annotations")."""

    seconds: float
    source: str


def check_lengths(files: Mapping[str, FeatureFile], lengths: Mapping[str, Length]) -> None:
    """Compare the steps of feature files with the lengths of their videos.

    Args:
        files: by video id.
        lengths: those known, by video id; of the others what the JSON beside the file says.

    Raises:
        InputInvalid: most files have too many or too few steps for their rate, or one surely has.
    """
    off = {}
    for video, file in files.items():
        length = lengths.get(video)
        if length is None and file.timing.duration is not None:
            length = Length(seconds=file.timing.duration, source="the JSON beside its features")
        if length is not None:
            off[video] = (file, length, file.n_steps - file.timing.steps_of(length.seconds))
    wrong = [video for video, (file, length, steps) in off.items() if not _fits(file, length, steps, LOOSE)]
    if not wrong:
        middle = float(np.median([steps for _, _, steps in off.values()])) if off else 0.0
        wrong = [video for video, (file, length, _) in off.items() if not _fits(file, length, middle, 0.0)]
        wrong = wrong if 2 * len(wrong) > len(off) else []
    if not wrong:
        return
    file, length, _ = off[wrong[0]]
    rates = [(f.n_steps + 2 * f.timing.offset * f.timing.rate - 1) / known.seconds for f, known, _ in off.values()]
    raise InputInvalid(
        f"the features do not fit {len(wrong)} of {many(len(off), 'video')}: {wrong[0]!r} has {file.n_steps:,} steps, "
        f"which at {file.timing.rate:.6g} a second cover {file.timing.covered(file.n_steps):.2f} s, and its length by "
        f"{length.source} is {length.seconds:.2f} s",
        where=file.path,
        remedy=_remedy(rates, file, wrong, off),
    )


def check_ends(files: Mapping[str, FeatureFile], ends: Mapping[str, float]) -> None:
    """Where no length is known: compare the steps with the last end of an annotation, seconds by video id.

    Raises:
        InputInvalid: the annotations of most videos end after the features, or all of them long before.
    """
    shares = {video: end / files[video].duration for video, end in ends.items() if end > 0}
    if not shares:
        return
    late = [v for v in shares if ends[v] > files[v].duration * (1 + SHARE) + LOOSE + 2 / files[v].timing.rate]
    if 2 * len(late) > len(shares):
        video, what = late[0], f"the annotations of {len(late)} of {many(len(shares), 'video')} end after the features"
    elif len(shares) >= FEW and max(shares.values()) < EARLY:
        video = max(shares, key=lambda name: shares[name])
        what = f"all actions of all {len(shares)} videos lie in the first {max(shares.values()):.0%} of the features"
    else:
        return
    file = files[video]
    raise InputInvalid(
        f"{what}: {video!r} has {file.n_steps:,} steps, which at {file.timing.rate:.6g} a second cover "
        f"{file.duration:.2f} s, and its last action ends at {ends[video]:.2f} s",
        where=file.path,
        remedy=f"put the right rate into {file.path.parent / FOLDER_JSON}; if it is right, add the videos' lengths: "
        f'"duration" in {file.path.with_suffix(".json").name} ...',
    )


def _fits(file: FeatureFile, length: Length, steps: float, loose: float) -> bool:
    """Whether a file with so many steps more than it should have may be of a video of this length: windows that do
    not fit into the video are left out or padded."""
    rate = file.timing.rate
    slack = SHARE * length.seconds * rate + loose * rate
    window = 2 * max(file.timing.offset * rate, 0.5)
    return -1.5 - slack <= steps <= window + 0.5 + slack


def _remedy(
    rates: list[float], file: FeatureFile, wrong: list[str], off: Mapping[str, tuple[FeatureFile, Length, float]]
) -> str:
    middle = float(np.median(rates))
    where = file.path.parent / FOLDER_JSON
    if np.ptp(rates) <= 4 * SHARE * middle and 2 * len(wrong) > len(off):
        return f"at {middle:.4g} steps per second all fit: put the right rate, or stride and fps, into {where}"
    return f"make the features of these videos again, or give their rate in a JSON file beside each ({where})"
