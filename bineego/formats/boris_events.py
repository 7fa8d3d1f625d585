"""What BORIS projects and BORIS exports have in common: behaviours of subjects on the timeline of an observation.

The timeline runs on through the media files of the first player, and has the time offset added. Other players show the
same time.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bineego.errors import InputInvalid
from bineego.formats import json, overlaps
from bineego.formats.annotations import Annotations
from bineego.formats.media import Medias, video_of
from bineego.formats.options import LabelOptions
from bineego.formats.rows import RowCollector
from bineego.words import listed, many

PLAYER = "1"
"""The player whose files the events are about."""

FIELDS = {"behavior": "code", "behaviour": "code", "code": "code", "modifier": "modifier", "modifiers": "modifier",
          "subject": "subject"}  # fmt: skip
"""Names that `--columns label=` may have, and the field of an event that each means."""

NO_MODIFIER = ("", "None", "NA")

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Event:
    """A behaviour of one subject, seconds on the timeline; `end` equals `start` for a point event."""

    subject: str
    code: str
    modifier: str
    start: float
    end: float
    point: bool
    score: float | None


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """A media file on the timeline of its observation, in seconds; the last one has no end."""

    video: str
    start: float
    end: float


@dataclass(kw_only=True, eq=False)
class Behaviours:
    """The events of a whole file as segments, and what is reported about them once.

    Attributes:
        path: the file.
        how: how labels are made.
        media: what is known of the videos.
    """

    path: Path
    how: LabelOptions
    media: Medias
    rows: RowCollector = field(init=False)
    videos: dict[str, int] = field(default_factory=dict)
    players: list[str] = field(default_factory=list)
    subjects: dict[str, None] = field(default_factory=dict)
    modifiers: dict[str, None] = field(default_factory=dict)
    points: int = 0

    def __post_init__(self) -> None:
        self.rows = RowCollector(path=self.path)
        self.fields = _label_fields(self.how)

    def add(self, name: str, observation: Mapping[str, Any], events: Sequence[Event], where: str) -> None:
        """The events of one observation, given as a project has it (`file`, `time offset`, `media_info`)."""
        found = stretches(name, observation, self.media, where)
        if any(media_files(observation, where, player) for player in observation.get("file") or () if player != PLAYER):
            self.players.append(name)
        for stretch in found:
            self.videos[stretch.video] = self.videos.get(stretch.video, 0) + 1
        for event in sorted(events, key=lambda event: (event.start, event.end)):
            self.subjects |= {event.subject: None} if event.subject and "subject" not in self.fields else {}
            self.modifiers |= (
                {event.modifier: None} if event.modifier not in NO_MODIFIER and "modifier" not in self.fields else {}
            )
            self.points += event.point
            parts = (str(getattr(event, each)).replace("|", " ").strip() for each in self.fields)
            label = " ".join(part for part in parts if part not in NO_MODIFIER)
            for stretch, start, end in placed(event, found):
                self.rows.add(stretch.video, (label,), (start, end), event.score)

    def annotations(self) -> Annotations:
        """All segments; equal labels that overlap are one."""
        self._say()
        table = self.rows.table()
        whole = overlaps.joined(table)
        if len(whole) < len(table):
            log.warning(
                "%s: %s joined with overlapping events of the same label (of another subject or observation)",
                self.path, many(len(table) - len(whole), "segment"),
            )  # fmt: skip
        return Annotations(segments=whole, videos=tuple(self.videos))

    def predictions(self) -> Annotations:
        """All segments with the scores of their comments.

        Raises:
            InputInvalid: a segment has none.
        """
        table = self.rows.scored_table()  # before anything is said: a file without scores is read again as labels
        self._say()
        return Annotations(segments=table, videos=tuple(self.videos))

    def _say(self) -> None:
        repeated = [video for video, count in self.videos.items() if count > 1]
        if self.players:
            log.info(
                "%s: %s: events refer to the files of the first player", self.path, listed(self.players, "observation")
            )
        if self.subjects:
            log.info("%s: subjects are not part of the labels: %s", self.path, listed(self.subjects, "subject"))
        if self.modifiers:
            log.info(
                "%s: modifiers are not part of the labels (%s); --columns label=behavior+modifier includes them",
                self.path, listed(self.modifiers, "modifier"),
            )  # fmt: skip
        if self.points:
            log.info("%s: %s, which have no duration", self.path, many(self.points, "point event"))
        if repeated:
            log.warning("%s: %s in several observations; their events are joined", self.path, listed(repeated, "video"))


def never_stops(event: Event, where: str) -> InputInvalid:
    """The error of a state that has a start only."""
    whose = f" of {event.subject!r}" if event.subject else ""
    return InputInvalid(
        f"{event.code!r}{whose} starts at {event.start:g} s and never stops",
        where=where,
        remedy="in BORIS: Observations > Check state events, then Fix unpaired state events",
    )


def _label_fields(how: LabelOptions) -> tuple[str, ...]:
    """Which fields of an event make the label."""
    names = how.named_columns.get("label", ("behavior",))
    unknown = [name for name in names if name.casefold() not in FIELDS]
    if unknown:
        raise InputInvalid(
            f"BORIS has no {unknown[0]!r} that could be the label",
            where="--columns",
            remedy="label=behavior, or with the modifier or the subject: label=behavior+modifier",
        )
    return tuple(FIELDS[name.casefold()] for name in names)


def stretches(name: str, observation: Mapping[str, Any], media: Medias, where: str) -> list[Stretch]:
    """The media files of an observation on its timeline.

    Raises:
        InputInvalid: the length of a file is not known, and others follow it; or the observation is malformed.
    """
    offset = json.number(observation.get("time offset") or 0.0)
    if offset is None:
        raise InputInvalid(f"the time offset is not a number: {json.short(observation['time offset'])}", where=where)
    paths = media_files(observation, where)
    if not paths:
        return [Stretch(video=name, start=offset, end=math.inf)]
    info = observation.get("media_info")
    info = info if isinstance(info, dict) else {}
    if observation.get("media_creation_date_as_offset"):
        offset += _created(paths, info, where)
    lengths = [_length(path, info, media, where) for path in paths[:-1]]
    starts = [offset + sum(lengths[:i]) for i in range(len(paths))]
    return [
        Stretch(video=video_of(path), start=start, end=end)
        for path, start, end in zip(paths, starts, [*starts[1:], math.inf], strict=True)
    ]


def media_files(observation: Mapping[str, Any], where: str, player: str = PLAYER) -> list[str]:
    """Paths of the files that a player shows one after the other."""
    files = observation.get("file") or {}
    paths = files.get(player) or [] if isinstance(files, dict) else None
    if not isinstance(paths, list) or not all(isinstance(path, str) and video_of(path) for path in paths):
        raise InputInvalid(f"no list of media files: {json.short(observation.get('file'))}", where=where)
    return paths


def _length(path: str, info: Mapping[str, Any], media: Medias, where: str) -> float:
    """Seconds of a media file: as the player counted them, else of the file itself."""
    lengths = info.get("length")
    length = json.number(lengths.get(path)) if isinstance(lengths, dict) else None
    if length is None and video_of(path) in media:
        length = media[video_of(path)].length
    if length is None or length <= 0:
        raise InputInvalid(
            f"the length of {path!r} is not recorded, and the times in the files after it depend on it",
            where=where,
            remedy="name the folder of the videos: --videos FOLDER",
        )
    return length


def _created(paths: Sequence[str], info: Mapping[str, Any], where: str) -> float:
    """Seconds that BORIS added to every time: the moment at which the file was made."""
    times = info.get("media_creation_time")
    created = json.number(times.get(paths[0])) if isinstance(times, dict) else None
    if created is None or len(paths) > 1:
        what = ", and there are several" if created is not None else ", which is not recorded"
        raise InputInvalid(
            f"times count from the creation of the media files{what}",
            where=where,
            remedy="make one observation per media file",
        )
    return created


def placed(event: Event, timeline: Sequence[Stretch]) -> Iterator[tuple[Stretch, float, float]]:
    """The parts of an event in each media file, in that file's own time."""
    for i, stretch in enumerate(timeline):
        low = event.start if i == 0 else max(event.start, stretch.start)
        high = min(event.end, stretch.end)
        moment = event.start == event.end == low < stretch.end
        if high > low or moment:
            yield stretch, _minus(low, stretch.start), _minus(high, stretch.start)


def _minus(time: float, start: float) -> float:
    """Times in the file have a few decimals; the difference of two has no more."""
    return round(time - start, 6) if start else time
