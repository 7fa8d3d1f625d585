"""CSV: `video_id,label,start,end,score` (predictions), the same without score (ground truth), `video_id,scene[,score]`.

Strict: the header names the columns, in any order; a missing, doubled or unknown column, a row of another length and a
number that is none are errors with file, line and column. RFC 4180 quoting, UTF-8 with or without a byte order mark.
Spaces after a comma are not part of a value.
Pandas' own reader is not used: it turns ids "NA" and "0012" into nan and 12.0 and fills short rows in silence.
"""

from __future__ import annotations

import contextlib
import csv
import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bineego import segments
from bineego.errors import BineegoError, InputInvalid, InputMissing, UsageError, nearest
from bineego.files import atomic_text
from bineego.formats.annotations import Annotations, Subsets
from bineego.formats.format import Format, Source
from bineego.formats.options import LabelOptions
from bineego.types import Bools, Floats

NUMBERS = frozenset({"start", "end", "score"})
ANNOTATION_EXTRAS = ("subset", "scene")
SCENE_COLUMNS = ("video_id", "scene")
SCORED_SCENE_COLUMNS = (*SCENE_COLUMNS, "score")

CHUNK_ROWS = 100_000
"""Rows turned into arrays at a time, so that the texts of a large file are never all in memory."""

Column = NDArray[Any]


def read_predictions(path: Path) -> pd.DataFrame:
    """A scored segments table.

    Raises:
        InputMissing: the file cannot be read.
        InputInvalid: wrong columns or a value that is not a finite number.
    """
    columns = _read_columns(path, required=segments.SCORED_COLUMNS)
    return segments.make(*(columns[name] for name in segments.SCORED_COLUMNS))


def read_annotations(path: Path) -> Annotations:
    """Ground truth, with the optional columns `subset` and `scene`.

    A row whose label, start and end are all empty names a video without actions (all background).
    """
    columns = _read_columns(path, required=segments.COLUMNS, optional=ANNOTATION_EXTRAS, blank_rows=True)
    videos = columns["video_id"]
    named = _named_rows(columns, path)
    extras = {
        name: _one_value_per_video(videos, columns[name], name, path) if name in columns else {}
        for name in ANNOTATION_EXTRAS
    }
    subsets = Subsets(path)
    for video, name in extras["subset"].items():
        subsets.add(video, name)
    return Annotations(
        segments=segments.make(*(columns[name][named] for name in segments.COLUMNS)),
        videos=tuple(dict.fromkeys(videos.tolist())),
        subsets=subsets.known(),
        scenes=extras["scene"],
    )


def read_scenes(path: Path) -> dict[str, str]:
    """Scene name by video id, from a `video_id,scene[,score]` file."""
    columns = _read_columns(path, required=SCENE_COLUMNS, optional=("score",))
    return _one_value_per_video(columns["video_id"], columns["scene"], "scene", path)


def write_segments(table: pd.DataFrame, path: Path) -> None:
    """Write a segments table (with its score column, if it has one) in its own row order, whole or not at all."""
    names = segments.SCORED_COLUMNS if segments.SCORE in table else segments.COLUMNS
    columns = [
        map(repr, table[name].to_numpy(np.float64).tolist()) if name in NUMBERS else table[name].tolist()
        for name in names
    ]
    with atomic_text(path) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(zip(*columns, strict=True))


def write_annotations(found: Annotations, path: Path) -> None:
    """Write scored segments, or ground truth with the columns `subset` and `scene` where any video has one.

    In ground truth a video without rows gets one that names it alone (all background).
    """
    if segments.SCORE in found.segments:
        write_segments(found.segments, path)
        return
    extras = {"subset": found.subsets, "scene": found.scenes}
    extras = {name: values for name, values in extras.items() if values}
    named = set(found.segments["video_id"])
    rows = [
        *zip(*(found.segments[name].tolist() for name in segments.COLUMNS), strict=True),
        *((video, "", "", "") for video in found.videos if video not in named),
    ]
    with atomic_text(path) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow((*segments.COLUMNS, *extras))
        writer.writerows((*row, *(extra.get(row[0], "") for extra in extras.values())) for row in rows)


def write_scenes(scenes: Mapping[str, tuple[str, float]], path: Path) -> None:
    """Write scene name and probability by video id."""
    with atomic_text(path) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(SCORED_SCENE_COLUMNS)
        writer.writerows((video, scene, segments.number_text(score)) for video, (scene, score) in scenes.items())


def read_header(path: Path) -> list[str]:
    """The column names of a CSV file."""
    with _rows(path) as rows:
        return rows.header


def refuse_foreign(path: Path, columns: Collection[str]) -> None:
    """Refuse to replace a table that this program cannot have written: one of other columns.

    Raises:
        UsageError: there is one.
    """
    if not path.exists():
        return
    with contextlib.suppress(BineegoError):
        if set(read_header(path)) == set(columns):
            return
    raise UsageError(
        f"exists and is no table of {', '.join(columns)}: it would be overwritten",
        where=path,
        remedy="name another folder with -o",
    )


class _rows:  # noqa: N801 - a context manager, used like a function
    """Rows of a CSV file with their line numbers, and errors that name file and line."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)

    def __enter__(self) -> _rows:
        try:
            self._stream = self.path.open(encoding="utf-8-sig", newline="")
        except OSError as error:
            raise InputMissing(f"cannot be read ({error.strerror})", where=self.path) from error
        self._reader = csv.reader(self._stream, strict=True, skipinitialspace=True)
        header = next(iter(self), None)
        if header is None:
            self._stream.close()
            raise InputInvalid("empty file: not even a header", where=self.path)
        self.header = [name.strip() for name in header]
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def __iter__(self) -> Iterator[list[str]]:
        while True:
            try:
                row = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise InputInvalid(f"not valid CSV ({error})", where=self.at()) from error
            except UnicodeDecodeError as error:
                raise InputInvalid(f"not UTF-8 text ({error.reason})", where=self.path) from error
            if row:
                yield row

    def at(self) -> str:
        return f"{self.path}, line {self._reader.line_num}"


def _read_columns(
    path: Path, *, required: Sequence[str], optional: Sequence[str] = (), blank_rows: bool = False
) -> dict[str, Column]:
    chunks: dict[str, list[Column]] = {}
    with _rows(path) as rows:
        header = rows.header
        _check_header(header, required, optional, path)
        chunks = {name: [] for name in header}
        line = 1
        while batch := list(itertools.islice(rows, CHUNK_ROWS)):
            if set(map(len, batch)) != {len(header)}:
                bad, row = next((i, row) for i, row in enumerate(batch, 1) if len(row) != len(header))
                raise InputInvalid(
                    f"{len(row)} fields, the header has {len(header)}", where=f"{path}, row {line + bad} ({row[0]!r})"
                )
            for name, values in zip(header, zip(*batch, strict=True), strict=True):
                if (name == "video_id" or (name == "label" and not blank_rows)) and "" in values:
                    raise InputInvalid(f"{name} is empty", where=f"{path}, row {line + values.index('') + 1}")
                chunks[name].append(
                    _numbers(values, name, path, line, blank_rows) if name in NUMBERS else np.array(values, object)
                )
            line += len(batch)
    nothing: dict[bool, Column] = {True: np.array([], np.float64), False: np.array([], object)}
    return {name: np.concatenate([nothing[name in NUMBERS], *parts]) for name, parts in chunks.items()}


def _check_header(header: Sequence[str], required: Sequence[str], optional: Sequence[str], path: Path) -> None:
    expected = f"expected {','.join(required)}" + (f" and optionally {','.join(optional)}" if optional else "")
    where = f"{path}, line 1"
    for name in header:
        if header.count(name) > 1:
            raise InputInvalid(f"column {name!r} stands twice", where=where, remedy=expected)
    missing = [name for name in required if name not in header]
    if missing:
        found = ",".join(header) if len(",".join(header)) <= 200 else f"{len(header)} columns"
        raise InputInvalid(f"missing column {missing[0]!r} (found: {found})", where=where, remedy=expected)
    known = (*required, *optional)
    unknown = [name for name in header if name not in known]
    if unknown:
        raise InputInvalid(f"unknown column {unknown[0]!r}{nearest(unknown[0], known)}", where=where, remedy=expected)


def _numbers(values: Sequence[str], name: str, path: Path, line: int, blank_rows: bool) -> Floats:
    """Texts as float64; with `blank_rows` an empty text is nan (the caller decides what it means)."""
    try:
        if blank_rows and "" in values:
            numbers = np.array([float(value) if value else np.nan for value in values])
            finite = np.isfinite(numbers) | np.array([not value for value in values])
        else:
            numbers = np.array(list(map(float, values)))
            finite = np.isfinite(numbers)
        if finite.all() and "_" not in "".join(values):
            return numbers
    except ValueError:
        pass
    bad = next(i for i, value in enumerate(values) if not _is_number(value, blank=blank_rows))
    raise InputInvalid(
        f"{values[bad]!r} is not a finite number", where=f"{path}, row {line + bad + 1}, column {name!r}"
    )


def _is_number(text: str, *, blank: bool) -> bool:
    if blank and not text:
        return True
    try:
        return bool(np.isfinite(float(text))) and "_" not in text
    except ValueError:
        return False


def _named_rows(columns: Mapping[str, Column], path: Path) -> Bools:
    """Mask of the rows that hold a segment; the others name a video and leave label, start and end empty."""
    filled = np.stack([columns["label"] != "", *(~np.isnan(columns[name]) for name in segments.TIMES)])
    named: Bools = filled.sum(axis=0) == len(filled)
    partly = filled.any(axis=0) & ~named
    if partly.any():
        row = int(partly.argmax())
        raise InputInvalid(
            "label, start and end must all be given (or all be empty: a video without actions)",
            where=f"{path}, row {row + 2} ({columns['video_id'][row]!r})",
        )
    return named


def _one_value_per_video(videos: Column, values: Column, name: str, path: Path) -> dict[str, str]:
    """A per-video column: the same value (or an empty one) in every row of a video."""
    found: dict[str, str] = {}
    for video, value in dict.fromkeys(zip(videos.tolist(), values.tolist(), strict=True)):
        if value and found.setdefault(video, value) != value:
            raise InputInvalid(
                f"video {video!r} has two values of {name!r}: {found[video]!r} and {value!r}", where=path
            )
    return found


def _predictions(source: Source, _how: LabelOptions) -> Annotations:
    table = read_predictions(source.path)
    return Annotations(segments=table, videos=tuple(dict.fromkeys(table["video_id"])))


FORMAT = Format(
    name="csv",
    title="a table (CSV)",
    suffixes=(".csv", ".tsv"),
    recognises=lambda source: not source.is_json,
    annotations=lambda source, _how: read_annotations(source.path),
    predictions=_predictions,
    write=lambda found, path, _videos: write_annotations(found, path),
)
