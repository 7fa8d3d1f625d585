"""Projects of the VGG Image Annotator, version 3 (`via3.json`).

    {"attribute": {"1": {"aname": "action", "type": 4, "options": {"0": "walking"}}},
     "file":      {"1": {"fname": "kitchen.mp4"}},
     "view":      {"1": {"fid_list": ["1"]}},
     "metadata":  {"1_opx": {"vid": "1", "z": [7.3, 35.0], "xy": [], "av": {"1": "0"}}}}

`z` is start and end in seconds; `av` holds, by attribute, a text or the id of an option (several, joined by commas,
for a checkbox). Rows with `xy` are regions drawn in one frame, not segments. The video id is the stem of `fname`.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from bineego import segments
from bineego.errors import InputInvalid, nearest
from bineego.formats import json
from bineego.formats.annotations import Annotations, NotPredictions
from bineego.formats.columns import ColumnsMissing
from bineego.formats.format import Format, LabelFile
from bineego.formats.options import AS_WRITTEN, LabelOptions
from bineego.formats.rows import RowCollector
from bineego.formats.via_project import project

LABEL_ATTRIBUTES = ("action", "actions", "activity", "label", "class")
"""Names (any case) of the attribute that is meant, where a project has several for segments."""

TEXT = "1"
"""`type` of attributes that hold free text."""

ADDRESSES = ("2", "3")
"""Values of `loc` of files that were added by their address, whose names are written as in addresses."""

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


def parse_annotations(document: json.Document, how: LabelOptions = AS_WRITTEN) -> Annotations:
    """`read_annotations` of a parsed file; `how` may name the attributes that make the label."""
    rows, videos = _parse(document, how)
    return Annotations(segments=rows.table(), videos=videos)


def _predictions(source: LabelFile, how: LabelOptions) -> Annotations:
    """Segments with their scores, as `via_project` writes them."""
    attributes = source.object.get("attribute")
    if not isinstance(attributes, dict) or not any(map(_is_score, attributes.values())):
        raise NotPredictions("these are annotations, not predictions (no attribute 'score')", where=source.path)
    rows, videos = _parse(source.document, how)
    return Annotations(segments=rows.scored_table(), videos=videos)


def _parse(document: json.Document, how: LabelOptions) -> tuple[RowCollector, tuple[str, ...]]:
    """The rows of a project, and the ids of all its videos."""
    document.refuse_double_keys()
    files = _files(document)
    views = _section(document, "view", optional=True)
    attributes = _section(document, "attribute", optional=True)
    score_id = next((key for key, entry in attributes.items() if _is_score(entry)), None)
    attributes = {key: entry for key, entry in attributes.items() if key != score_id}
    chosen = _label_attributes(attributes, how, document.path)
    rows = RowCollector(path=document.path)
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
        values = row.get("av")
        score = json.number(values.get(score_id)) if isinstance(values, dict) else None
        if isinstance(values, dict):
            values = {key: value for key, value in values.items() if key != score_id}
        labels = _labels(values, attributes, chosen, f"{document.path}, row {row_id!r}")
        if times is None:
            rows.skip(row_id, f"'z' is not two finite numbers: {json.short(row.get('z'))}")
        elif video is None:
            rows.skip(row_id, f"'vid' {row.get('vid')!r} refers to no file")
        elif not labels:
            rows.skip(row_id, f"'av' has no label: {json.short(row.get('av'))}")
        else:
            rows.add(video, labels, times, score)
    if n_regions:
        log.info("%s: %d rows are regions in single frames, not segments; ignored", document.path, n_regions)
    return rows, tuple(dict.fromkeys(files.values()))


def _is_score(attribute: object) -> bool:
    return isinstance(attribute, dict) and attribute.get("aname") == segments.SCORE


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
        if not isinstance(name, str):
            raise InputInvalid(f"file {fid!r} has no 'fname'", where=document.path)
        if str(entry.get("loc")) in ADDRESSES or "://" in name:
            name = unquote(urlsplit(name).path)
        stem = PurePosixPath(name.replace("\\", "/")).stem  # a project made on Windows may hold the folder too
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


def _label_attributes(attributes: Mapping[str, Any], how: LabelOptions, path: Path) -> tuple[str, ...]:
    """Ids of the attributes that make the label; none = any (there is at most one that could)."""
    timed = [
        key for key, entry in attributes.items()
        if isinstance(entry, dict) and entry.get("anchor_id", SEGMENT_ANCHOR) == SEGMENT_ANCHOR
    ]  # fmt: skip
    names = {key: str(attributes[key].get("aname", "")).strip() for key in timed}
    if wanted := how.named_columns.get("label"):
        return tuple(_named_attribute(name, names, path) for name in wanted)
    if len(timed) < 2:
        return ()
    chosen = next((key for key in timed if names[key].casefold() in LABEL_ATTRIBUTES), timed[0])
    others = ", ".join(repr(names[key]) for key in timed if key != chosen)
    joined = "+".join(names[key] for key in timed)
    log.warning(
        "%s: labels are taken from attribute %r; ignored: %s (--columns label=%s joins them)",
        path, names[chosen], others, joined,
    )  # fmt: skip
    return (chosen,)


def _named_attribute(name: str, names: Mapping[str, str], path: Path) -> str:
    found = [key for key, text in names.items() if text.casefold() == name.casefold()]
    if len(found) != 1:
        problem = "two attributes" if found else "no attribute"
        raise ColumnsMissing(
            f"{problem} {name!r}{nearest(name, names.values())}, which --columns names",
            where=path,
            remedy=f"found: {', '.join(names.values())}",
        )
    return found[0]


def _labels(av: object, attributes: Mapping[str, Any], chosen: Sequence[str], where: str) -> list[str]:
    """The label texts of a row: option ids resolved, anything else as it is; those of several attributes joined."""
    if not isinstance(av, dict):
        return []
    parts: list[list[str]] = []
    for key in chosen or av:
        value = av.get(key)
        if not isinstance(value, str) or not value.strip():
            continue
        attribute = attributes.get(key)
        # A text attribute offers options too, and takes any other text.
        select = isinstance(attribute, dict) and str(attribute.get("type")) != TEXT
        options = attribute.get("options") if attribute is not None and select else None
        parts.append(_resolve(value.strip(), options if isinstance(options, dict) else {}, where))
    if len(chosen) > 1:
        return [" ".join(several) for several in itertools.product(*parts)] if parts else []
    return [label for part in parts for label in part]


def _resolve(value: str, options: Mapping[str, Any], where: str) -> list[str]:
    """One option id, several joined by commas, or a text that is none of these.

    Raises:
        InputInvalid: the id of an option that the project no longer has.
    """
    ids = [part.strip() for part in value.split(",") if part.strip()]
    if ids and all(isinstance(options.get(part), str) for part in ids):
        return [options[part].strip() for part in ids if options[part].strip()]
    deleted = [part for part in ids if part.isdecimal() and part not in options]
    if options and deleted and value not in options.values():
        raise InputInvalid(
            f"its label is option {deleted[0]!r}, which the attribute no longer offers",
            where=where,
            remedy="give the row another label, or restore the option (VIA: attribute editor)",
        )
    return [value]


FORMAT = Format(
    name="via",
    title="a VIA 3 project",
    suffixes=(".json",),
    recognises=lambda source: is_project(source.object),
    annotations=lambda source, how: parse_annotations(source.document, how),
    predictions=_predictions,
    write=lambda found, path, videos: json.write(project(found, videos), path),
    shows_videos=True,
    own_ending=".via.json",
)
