"""What the page shows, as plain values for its script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from bineego.evaluation.result import Evaluation
from bineego.page.media import MediaDescriber
from bineego.page.scores import summary_of
from bineego.page.strips import strips_of
from bineego.postprocess.candidates import RANK
from bineego.tracks import ScoreTrack

STRIP_BYTES = 10_000_000
"""Room for the scores of all videos, before they are written as text (a third more)."""

THUMBNAIL_BYTES = 6_000_000
"""Room for the pictures of all videos, likewise."""

DIGITS = 4
"""Of seconds and scores, behind the point."""

LEAST = RANK
"""Score from which on predictions are shown at first: candidates, which are there for recall, score less."""

Plain = dict[str, Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class Content:
    """Results to show.

    Attributes:
        title: of the page.
        predictions: scored segments of all videos.
        videos: ids of all videos in the order to show them, those without predictions too.
        truth: unscored segments, or None.
        annotated: videos whose truth is known; the others show none.
        evaluation: how good the predictions are, with curves and diagnosis; None without truth.
        tracks: score tracks by video.
        files: the video files that are known, by id.
        marks: stretches (start, end in seconds) of videos that are to be looked at first.
    """

    title: str
    predictions: pd.DataFrame
    videos: Sequence[str]
    truth: pd.DataFrame | None = None
    annotated: frozenset[str] = frozenset()
    evaluation: Evaluation | None = None
    tracks: Mapping[str, ScoreTrack] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)
    marks: Mapping[str, Sequence[tuple[float, float]]] = field(default_factory=dict)

    def names(self) -> list[str]:
        """All action names, sorted."""
        found = set(self.predictions["label"])
        if self.truth is not None:
            found.update(self.truth["label"])
        for track in self.tracks.values():
            found.update(track.actions)
        return sorted(found)

    def to_plain(self, page: Path) -> Plain:
        """Values for the page's script; videos are named relative to the file `page`."""
        names = self.names()
        number = {name: i for i, name in enumerate(names)}
        found, true = _by_video(self.predictions, number), _by_video(self.truth, number)
        columns = max(200, STRIP_BYTES // max(1, len(self.videos) * len(names)))
        media = MediaDescriber(page=page, room=THUMBNAIL_BYTES // max(1, len(self.videos)))
        videos = []
        for video in self.videos:
            segments, truth, track = found.get(video, []), true.get(video, []), self.tracks.get(video)
            length = max([0.0, *(row[2] for row in (*segments, *truth))])
            entry: Plain = {"id": video, "segments": segments, "truth": truth if video in self.annotated else None}
            if track is not None and len(track):
                length = track.duration
                entry["strips"] = strips_of(track, names, columns)
            if video in self.files:
                told = media.of(self.files[video])
                length = told.pop("length", None) or length
                entry |= told
            if video in self.marks:
                entry["marks"] = [list(mark) for mark in self.marks[video]]
            videos.append(entry | {"length": length})
        score = None if self.evaluation is None or self.truth is None else summary_of(self, self.evaluation, number)
        return {"videos": videos, "names": names, "score": score, "least": LEAST}


def _by_video(table: pd.DataFrame | None, number: Mapping[str, int]) -> dict[str, list[list[Any]]]:
    """Rows [action, start, end, score] of each video, in order of time."""
    if table is None:
        return {}
    start, end = (table[column].round(DIGITS).tolist() for column in ("start", "end"))
    scores = table["score"].round(DIGITS).tolist() if "score" in table else [None] * len(table)
    rows: dict[str, list[list[Any]]] = {}
    columns = (table["video_id"], table["label"], start, end, scores)
    for video, label, start, end, score in zip(*columns, strict=True):
        rows.setdefault(video, []).append([number[label], start, end, score])
    for found in rows.values():
        found.sort(key=lambda row: (row[1], row[2], row[0]))
    return rows
