"""The JSON that the web page of the BinEgo-360 challenge takes.

    [{"video_id": "9331...", "t_start": 9.6, "t_end": 116.3, "label": "speaking"}, ...]

Source: the challenge's page; see `labels`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bineego import segments
from bineego.errors import InputInvalid, nearest
from bineego.formats import json
from bineego.formats.annotations import Annotations
from bineego.formats.format import Format, LabelFile, Videos
from bineego.formats.options import LabelOptions
from bineego.formats.rows import RowCollector
from bineego.labels import CHALLENGE_ACTIONS

KEYS = ("video_id", "t_start", "t_end", "label")


def recognises(source: LabelFile) -> bool:
    """Whether it is a list of such rows."""
    value = source.document.value if source.is_json else None
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict) and set(KEYS[:3]) <= set(value[0])


def _read(source: LabelFile) -> RowCollector:
    source.document.refuse_double_keys()
    rows = RowCollector(path=source.path)
    for number, row in enumerate(source.document.value, 1):
        _add(rows, row, f"{source.path}, row {number}")
    return rows


def _add(rows: RowCollector, row: Any, where: str) -> None:
    missing = [key for key in KEYS if key not in row] if isinstance(row, dict) else list(KEYS)
    if missing:
        raise InputInvalid(f"no {missing[0]!r}: {json.short(row)}", where=where)
    times = json.times(row, *KEYS[1:3], where=where)
    if not isinstance(row["video_id"], str) or not row["video_id"]:
        raise InputInvalid(f"'video_id' is not a text: {json.short(row['video_id'])}", where=where)
    rows.add(row["video_id"], (_label(row["label"], where),), times, json.score(row, where))


def problems_of(source: LabelFile) -> list[str]:
    """What is wrong with the web page's JSON; its labels too, if any of them is one of the challenge's."""
    rows = RowCollector(path=source.path)
    problems: list[str] = []
    for number, row in enumerate(source.document.value, 1):
        try:
            _add(rows, row, f"row {number}")
        except InputInvalid as error:
            problems.append(str(error))
            continue
        if rows.ends[-1] <= rows.starts[-1]:
            problems.append(f"row {number}: from {rows.starts[-1]:g} to {rows.ends[-1]:g} s has no length")
    labels = dict.fromkeys(rows.labels)
    if not labels.keys().isdisjoint(CHALLENGE_ACTIONS):
        unknown = [label for label in labels if label not in CHALLENGE_ACTIONS]
        problems += [
            f"label {label!r} is not one of the challenge's{nearest(label, CHALLENGE_ACTIONS)}" for label in unknown
        ]
    return problems


def _label(label: object, where: str) -> str:
    """The name of a label; the challenge's own number of it is as good."""
    if isinstance(label, int) and not isinstance(label, bool) and 1 <= label <= len(CHALLENGE_ACTIONS):
        return CHALLENGE_ACTIONS[label - 1]
    if not isinstance(label, str) or not label.strip():
        raise InputInvalid(f"'label' is not a text: {json.short(label)}", where=where)
    return label


def _annotations(source: LabelFile, _how: LabelOptions) -> Annotations:
    rows = _read(source)
    return Annotations(segments=rows.table(), videos=tuple(dict.fromkeys(rows.videos)))


def _predictions(source: LabelFile, _how: LabelOptions) -> Annotations:
    rows = _read(source)
    return Annotations(segments=rows.scored_table(), videos=tuple(dict.fromkeys(rows.videos)))


def _write(found: Annotations, path: Path, _videos: Videos) -> None:
    """The page wants four fields: predictions are listed best first within each video."""
    table = found.segments
    if segments.SCORE in table:
        table = table.sort_values(segments.SCORE, ascending=False, kind="stable")
        table = table.sort_values("video_id", kind="stable")
    columns = (table[name].tolist() for name in ("video_id", "start", "end", "label"))
    json.write([dict(zip(KEYS, row, strict=True)) for row in zip(*columns, strict=True)], path)


FORMAT = Format(
    name="challenge-json",
    title="the challenge's JSON (video_id, t_start, t_end, label)",
    suffixes=(".json",),
    recognises=recognises,
    annotations=_annotations,
    predictions=_predictions,
    write=_write,
    ranked=True,
    own_ending=".challenge.json",
)
