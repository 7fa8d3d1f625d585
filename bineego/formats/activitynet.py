"""ActivityNet JSON: `{"database": {video: {"subset", "annotations": [...]}}}` and `{"results": {video: [...]}}`.

A row is `{"segment": [start, end], "label": ...}`, with `"score"` in results; times in seconds, as numbers or as texts
(THUMOS files write "18.6"). Labels by number (`label_id`) get the names of a map that comes with the file. "duration"
and "fps" of a video are kept where they are positive numbers. Further fields are allowed and not read. Everything is
strict: a wrong type, a missing field, a number that is not finite or a repeated key is an error that names the file and
the row.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd

from bineego import segments
from bineego.errors import InputInvalid
from bineego.files import write_bytes
from bineego.formats import json, label_ids
from bineego.formats.annotations import Annotations, NotPredictions, Subsets
from bineego.formats.format import Format, LabelFile, Videos
from bineego.formats.options import LabelOptions
from bineego.formats.units import in_seconds
from bineego.words import listed

VERSION = "VERSION 1.3"
GROUND_TRUTH_KEY = "database"
RESULTS_KEY = "results"

log = logging.getLogger(__name__)


@json.no_garbage_collection()
def read_predictions(path: Path) -> pd.DataFrame:
    """A scored segments table from a results file, in file order.

    Raises:
        InputMissing: the file cannot be read.
        InputInvalid: not a results file, or a wrong row.
    """
    return parse_predictions(json.read(path))


@json.no_garbage_collection()
def read_annotations(path: Path) -> Annotations:
    """Ground truth. Videos with an empty list of annotations are all background, those without one are unlabelled.

    Raises:
        InputMissing: the file cannot be read.
        InputInvalid: not a ground-truth file, or a wrong row.
    """
    return parse_annotations(json.read(path))


def write_predictions(
    table: pd.DataFrame, path: Path, *, videos: Sequence[str] = (), damage: Mapping[str, Any] | None = None
) -> None:
    """Write a results file, whole or not at all; numbers are the shortest text that reads back to the same float64.

    Args:
        table: scored segments; videos in the order of their first row, rows in table order.
        path: the file.
        videos: ids that get an (empty) entry even without rows.
        damage: see `Annotations.damage`; goes to `external_data`, which is free by the format.
    """
    results: dict[str, list[dict[str, object]]] = {video: [] for video in videos}
    columns = [table[name].tolist() for name in segments.SCORED_COLUMNS]
    for video, label, start, end, score in zip(*columns, strict=True):
        results.setdefault(video, []).append({"segment": [start, end], "label": label, "score": score})
    content = {"version": VERSION, RESULTS_KEY: results, "external_data": {"damage": damage} if damage else {}}
    write_bytes(path, orjson.dumps(content) + b"\n")


def write_annotations(found: Annotations, path: Path) -> None:
    """Write a ground-truth file, whole or not at all; subsets are written, scenes have no place in it."""
    database: dict[str, dict[str, Any]] = {}
    for video in dict.fromkeys((*found.videos, *found.segments["video_id"].tolist())):
        subset = found.subsets.get(video)
        database[video] = ({} if subset is None else {"subset": subset}) | {"annotations": []}
    columns = [found.segments[name].tolist() for name in segments.COLUMNS]
    for video, label, start, end in zip(*columns, strict=True):
        database[video]["annotations"].append({"segment": [start, end], "label": label})
    write_bytes(path, orjson.dumps({"version": VERSION, GROUND_TRUTH_KEY: database}) + b"\n")


def _annotations(source: LabelFile, how: LabelOptions) -> Annotations:
    if RESULTS_KEY in source.object and GROUND_TRUTH_KEY not in source.object:
        raise InputInvalid("these are predictions, not annotations", where=source.path)
    found = parse_annotations(source.document)
    return replace(found, segments=in_seconds(found.segments, how, source.media, source.path))


def _predictions(source: LabelFile, how: LabelOptions) -> Annotations:
    if RESULTS_KEY not in source.object:
        raise NotPredictions("these are annotations, not predictions (no scores)", where=source.path)
    table = in_seconds(parse_predictions(source.document), how, source.media, source.path)
    return Annotations(segments=table, videos=tuple(source.object[RESULTS_KEY]))


def _write(found: Annotations, path: Path, _videos: Videos) -> None:
    if segments.SCORE in found.segments:
        write_predictions(found.segments, path, videos=found.videos, damage=found.damage)
    else:
        write_annotations(found, path)


FORMAT = Format(
    name="json",
    title="ActivityNet JSON ('database' or 'results')",
    suffixes=(".json",),
    recognises=lambda source: GROUND_TRUTH_KEY in source.object or RESULTS_KEY in source.object,
    annotations=_annotations,
    predictions=_predictions,
    write=_write,
)


def parse_predictions(document: json.Document) -> pd.DataFrame:
    """`read_predictions` of a parsed file."""
    results = _section(document, RESULTS_KEY, "predictions")
    _name_labels(results, document)
    table = _table(results, document.path, RESULTS_KEY, scored=True)
    counts = {"segment": len(table), "label": len(table), "score": len(table)}
    # A video without rows may stand twice, and no row tells.
    document.refuse_double_keys(counts if all(results.values()) else None)
    return table


def parse_annotations(document: json.Document) -> Annotations:
    """`read_annotations` of a parsed file."""
    database = _section(document, GROUND_TRUTH_KEY, "ground truth")
    lists: dict[str, Any] = {}
    unlabelled: list[str] = []
    lengths: dict[str, float] = {}
    frame_rates: dict[str, float] = {}
    subsets = Subsets(document.path)
    for video, entry in database.items():
        where = f"{document.path}, {GROUND_TRUTH_KEY}[{video!r}]"
        if not isinstance(entry, dict):
            raise InputInvalid(f"expected an object, found {json.short(entry)}", where=where)
        if "annotations" in entry:
            lists[video] = entry["annotations"]
        else:
            unlabelled.append(video)
        if entry.get("subset") is not None:
            subsets.add(video, entry["subset"])
        for found, key in ((lengths, "duration"), (frame_rates, "fps")):
            value = json.number(entry.get(key))
            if value is not None and value > 0:
                found[video] = value
    _name_labels(lists, document)
    table = _table(lists, document.path, GROUND_TRUTH_KEY, scored=False)
    subsets_named = sum("subset" in entry for entry in database.values())
    document.refuse_double_keys(
        {"segment": len(table), "label": len(table), "annotations": len(lists), "subset": subsets_named}
    )
    if unlabelled:
        log.info("%s: %s without 'annotations': not annotated", document.path, listed(unlabelled, "video"))
    return Annotations(
        segments=table,
        videos=tuple(lists),
        subsets=subsets.known(),
        unlabelled=tuple(unlabelled),
        lengths=lengths,
        frame_rates=frame_rates,
    )


def _name_labels(lists: dict[str, Any], document: json.Document) -> None:
    """Names for labels that the file gives by number alone."""
    if b'"label_id"' in document.content:
        label_ids.fill_in(
            itertools.chain.from_iterable(rows for rows in lists.values() if isinstance(rows, list)), document
        )


def _section(document: json.Document, key: str, what: str) -> dict[str, Any]:
    if not isinstance(document.value, dict) or key not in document.value:
        raise InputInvalid(f"no {what} here: expected an object with the key {key!r}", where=document.path)
    section = document.value[key]
    if not isinstance(section, dict):
        raise InputInvalid(
            f"expected an object with one key per video, found {json.short(section)}", where=f"{document.path}, {key!r}"
        )
    if "" in section:
        raise InputInvalid("empty video id", where=f"{document.path}, {key!r}", remedy="name the video")
    return section


@json.no_garbage_collection()
def _table(lists: dict[str, Any], path: Path, key: str, *, scored: bool) -> pd.DataFrame:
    """All rows as a table: whole columns at once, and only if one of them is wrong row by row, to name the place."""
    try:
        rows = [row for rows in lists.values() for row in rows]
        pairs = [row["segment"] for row in rows]
        labels = [row["label"] for row in rows]
        scores = [row["score"] for row in rows] if scored else None
    except (TypeError, KeyError):
        raise _first_problem(lists, path, key, scored) from None
    right = (
        set(map(type, lists.values())) <= {list}
        and set(map(type, pairs)) <= {list}
        and set(map(len, pairs)) <= {2}
        and set(map(type, labels)) <= {str}
        and "" not in set(labels)
        and (scores is None or set(map(type, scores)) <= {int, float})
    )
    if not right:
        raise _first_problem(lists, path, key, scored)
    texts = set(map(type, itertools.chain.from_iterable(pairs))) - {int, float}
    times = itertools.chain.from_iterable(pairs)
    try:
        numbers = (
            np.array([json.number(time) for time in times], np.float64)
            if texts
            else np.fromiter(times, np.float64, 2 * len(pairs))
        ).reshape(-1, 2)
        confidence = None if scores is None else np.array(scores, np.float64)
    except (TypeError, OverflowError):
        raise _first_problem(lists, path, key, scored) from None
    if not np.isfinite(numbers).all() or (confidence is not None and not np.isfinite(confidence).all()):
        raise _first_problem(lists, path, key, scored)
    videos = np.repeat(np.array(list(lists), object), [len(rows) for rows in lists.values()])
    return segments.make(videos, labels, numbers[:, 0], numbers[:, 1], confidence)


def _first_problem(lists: dict[str, Any], path: Path, key: str, scored: bool) -> InputInvalid:
    """What is wrong with the first wrong row."""
    for video, rows in lists.items():
        if not isinstance(rows, list):
            return InputInvalid(f"expected a list of rows, found {json.short(rows)}", where=f"{path}, {key}[{video!r}]")
        for i, row in enumerate(rows):
            problem = _problem(row, scored)
            if problem:
                return InputInvalid(problem, where=f"{path}, {key}[{video!r}], row {i + 1}")
    return InputInvalid("rows that cannot be read", where=path)


def _problem(row: object, scored: bool) -> str | None:
    if not isinstance(row, dict):
        return f"expected an object, found {json.short(row)}"
    if "segment" not in row:
        return "no 'segment'"
    if json.pair(row["segment"]) is None:
        return f"'segment' is not two finite numbers: {json.short(row['segment'])}"
    if not isinstance(row.get("label"), str) or not row["label"]:
        return f"'label' is not a text: {json.short(row['label'])}" if "label" in row else "no 'label'"
    if scored and "score" not in row:
        return "no 'score': is this ground truth?"
    if scored and (isinstance(row["score"], str) or json.number(row["score"]) is None):
        return f"'score' is not a finite number: {json.short(row['score'])}"
    return None
