"""Tables (CSV, TSV, .xlsx): `video_id,label,start,end,score` (predictions), without score (ground truth), scenes.

Our own tables are written one way: commas, UTF-8, times in seconds, quotes where a cell needs them (also around cells
with blanks at their ends). Those of people and other tools are read as they are: `table` reads the cells, `columns`
tells which column holds what, `times` turns texts into numbers. Whatever was guessed is reported in one line; what is
wrong, or may be read in two ways, is refused with file and line. Ids and labels stay texts: "NA" and "0012" are what
they are.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from bineego import segments
from bineego.errors import InputInvalid, UsageError
from bineego.files import atomic_text
from bineego.formats import columns as layouts
from bineego.formats import table, table_file, times
from bineego.formats.annotations import Annotations, Subsets
from bineego.formats.columns import DURATION, END, LABEL, RATE, SCENE, SCORE, START, SUBSET, VIDEO, Layout
from bineego.formats.format import Format, LabelFile
from bineego.formats.media import NO_MEDIA, Medias
from bineego.formats.options import AS_WRITTEN, LabelOptions, TimeUnit
from bineego.formats.table import Column, Table
from bineego.formats.units import rates_of
from bineego.labels import composed
from bineego.types import Bools, Floats

NUMBERS = frozenset({"start", "end", "score"})
SCENE_COLUMNS = ("video_id", "scene")
SCORED_SCENE_COLUMNS = (*SCENE_COLUMNS, "score")

SUM_DECIMALS = 9
"""A start and a duration are added up to this many decimals: 9.56 + 3.72 is 13.28."""

log = logging.getLogger(__name__)


def read_predictions(path: Path, how: LabelOptions = AS_WRITTEN, media: Medias = NO_MEDIA) -> pd.DataFrame:
    """A scored segments table.

    Raises:
        InputMissing: the file cannot be read.
        InputInvalid: wrong columns, or a value that is not a finite number.
    """
    cells = _read(path, (VIDEO, LABEL, START, END, SCORE), (), how, media, blank_rows=False)
    return segments.make(cells.video, cells.label, cells.start, cells.end, cells.numbers[SCORE])


def read_annotations(path: Path, how: LabelOptions = AS_WRITTEN, media: Medias = NO_MEDIA) -> Annotations:
    """Ground truth, with the optional columns `subset` and `scene`.

    A row whose label, start and end are all empty names a video without actions (all background).
    """
    cells = _read(path, (VIDEO, LABEL, START, END), (SUBSET, SCENE, SCORE), how, media, blank_rows=True)
    named = _named_rows(cells)
    subsets = Subsets(path)
    for video, name in _one_value_per_video(cells, SUBSET).items():
        subsets.add(video, name)
    return Annotations(
        segments=segments.make(cells.video[named], cells.label[named], cells.start[named], cells.end[named]),
        videos=tuple(dict.fromkeys(cells.video.tolist())),
        subsets=subsets.known(),
        scenes=_one_value_per_video(cells, SCENE),
    )


def read_scenes(path: Path) -> dict[str, str]:
    """Scene name by video id, from a `video_id,scene[,score]` file."""
    return _one_value_per_video(_read(path, (VIDEO, SCENE), (SCORE,), AS_WRITTEN, NO_MEDIA, blank_rows=False), SCENE)


def write_segments(found: pd.DataFrame, path: Path) -> None:
    """Write a segments table (with its score column, if it has one) in its own row order, whole or not at all."""
    names = segments.SCORED_COLUMNS if segments.SCORE in found else segments.COLUMNS
    cells = [
        map(repr, found[name].to_numpy(np.float64).tolist())
        if name in NUMBERS
        else table.Coded.of(found[name].to_numpy(object)).texts(table.quoted).tolist()
        for name in names
    ]
    separator = _separator(path)
    with atomic_text(path) as stream:
        stream.write(separator.join(names) + "\n")
        stream.writelines(separator.join(row) + "\n" for row in zip(*cells, strict=True))


def write_annotations(found: Annotations, path: Path) -> None:
    """Write scored segments, or ground truth with the columns `subset` and `scene` where any video has one.

    In ground truth a video without rows gets one that names it alone (all background). Scenes alone are a table of
    their own.
    """
    if segments.SCORE in found.segments:
        write_segments(found.segments, path)
        return
    if found.scenes and not found.videos and found.segments.empty:
        with atomic_text(path) as stream:
            stream.writelines(map(table.csv_line, [SCENE_COLUMNS, *found.scenes.items()]))
        return
    extras = {"subset": found.subsets, "scene": found.scenes}
    extras = {name: values for name, values in extras.items() if values}
    named = set(found.segments["video_id"])
    rows = [
        *zip(*(found.segments[name].tolist() for name in segments.COLUMNS), strict=True),
        *((video, "", "", "") for video in found.videos if video not in named),
    ]
    separator = _separator(path)
    with atomic_text(path) as stream:
        stream.write(separator.join((*segments.COLUMNS, *extras)) + "\n")
        for row in rows:
            cells = (*row, *(extra.get(row[0], "") for extra in extras.values()))
            stream.write(
                separator.join(table.quoted(cell) if isinstance(cell, str) else repr(cell) for cell in cells) + "\n"
            )


def write_scenes(scenes: Mapping[str, tuple[str, float]], path: Path) -> None:
    """Write scene name and probability by video id."""
    with atomic_text(path) as stream:
        stream.write(table.csv_line(SCORED_SCENE_COLUMNS))
        stream.writelines(
            table.csv_line((video, scene, segments.number_text(score))) for video, (scene, score) in scenes.items()
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Cells:
    """The columns of a table by what they hold, (N,) each; times in seconds, nan where a row has none.

    Attributes:
        video, label: texts.
        start, end: seconds.
        numbers, texts: further columns by role.
        table: where they come from.
    """

    video: Column
    label: Column
    start: Floats
    end: Floats
    numbers: Mapping[str, Floats]
    texts: Mapping[str, Column]
    table: Table


def _read(
    path: Path,
    required: Sequence[str],
    optional: Sequence[str],
    how: LabelOptions,
    media: Medias,
    *,
    blank_rows: bool,
) -> _Cells:
    given = {name for names in how.named_columns.values() for name in names}
    opened = table_file.read(path, lambda name: name not in given and layouts.is_numeric(name))
    layout = layouts.find(opened, required, optional, how)
    source = layout.table
    texts = {role: source.texts(layout.only(role)) for role in (VIDEO, SUBSET, SCENE) if role in layout}
    _refuse_empty(texts[VIDEO], "video_id", source)
    label = _label(layout) if LABEL in layout else np.full(len(source), "", object)
    if LABEL in layout and not blank_rows:
        _refuse_empty(label, "label", source)
    notes = [*source.notes, *layout.notes]
    start = end = np.zeros(len(source))
    if LABEL in layout:
        start, end, said = _times(layout, texts[VIDEO], how, media, blank_rows=blank_rows)
        notes += said
    numbers = {SCORE: _numbers(layout, SCORE).values} if SCORE in required and SCORE in layout else {}
    # Of ground truth a score means nothing; a table of scenes may well have one.
    scored_truth = SCORE in optional and SCORE in layout and LABEL in layout
    unread = [*([source.header[layout.only(SCORE)]] if scored_truth else []), *layout.extras]
    if unread:
        notes.append(f"columns ignored: {', '.join(map(repr, unread))}")
    if notes:
        log.info("%s: %s", path, "; ".join(dict.fromkeys(notes)))
    return _Cells(video=texts.pop(VIDEO), label=label, start=start, end=end, numbers=numbers, texts=texts, table=source)


def _label(layout: Layout) -> Column:
    """Labels (N,): the texts of one column, or of several joined by blanks."""
    parts = [layout.table.texts(column) for column in layout.roles[LABEL]]
    if len(parts) == 1:
        return parts[0]
    joined = [" ".join(filter(None, row)) for row in zip(*(part.tolist() for part in parts), strict=True)]
    return np.array(joined, object) if joined else parts[0]


def _numbers(layout: Layout, role: str, *, blank: bool = False) -> times.Numbers:
    column = layout.only(role)
    plain = layout.table.numbers(column)
    if plain is not None:
        return times.Numbers(values=plain)
    return times.parse(
        layout.table.texts(column),
        lambda row: layout.table.where(row, column),
        blank=blank,
        comma=any("semicolons" in note for note in layout.table.notes),
    )


def _times(
    layout: Layout, videos: Column, how: LabelOptions, media: Medias, *, blank_rows: bool
) -> tuple[Floats, Floats, list[str]]:
    """Start and end (N,) in seconds, and how they were read."""
    read = {role: _numbers(layout, role, blank=blank_rows) for role in (START, END, DURATION) if role in layout}
    notes = list(next((numbers.notes for numbers in read.values() if numbers.notes), ()))
    clocks = {role: numbers.clock for role, numbers in read.items() if np.any(numbers.values > 0)}
    if len(set(clocks.values())) > 1:
        role = next(role for role, clock in clocks.items() if not clock)
        raise InputInvalid(
            "one of start and end is a clock time, the other a plain number",
            where=layout.table.where(int(np.argmax(read[role].values > 0)), layout.only(role)),
            remedy="write all times in the same format",
        )
    unit = how.time_unit or layout.unit or TimeUnit.SECONDS
    if any(clocks.values()):
        if how.time_unit not in (None, TimeUnit.SECONDS):
            raise UsageError(
                f"{layout.table.path}: its times are clock times, which have no unit", where="--time-unit",
                remedy="leave out --time-unit",
            )  # fmt: skip
        unit = TimeUnit.SECONDS
    seconds = {role: numbers.values for role, numbers in read.items()}
    if unit is TimeUnit.MILLISECONDS:
        seconds = {role: values / 1000 for role, values in seconds.items()}
    elif unit is TimeUnit.FRAMES:
        rate = _rates(layout, videos, media)
        seconds = {role: values / rate for role, values in seconds.items()}
    if unit is not TimeUnit.SECONDS:
        notes.append(f"times read as {'milliseconds' if unit is TimeUnit.MILLISECONDS else 'frame numbers'}")
    if START not in seconds:
        seconds[START] = np.round(seconds[END] - seconds[DURATION], SUM_DECIMALS)
    elif END not in seconds:
        seconds[END] = np.round(seconds[START] + seconds[DURATION], SUM_DECIMALS)
        notes.append("ends computed as start + duration")
    return seconds[START], seconds[END], notes


def _rates(layout: Layout, videos: Column, media: Medias) -> Floats:
    """Frames per second (N,) of the video of each row: of a column, or of the video files."""
    if RATE in layout:
        rates = _numbers(layout, RATE).values
        if (rates <= 0).any():
            row = int((rates <= 0).argmax())
            raise InputInvalid("a frame rate must be above 0", where=layout.table.where(row, layout.only(RATE)))
        return rates
    return rates_of(videos.tolist(), media, layout.table.path)


def _refuse_empty(texts: Column, name: str, source: Table) -> None:
    empty = np.flatnonzero(texts == "")
    if len(empty):
        raise InputInvalid(f"{name} is empty", where=source.where(int(empty[0])))


def _named_rows(cells: _Cells) -> Bools:
    """Mask of the rows that hold a segment; the others name a video and leave label, start and end empty."""
    filled = np.stack([cells.label != "", ~np.isnan(cells.start), ~np.isnan(cells.end)])
    named: Bools = filled.sum(axis=0) == len(filled)
    partly = filled.any(axis=0) & ~named
    if partly.any():
        row = int(partly.argmax())
        raise InputInvalid(
            "label, start and end must all be given (or all be empty: a video without actions)",
            where=f"{cells.table.where(row)} ({cells.video[row]!r})",
        )
    return named


def _one_value_per_video(cells: _Cells, role: str) -> dict[str, str]:
    """A per-video column, if there is one: the same value (or an empty one) in every row of a video."""
    found: dict[str, str] = {}
    values = cells.texts.get(role)
    if values is None:
        return found
    for video, text in dict.fromkeys(zip(cells.video.tolist(), values.tolist(), strict=True)):
        value = composed(text)
        if value and found.setdefault(video, value) != value:
            raise InputInvalid(
                f"video {video!r} has two values of {role!r}: {found[video]!r} and {value!r}", where=cells.table.path
            )
    return found


def _separator(path: Path) -> str:
    return "\t" if path.suffix.casefold() == ".tsv" else ","


def _predictions(source: LabelFile, how: LabelOptions) -> Annotations:
    found = read_predictions(source.path, how, source.media)
    return Annotations(segments=found, videos=tuple(found["video_id"].unique().tolist()))


FORMAT = Format(
    name="csv",
    title="a table (CSV, TSV, .xlsx)",
    suffixes=(".csv", ".tsv", ".xlsx"),
    recognises=lambda source: not source.is_json,
    annotations=lambda source, how: read_annotations(source.path, how, source.media),
    predictions=_predictions,
    write=lambda found, path, _videos: write_annotations(found, path),
)
