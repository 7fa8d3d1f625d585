"""CSV of V-TRACE: one file for each video and named by it, with `labelId,timestamp,endTimestamp[,score]` in seconds.

    # trace-meta: behaviors=grooming:g,rearing:r
    labelId,timestamp,endTimestamp
    grooming,12.430,18.970

Lines that begin with `#` are comments. Predictions are in `<video>.pred.csv`. An `animal` column is not read.
"""

from __future__ import annotations

import logging
from pathlib import Path

from bineego import segments
from bineego.errors import InputInvalid
from bineego.files import atomic_text
from bineego.formats import json, overlaps, tool_csv
from bineego.formats.annotations import Annotations
from bineego.formats.format import Format, LabelFile, Videos
from bineego.formats.options import LabelOptions
from bineego.formats.rows import RowCollector
from bineego.formats.table import csv_line
from bineego.words import many

COLUMNS = ("labelId", "timestamp", "endTimestamp")
ANIMAL = "animal"
PREDICTED = ".pred"

log = logging.getLogger(__name__)


def _recognises(source: LabelFile) -> bool:
    if source.is_json:
        return False
    header = next((line for line in source.text.splitlines() if line.strip() and not line.startswith("#")), "")
    return set(COLUMNS) <= {name.strip().strip('"') for name in header.split(",")}


def _annotations(source: LabelFile, _how: LabelOptions) -> Annotations:
    rows, video, animals = _read(source)
    table = rows.table()
    whole = overlaps.joined(table) if animals > 1 else table
    if len(whole) < len(table):
        log.warning(
            "%s: %s joined with the same label of another animal", source.path, many(len(table) - len(whole), "row")
        )
    return Annotations(segments=whole, videos=(video,))


def _predictions(source: LabelFile, _how: LabelOptions) -> Annotations:
    rows, video, _ = _read(source)
    return Annotations(segments=rows.scored_table(), videos=(video,))


def _read(source: LabelFile) -> tuple[RowCollector, str, int]:
    """The rows, the video, and how many animals they are about."""
    path = source.path
    video = path.stem.removesuffix(PREDICTED)
    header, found = tool_csv.read(path, comment="#")
    rows = RowCollector(path=path)
    animals = set()
    for line, cells in found:
        where = f"{path}, line {line}"
        row = dict(zip(header, (cell.strip() for cell in cells), strict=True))
        label, times = row[COLUMNS[0]], json.pair([row[COLUMNS[1]], row[COLUMNS[2]]])
        if not label:
            raise InputInvalid("empty labelId", where=where)
        if times is None:
            raise InputInvalid(f"timestamp and endTimestamp are not two finite numbers: {cells}", where=where)
        animals.add(row.get(ANIMAL, ""))
        rows.add(video, (label,), times, json.number(row.get(segments.SCORE)))
    return rows, video, len(animals)


def _write(found: Annotations, path: Path, _videos: Videos) -> None:
    scored = segments.SCORE in found.segments
    numbers = (*segments.TIMES, *((segments.SCORE,) if scored else ()))
    # A row is a line here, whatever is quoted.
    labels = [" ".join(label.splitlines()) for label in found.segments["label"]]
    commented = [label for label in labels if label.startswith("#")]
    if commented:
        raise InputInvalid(f"label {commented[0]!r} would be a comment", where=path, remedy="choose another format")
    columns = [labels, *(map(repr, found.segments[name].tolist()) for name in numbers)]
    with atomic_text(path) as stream:
        stream.write(csv_line((*COLUMNS, *((segments.SCORE,) if scored else ()))))
        stream.writelines(map(csv_line, zip(*columns, strict=True)))


FORMAT = Format(
    name="vtrace",
    title="V-TRACE CSV (labelId,timestamp,endTimestamp)",
    suffixes=(".csv",),
    recognises=_recognises,
    annotations=_annotations,
    predictions=_predictions,
    write=_write,
    one_video=True,
    unnamed=True,
    own_ending=f"{PREDICTED}.csv",
)
