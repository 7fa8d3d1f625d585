"""What `localize` says of its results: a line for each video, and of those where nothing was found, why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from bineego.postprocess.candidates import RANK
from bineego.tracks import ScoreTrack
from bineego.video.damage import Damage
from bineego.words import listed, many

Scene = tuple[str, float]


def line(
    video_id: str, table: pd.DataFrame | None, scene: Scene | None, best: str = "", damage: Iterable[Damage] = ()
) -> str:
    """`kitchen-03: 12 actions (drinking 4, eating 8)`; damage at the end."""
    parts = []
    if table is not None:
        sure = table[table["score"] >= RANK]
        counts = ", ".join(f"{label} {count}" for label, count in sure["label"].value_counts(sort=False).items())
        found = (
            f"{many(len(sure), 'action')} ({counts})" if counts else f"no actions{best and f' (the best was {best})'}"
        )
        low = len(table) - len(sure)  # candidates, which are there for recall
        parts.append(f"{found}, {low} more below {_share(RANK)}" if low else found)
    if scene is not None:
        parts.append(f"scene {scene[0]} {_share(scene[1])}")
    parts += [f"damaged ({each})" for each in damage]
    return f"{video_id}: {'; '.join(parts)}"


def best_of(track: ScoreTrack) -> str:
    """The likeliest action of a track: `bending .20`."""
    probabilities = track.probabilities()[:, 1:]
    if probabilities.size == 0:
        return ""
    cell, action = divmod(int(probabilities.argmax()), probabilities.shape[1])
    return f"{track.actions[action]} {_share(probabilities[cell, action])}"


def empties(best: Mapping[str, str], n_videos: int, threshold: float) -> str:
    """The videos in which nothing was found, the best of what was not enough, and what to try."""
    said = [text for text in best.values() if text]
    text = f"no actions in {listed(best, 'video')}" if n_videos > 1 else "no actions"
    if not said:
        return f"{text}: shorter than one interval"
    top = max(said, key=_probability)
    lower = max(0.01, int(_probability(top) * 10) / 10 or int(_probability(top) * 100) / 100)
    remedy = f"; --threshold {_share(lower).rstrip('0')} finds more" if lower < threshold else ""
    return f"{text}: nothing reached {threshold:g}; the best was {top}{remedy}"


def _probability(said: str) -> float:
    return float(said.rsplit(" ", 1)[1])


def _share(value: float) -> str:
    """`.20`, `1.00`."""
    return f"{value:.2f}".removeprefix("0")
