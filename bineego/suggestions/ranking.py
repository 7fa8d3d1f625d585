"""How much a person's label would tell a model, along the video.

A cell of a score track is worth labelling where the calibrated model does not know (entropy of its probabilities), more
so where it thinks of actions that are rare, and where it changes its mind from one cell to the next. Stretches are
chosen greedily by their mean value, each further one of the same video at a discount, so that they spread over videos.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bineego.tracks import Activation, ScoreTrack
from bineego.types import Floats

LENGTH = 10.0
"""Seconds of a stretch: enough for an action with what comes before and after."""

HOP = 2.5
"""Seconds between the stretches that are compared."""

DISCOUNT = 0.85
"""What a further stretch of the same video is worth, each time."""

TINY = 1e-12


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """A part of a video.

    Attributes:
        video_id: the video.
        start, end: seconds.
        value: mean value of its cells; a stretch joined from several has their mean.
        actions: the actions that the model thinks of there, the likeliest first, two at most.
    """

    video_id: str
    start: float
    end: float
    value: float
    actions: tuple[str, ...]


def uncertainty(track: ScoreTrack) -> Floats:
    """How little the model knows in each cell (N,): 0 = certain, 1 = anything goes."""
    p = track.probabilities()
    if track.activation is Activation.SOFTMAX:
        entropy: Floats = -(p * np.log(p + TINY)).sum(axis=1) / np.log(p.shape[1])
        return entropy
    q = p[:, 1:]
    each: Floats = -(q * np.log2(q + TINY) + (1 - q) * np.log2(1 - q + TINY))
    highest: Floats = each.max(axis=1, initial=0.0)
    return highest


def disagreement(track: ScoreTrack) -> Floats:
    """How far each cell (N,) is from its neighbours: total variation to the farther one, 0 to 1."""
    p = track.probabilities()
    if len(p) < 2:
        return np.zeros(len(p))
    steps = np.abs(np.diff(p, axis=0)).sum(axis=1) / 2
    farther: Floats = np.minimum(1.0, np.maximum(np.append(steps, 0.0), np.insert(steps, 0, 0.0)))
    return farther


def rarity(tracks: Sequence[ScoreTrack]) -> dict[str, float]:
    """How rare the model thinks each action is in all videos: 0 = the most frequent, near 1 = hardly ever."""
    seconds: dict[str, float] = {}
    for track in tracks:
        widths = np.diff(track.edges)
        expected = widths @ track.probabilities()[:, 1:]
        for action, share in zip(track.actions, expected.tolist(), strict=True):
            seconds[action] = seconds.get(action, 0.0) + share
    most = max(seconds.values(), default=1.0) or 1.0
    return {action: 1.0 - share / most for action, share in seconds.items()}


def values(track: ScoreTrack, rare: dict[str, float]) -> Floats:
    """What a label of each cell (N,) would tell."""
    likely_rare = track.probabilities()[:, 1:] @ np.array([rare[action] for action in track.actions])
    value: Floats = uncertainty(track) * (1.0 + likely_rare) + disagreement(track)
    return value


def choose(tracks: Sequence[ScoreTrack], seconds: float) -> list[Stretch]:
    """Stretches that add up to `seconds`, or all there is; by value, the best first. Those that touch are one."""
    rare = rarity(tracks)
    windows = [window for track in tracks for window in _windows(track, values(track, rare))]
    windows.sort(key=lambda window: (-window.value, window.video_id, window.start))
    chosen: dict[str, list[Stretch]] = {}
    left = seconds
    while windows and left > 0:
        best = max(
            range(min(len(windows), 4 * len(tracks) + 1)),
            key=lambda i: windows[i].value * DISCOUNT ** len(chosen.get(windows[i].video_id, ())),
        )
        window = windows.pop(best)
        taken = chosen.setdefault(window.video_id, [])
        if any(window.start < other.end and other.start < window.end for other in taken):
            continue
        taken.append(window)
        left -= window.end - window.start
    joined = [stretch for taken in chosen.values() for stretch in _joined(taken)]
    return sorted(joined, key=lambda stretch: (-stretch.value, stretch.video_id, stretch.start))


def _windows(track: ScoreTrack, value: Floats) -> list[Stretch]:
    """All stretches of one video that are compared; a video that is shorter than one is one."""
    starts = np.arange(0.0, max(track.duration - LENGTH, 0.0) + HOP / 2, HOP)
    found = []
    widths, probabilities = np.diff(track.edges), track.probabilities()[:, 1:]
    for start in starts.tolist():
        end = min(start + LENGTH, track.duration)
        inside = np.clip(np.minimum(track.edges[1:], end) - np.maximum(track.edges[:-1], start), 0, widths)
        if inside.sum() <= 0:
            continue
        likely = inside @ probabilities / inside.sum()
        best = np.argsort(-likely, kind="stable")[:2]
        found.append(
            Stretch(
                video_id=track.video_id,
                start=start,
                end=end,
                value=float(inside @ value / inside.sum()),
                actions=tuple(track.actions[k] for k in best if likely[k] >= 0.05),
            )
        )
    return found


def _joined(stretches: Sequence[Stretch]) -> list[Stretch]:
    """Stretches of one video, those that touch as one."""
    found: list[Stretch] = []
    for one in sorted(stretches, key=lambda stretch: stretch.start):
        if found and one.start <= found[-1].end + 1e-9:
            last = found.pop()
            one = Stretch(
                video_id=one.video_id,
                start=last.start,
                end=one.end,
                value=(last.value + one.value) / 2,
                actions=tuple(dict.fromkeys(last.actions + one.actions))[:2],
            )
        found.append(one)
    return found
