"""A BORIS project made from segments: one observation for each video, each label a behaviour, each segment its events.

A behaviour of one subject cannot overlap itself in BORIS: where equal labels overlap, the later one goes to a subject
called "overlapping" (and so on), and remains a separate event.
"""

from __future__ import annotations

import logging
import re
import string
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from bineego import segments
from bineego.formats import overlaps
from bineego.formats.annotations import Annotations
from bineego.formats.format import Videos
from bineego.formats.media import Media, file_name
from bineego.words import listed

PROJECT_FORMAT = "7.0"
PLAYERS = tuple(map(str, range(1, 9)))
KEYS = string.ascii_lowercase + string.digits
OVERLAPPING = "overlapping"

SCORE_COMMENT = re.compile(r"score ([0-9.eE+-]+)")
"""The comment of the first event of a prediction."""

NO_DATE = "2000-01-01T00:00:00.000"
"""Of a video that is not at hand; BORIS wants some date."""

log = logging.getLogger(__name__)


def project(found: Annotations, path: Path, videos: Videos) -> dict[str, Any]:
    """The project as JSON holds it.

    Args:
        found: segments; a score is in the comment of a segment's first event.
        path: where the project will lie; media below its folder are named from there, others by their whole path.
        videos: their files.
    """
    table = found.segments
    lost = [video for video in found.videos if videos.get(video) is None]
    if lost:
        log.warning("%s: %s without a file; BORIS will ask for them", path, listed(lost, "video"))
    labels = list(dict.fromkeys(table["label"]))
    moments = set(labels) - set(table["label"][table["end"] > table["start"]])
    tables = dict(tuple(table.groupby("video_id", sort=False)))
    ordered = dict.fromkeys((*found.videos, *table["video_id"].tolist()))
    layer = {video: overlaps.layers(rows, by_label=True) for video, rows in tables.items()}
    n_layers = max((1 + max(several) for several in layer.values()), default=1)
    return {
        "time_format": "hh:mm:ss",
        "project_date": NO_DATE[:19],
        "project_name": path.stem,
        "project_description": "",
        "project_format_version": PROJECT_FORMAT,
        "subjects_conf": {
            str(i - 1): {"key": "", "name": _subject(i), "description": "equal behaviours at one time"}
            for i in range(1, n_layers)
        },
        "behaviors_conf": {str(i): _behaviour(i, label, label in moments) for i, label in enumerate(labels)},
        "observations": {
            video: _observation(
                videos.get(video), video, path, _events(tables.get(video), layer.get(video, []), moments)
            )
            for video in ordered
        },
        "behavioral_categories": [],
        "behavioral_categories_config": {},
        "independent_variables": {},
        "coding_map": {},
        "behaviors_coding_map": [],
        "converters": {},
    }


def _behaviour(number: int, label: str, moment: bool) -> dict[str, str]:
    return {
        "type": "Point event" if moment else "State event",
        "key": KEYS[number] if number < len(KEYS) else "",
        "code": label,
        "description": "",
        "color": "",
        "category": "",
        "modifiers": "",
        "excluded": "",
        "coding map": "",
    }


def _subject(layer: int) -> str:
    return "" if layer == 0 else OVERLAPPING if layer == 1 else f"{OVERLAPPING} {layer}"


def _events(table: pd.DataFrame | None, layer: list[int], moments: set[str]) -> list[list[object]]:
    """Start and stop of each segment, by time: where segments touch, the stop comes before the next start."""
    if table is None:
        return []
    scores = table[segments.SCORE].tolist() if segments.SCORE in table else [None] * len(table)
    columns = (table[name].tolist() for name in ("label", "start", "end"))
    events: list[list[object]] = []
    for label, start, end, score, number in sorted(zip(*columns, scores, layer, strict=True), key=lambda row: row[1:3]):
        comment = "" if score is None else f"score {segments.number_text(score)}"
        events.append([start, _subject(number), label, "", comment, "NA"])
        if label not in moments:
            events.append([end, _subject(number), label, "", "", "NA"])
    return sorted(events, key=lambda event: float(event[0]))  # type: ignore[arg-type]


def _observation(media: Media | None, video: str, project_path: Path, events: list[list[object]]) -> dict[str, Any]:
    name = file_name(video) if media is None else _relative(media.path, project_path.parent)
    info: dict[str, dict[str, object]] = {
        "length": {name: media.length} if media is not None else {},
        "fps": {name: media.rate} if media is not None else {},
        "hasVideo": {name: True} if media is not None else {},
        "hasAudio": {name: False} if media is not None else {},
    }
    return {
        "file": {player: [name] if player == PLAYERS[0] else [] for player in PLAYERS},
        "type": "MEDIA",
        "date": NO_DATE if media is None else _date(media.path),
        "description": "",
        "time offset": 0.0,
        "events": events,
        "observation time interval": [0, 0],
        "independent_variables": {},
        "visualize_spectrogram": False,
        "visualize_waveform": False,
        "media_creation_date_as_offset": False,
        "media_scan_sampling": 0,
        "image_display_duration": 1,
        "close_behaviors_between_videos": False,
        "media_info": {**info, "offset": {PLAYERS[0]: 0.0}},
    }


def _relative(file: Path, folder: Path) -> str:
    file, folder = file.resolve(), folder.resolve()
    return file.relative_to(folder).as_posix() if file.is_relative_to(folder) else str(file)


def _date(file: Path) -> str:
    """When the file was last changed: the same whenever the project is written."""
    if not file.exists():
        return NO_DATE
    return datetime.fromtimestamp(file.stat().st_mtime, UTC).strftime("%Y-%m-%dT%H:%M:%S.000")
