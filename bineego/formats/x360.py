"""Annotations as 360+x releases them: one JSON file per recording, named by it.

    {"metadata": {"1_1_1": {"duration": [5.5, 7.4], "action": {"1": "sitting"}}}}

`duration` is start and end in seconds. Segments overlap freely. Source: the data set's public development kit.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from bineego.errors import InputInvalid
from bineego.files import write_bytes
from bineego.formats import json
from bineego.formats.annotations import Annotations
from bineego.formats.format import Format, LabelFile
from bineego.formats.options import LabelOptions
from bineego.formats.rows import RowCollector
from bineego.formats.units import in_seconds


def read_annotations(path: Path) -> Annotations:
    """The segments of one recording, whose id is the file's stem; an empty `metadata` = all background.

    A row with a malformed time or without a label is skipped with a warning that names it.

    Raises:
        InputMissing: the file cannot be read.
        InputInvalid: it is not in this format, or none of its rows can be used.
    """
    return parse_annotations(json.read(path))


def parse_annotations(document: json.Document) -> Annotations:
    """`read_annotations` of a parsed file."""
    document.refuse_double_keys()
    metadata = document.value.get("metadata") if isinstance(document.value, dict) else None
    if not isinstance(metadata, dict):
        raise InputInvalid("expected an object with the key 'metadata', one entry per segment", where=document.path)
    video = document.path.stem
    rows = RowCollector(path=document.path)
    for row_id, row in metadata.items():
        if not isinstance(row, dict):
            rows.skip(row_id, f"expected an object, found {json.short(row)}")
            continue
        times = json.pair(row.get("duration"))
        labels = _labels(row.get("action"))
        if times is None:
            rows.skip(row_id, f"'duration' is not two finite numbers: {json.short(row.get('duration'))}")
        elif not labels:
            rows.skip(row_id, f"'action' has no label: {json.short(row.get('action'))}")
        else:
            rows.add(video, labels, times)
    return Annotations(segments=rows.table(), videos=(video,))


def write_annotations(table: pd.DataFrame, path: Path) -> None:
    """Write the segments of one recording to `<recording>.json`, whole or not at all."""
    columns = (table[name].tolist() for name in ("label", "start", "end"))
    metadata: dict[str, Any] = {
        f"1_{i}": {"duration": [start, end], "action": {"1": label}}
        for i, (label, start, end) in enumerate(zip(*columns, strict=True))
    }
    write_bytes(path, orjson.dumps({"metadata": metadata}) + b"\n")


def _labels(action: Any) -> list[str]:
    """The non-empty texts of an `action` entry, each a label by itself."""
    values = action.values() if isinstance(action, dict) else [action]
    return [value.strip() for value in values if isinstance(value, str) and value.strip()]


def _annotations(source: LabelFile, how: LabelOptions) -> Annotations:
    found = parse_annotations(source.document)
    return replace(found, segments=in_seconds(found.segments, how, source.media, source.path))


FORMAT = Format(
    name="360x",
    title="360+x JSON ('metadata')",
    suffixes=(".json",),
    recognises=lambda source: "metadata" in source.object,
    annotations=_annotations,
    write=lambda found, path, _videos: write_annotations(found.segments, path),
    one_video=True,
    unnamed=True,
)
