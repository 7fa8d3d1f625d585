"""Projects of BORIS (`.boris`): JSON with an ethogram, and observations of one or several media files.

    {"behaviors_conf": {"0": {"type": "State event", "code": "walk", ...}},
     "observations": {"obs 1": {"file": {"1": ["a.mp4", "b.mp4"]}, "type": "MEDIA", "time offset": 0.0,
                                "media_info": {"length": {"a.mp4": 60.0}, "fps": {...}},
                                "events": [[seconds, subject, code, modifier, comment, frame], ...]}}}

A state is two events, its start and its stop, paired by subject, behaviour and modifier; a point event is a moment.
Source: projects saved by BORIS 8 and 10 (project format 7.0).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from bineego.errors import InputInvalid
from bineego.formats import json
from bineego.formats.annotations import Annotations
from bineego.formats.boris_events import Behaviours, Event, never_stops
from bineego.formats.boris_project import SCORE_COMMENT, project
from bineego.formats.format import Format, LabelFile, Videos
from bineego.formats.options import LabelOptions
from bineego.words import listed

log = logging.getLogger(__name__)


def _read(source: LabelFile, how: LabelOptions) -> Behaviours:
    """The events of all observations."""
    document = source.document
    document.refuse_double_keys()
    states = _states(document)
    found = Behaviours(path=source.path, how=how, media=source.media)
    pictures, live = [], []
    for name, observation in _object(document.value, "observations", source.path).items():
        where = f"{source.path}, observation {name!r}"
        if not isinstance(observation, dict):
            raise InputInvalid(f"expected an object, found {json.short(observation)}", where=where)
        kind = observation.get("type", "MEDIA")
        if kind == "IMAGES":
            pictures.append(name)
            continue
        if kind == "LIVE":
            live.append(name)
        found.add(name, observation, list(_events(observation, states, where)), where)
    if pictures:
        log.warning("%s: %s of pictures skipped: they have no times", source.path, listed(pictures, "observation"))
    if live:
        log.warning(
            "%s: %s recorded live, without a video; named by the observation", source.path, listed(live, "observation")
        )
    return found


def _states(document: json.Document) -> dict[str, bool]:
    """Whether each behaviour of the ethogram is a state (and not a point event)."""
    found: dict[str, bool] = {}
    for key, entry in _object(document.value, "behaviors_conf", document.path).items():
        code, kind = (entry.get("code"), entry.get("type")) if isinstance(entry, dict) else (None, None)
        if not isinstance(code, str) or not isinstance(kind, str):
            raise InputInvalid(
                f"expected a behaviour with 'code' and 'type', found {json.short(entry)}",
                where=f"{document.path}, behaviors_conf[{key!r}]",
            )
        found[code] = "STATE" in kind.upper()
    return found


def _events(observation: Mapping[str, Any], states: Mapping[str, bool], where: str) -> Iterator[Event]:
    """The behaviours of one observation, starts and stops paired as they follow each other in time."""
    entries = observation.get("events", [])
    if not isinstance(entries, list):
        raise InputInvalid(f"'events' is not a list: {json.short(entries)}", where=where)
    single = [_event(entry, states, f"{where}, event {i + 1}") for i, entry in enumerate(entries)]
    began: dict[tuple[str, str, str], Event] = {}
    for event in sorted(single, key=lambda event: event.start):
        key = (event.subject, event.code, event.modifier)
        if event.point:
            yield event
        elif key in began:
            yield replace(began.pop(key), end=event.start)
        else:
            began[key] = event
    if began:
        raise never_stops(next(iter(began.values())), where)


def _event(entry: object, states: Mapping[str, bool], where: str) -> Event:
    if not isinstance(entry, list) or len(entry) < 3:
        raise InputInvalid(f"expected [time, subject, behaviour, ...], found {json.short(entry)}", where=where)
    time = json.number(entry[0])
    subject, code, modifier, comment = [*entry[1:5], "", ""][:4]
    if time is None:
        raise InputInvalid(f"its time is not a finite number: {json.short(entry[0])}", where=where)
    if not isinstance(code, str) or code not in states:
        raise InputInvalid(
            f"the ethogram has no behaviour {json.short(code)}",
            where=where,
            remedy="add it in BORIS, or rename it there",
        )
    score = SCORE_COMMENT.fullmatch(comment) if isinstance(comment, str) else None
    return Event(
        subject=str(subject or ""),
        code=code,
        modifier=str(modifier or ""),
        start=time,
        end=time,
        point=not states[code],
        score=json.number(score[1]) if score else None,
    )


def _object(value: object, key: str, path: Path) -> dict[str, Any]:
    found = value.get(key) if isinstance(value, dict) else None
    if not isinstance(found, dict):
        raise InputInvalid(f"expected an object under the key {key!r}, found {json.short(found)}", where=path)
    return found


def _annotations(source: LabelFile, how: LabelOptions) -> Annotations:
    return _read(source, how).annotations()


def _predictions(source: LabelFile, how: LabelOptions) -> Annotations:
    return _read(source, how).predictions()


def _write(found: Annotations, path: Path, videos: Videos) -> None:
    json.write(project(found, path, videos), path)


FORMAT = Format(
    name="boris",
    title="a BORIS project",
    suffixes=(".boris",),
    recognises=lambda source: "observations" in source.object and "behaviors_conf" in source.object,
    annotations=_annotations,
    predictions=_predictions,
    write=_write,
    shows_videos=True,
)
