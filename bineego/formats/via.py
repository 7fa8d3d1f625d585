"""Projects of the VGG Image Annotator, version 3 (`via3.json`).

    {"attribute": {"1": {"aname": "action", "type": 4, "options": {"0": "walking"}}},
     "file":      {"1": {"fname": "kitchen.mp4"}},
     "view":      {"1": {"fid_list": ["1"]}},
     "metadata":  {"1_opx": {"vid": "1", "z": [7.3, 35.0], "xy": [], "av": {"1": "0"}}}}

`z` is start and end in seconds; `av` holds, by attribute, a text or the id of an option (several, joined by commas,
for a checkbox). Rows with `xy` are regions drawn in one frame, not segments. The video id is the stem of `fname`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from bineego.errors import InputInvalid
from bineego.formats import json
from bineego.formats.annotations import Annotations
from bineego.formats.format import Format
from bineego.formats.rows import Rows

LABEL_ATTRIBUTES = ("action", "actions", "activity", "label", "class")
"""Names (any case) of the attribute that is meant, where a project has several for segments."""

SEGMENT_ANCHOR = "FILE1_Z2_XY0"
"""Anchor of attributes that belong to a stretch of time in one file."""

log = logging.getLogger(__name__)


def read_annotations(path: Path) -> Annotations:
    """The segments of all files of a project; a file without rows is all background.

    A row with a malformed time, without a label or of an unknown file is skipped with a warning that names it.

    Raises:
        InputMissing: the file cannot be read.
        InputInvalid: it is not such a project, or none of its rows can be used.
    """
    return parse_annotations(json.read(path))


def parse_annotations(document: json.Document) -> Annotations:
    """`read_annotations` of a parsed file."""
    document.refuse_double_keys()
    files = _files(document)
    views = _section(document, "view", optional=True)
    attributes = _section(document, "attribute", optional=True)
    chosen = _label_attribute(attributes, document.path)
    rows = Rows(path=document.path)
    n_regions = 0
    for row_id, row in _section(document, "metadata").items():
        if not isinstance(row, dict):
            rows.skip(row_id, f"expected an object, found {json.short(row)}")
            continue
        if row.get("xy"):
            n_regions += 1
            continue
        video = _video(row.get("vid"), views, files)
        times = json.pair(row.get("z"))
        labels = _labels(row.get("av"), attributes, chosen)
        if times is None:
            rows.skip(row_id, f"'z' is not two finite numbers: {json.short(row.get('z'))}")
        elif video is None:
            rows.skip(row_id, f"'vid' {row.get('vid')!r} leads to no file")
        elif not labels:
            rows.skip(row_id, f"'av' holds no label: {json.short(row.get('av'))}")
        else:
            rows.add(video, labels, times)
    if n_regions:
        log.info("%s: %d rows are regions in single frames, not segments; not read", document.path, n_regions)
    return Annotations(segments=rows.table(), videos=tuple(dict.fromkeys(files.values())))


def is_project(value: Mapping[str, Any]) -> bool:
    """Whether a parsed JSON object is a project (and not the released 360+x variant, which has `metadata` alone)."""
    return "metadata" in value and ("file" in value or "attribute" in value)


def _section(document: json.Document, key: str, *, optional: bool = False) -> dict[str, Any]:
    value = document.value.get(key, {} if optional else None) if isinstance(document.value, dict) else None
    if not isinstance(value, dict):
        raise InputInvalid(f"expected an object under the key {key!r}, found {json.short(value)}", where=document.path)
    return value


def _files(document: json.Document) -> dict[str, str]:
    """Video id by file id."""
    found: dict[str, str] = {}
    for fid, entry in _section(document, "file").items():
        name = entry.get("fname") if isinstance(entry, dict) else None
        # A project made on Windows, or from an address, holds more than the name.
        stem = PurePosixPath(name.replace("\\", "/")).stem if isinstance(name, str) else ""
        if not stem:
            raise InputInvalid(f"file {fid!r} has no 'fname'", where=document.path)
        found[str(fid)] = stem
    twice = sorted({video for video in found.values() if list(found.values()).count(video) > 1})
    if twice:
        log.warning("%s: two files are both called %r; their segments are joined", document.path, twice[0])
    return found


def _video(vid: object, views: Mapping[str, Any], files: Mapping[str, str]) -> str | None:
    """Video id of a view: the first file it shows. Projects without views number their files instead."""
    view = views.get(str(vid))
    if isinstance(view, dict):
        fids = view.get("fid_list")
        return files.get(str(fids[0])) if isinstance(fids, list) and fids else None
    return files.get(str(vid))


def _label_attribute(attributes: Mapping[str, Any], path: Path) -> str | None:
    """Id of the attribute that holds the label; None = any (there is at most one that could)."""
    timed = [
        key for key, entry in attributes.items()
        if isinstance(entry, dict) and entry.get("anchor_id", SEGMENT_ANCHOR) == SEGMENT_ANCHOR
    ]  # fmt: skip
    if len(timed) < 2:
        return None
    names = {key: str(attributes[key].get("aname", "")) for key in timed}
    chosen = next((key for key in timed if names[key].strip().casefold() in LABEL_ATTRIBUTES), timed[0])
    others = ", ".join(repr(names[key]) for key in timed if key != chosen)
    log.warning("%s: labels are taken from attribute %r; not read: %s", path, names[chosen], others)
    return chosen


def _labels(av: object, attributes: Mapping[str, Any], chosen: str | None) -> list[str]:
    """The label texts of a row: option ids resolved, anything else as it stands."""
    if not isinstance(av, dict):
        return []
    labels: list[str] = []
    for key, value in av.items():
        if chosen is not None and key != chosen:
            continue
        if not isinstance(value, str) or not value.strip():
            continue
        attribute = attributes.get(key)
        options = attribute.get("options") if isinstance(attribute, dict) else None
        labels += _resolve(value.strip(), options if isinstance(options, dict) else {})
    return labels


def _resolve(value: str, options: Mapping[str, Any]) -> list[str]:
    """One option id, several joined by commas, or a text that is none of these."""
    ids = [part.strip() for part in value.split(",") if part.strip()]
    if ids and all(isinstance(options.get(part), str) for part in ids):
        return [options[part].strip() for part in ids if options[part].strip()]
    return [value]


FORMAT = Format(
    name="via",
    title="a VIA 3 project",
    suffixes=(".json",),
    recognises=lambda source: is_project(source.object),
    annotations=lambda source, _how: parse_annotations(source.document),
)
