"""Helpers of the tests of tools' formats."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from bineego import segments
from bineego.formats import read
from bineego.formats.annotations import Annotations
from bineego.formats.media import Media

Row = tuple[Any, ...]


def rows_of(path: Path, **options: Any) -> list[Row]:
    """The segments that a file of labels holds."""
    return rows(read.read_annotations(path, **options).segments)


def rows(table: pd.DataFrame) -> list[Row]:
    return [tuple(row) for row in table.itertuples(index=False)]


def media(*videos: str, rate: float = 25.0, length: float = 60.0, steady: bool = True) -> dict[str, Media]:
    return {
        video: Media(path=Path(f"/videos/{video}.mp4"), length=length, rate=rate, steady=steady) for video in videos
    }


def found(*several: Row, videos: tuple[str, ...] = ()) -> Annotations:
    """Annotations of rows (video, label, start, end[, score])."""
    columns = list(zip(*several, strict=True)) if several else [()] * 4
    table = segments.make(*columns)
    return Annotations(segments=table, videos=tuple(dict.fromkeys((*videos, *table["video_id"].tolist()))))


def write_json(path: Path, value: object) -> Path:
    path.write_text(json.dumps(value), encoding="utf-8")
    return path
