"""EPIC-KITCHENS: its CSV of annotations, and results of its action detection challenge.

    narration_id,participant_id,video_id,...,start_timestamp,stop_timestamp,...,verb,verb_class,noun,noun_class,...
    {"challenge": "action_detection", "results": {"P01_11": [{"verb": 0, "noun": 2, "action": "0,2",
                                                              "score": 0.9, "segment": [0.5, 2.1]}]}}

An action is a verb with a noun: in the CSV the label is "take plate", in results the two numbers "0,2". `--columns
label=verb` (or noun, narration, verb_class+noun_class ...) takes another; the last reads both files alike.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bineego.errors import InputInvalid
from bineego.formats import csv, json
from bineego.formats.annotations import Annotations
from bineego.formats.format import Format, LabelFile
from bineego.formats.options import LabelOptions
from bineego.formats.rows import RowCollector

CSV_COLUMNS = frozenset({"narration_id", "video_id", "start_timestamp", "stop_timestamp", "verb", "noun"})
CSV_LABEL = "label=verb+noun"
FIELDS: Mapping[str, str] = {
    "verb": "verb", "verb_class": "verb", "noun": "noun", "noun_class": "noun", "action": "action",
}  # fmt: skip
"""Columns of the CSV, and the fields of results that hold the same number."""

log = logging.getLogger(__name__)


def _csv_annotations(source: LabelFile, how: LabelOptions) -> Annotations:
    if "label" not in how.named_columns:
        how = replace(how, columns=CSV_LABEL if how.columns is None else f"{how.columns},{CSV_LABEL}")
        log.info("%s: EPIC-KITCHENS; labels are verb and noun (--columns label=narration takes another)", source.path)
    return csv.read_annotations(source.path, how, source.media)


def _is_csv(source: LabelFile) -> bool:
    header = "" if source.is_json else source.text.split("\n", 1)[0]
    return {name.strip() for name in header.split(",")} >= CSV_COLUMNS


def _is_results(source: LabelFile) -> bool:
    results = source.object.get("results")
    if not isinstance(results, dict):
        return False
    first = next((row for rows in results.values() if isinstance(rows, list) for row in rows), None)
    return isinstance(first, dict) and "label" not in first and {"verb", "noun"} <= set(first)


def _predictions(source: LabelFile, how: LabelOptions) -> Annotations:
    source.document.refuse_double_keys()
    parts = how.named_columns.get("label", ("action",))
    unknown = [name for name in parts if name not in FIELDS]
    if unknown:
        raise InputInvalid(f"EPIC-KITCHENS results have no {unknown[0]!r}", where="--columns", remedy="label=verb+noun")
    rows = RowCollector(path=source.path)
    results = source.object["results"]
    for video, several in results.items():
        if not isinstance(several, list):
            raise InputInvalid(
                f"expected a list of rows, found {json.short(several)}", where=f"{source.path}, {video!r}"
            )
        for number, row in enumerate(several, 1):
            where = f"{source.path}, results[{video!r}], row {number}"
            times = json.times(row, "segment", where=where)
            label = " ".join(_part(row, name, where) for name in parts)
            rows.add(video, (label,), times, json.score(row, where, needed=True))
    log.info("%s: EPIC-KITCHENS results; labels are the numbers of verb and noun", source.path)
    return Annotations(segments=rows.scored_table(), videos=tuple(results))


def _part(row: Mapping[str, Any], name: str, where: str) -> str:
    field = FIELDS[name]
    value = row.get(field, f"{row.get('verb')},{row.get('noun')}" if field == "action" else None)
    if value is None or isinstance(value, bool | list | dict) or not str(value).strip():
        raise InputInvalid(f"no {field!r}: {json.short(row)}", where=where)
    return str(value).strip().replace(", ", ",")


CSV = Format(
    name="epic-csv",
    title="EPIC-KITCHENS CSV",
    suffixes=(".csv",),
    recognises=_is_csv,
    annotations=_csv_annotations,
)

RESULTS = Format(
    name="epic-results",
    title="EPIC-KITCHENS results",
    suffixes=(".json",),
    recognises=_is_results,
    predictions=_predictions,
)
