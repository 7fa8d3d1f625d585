"""Files of segments in whatever format they are, told by their content."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from bineego import segments
from bineego.errors import InputInvalid, InputMissing
from bineego.formats import (
    activitynet,
    boris,
    boris_table,
    challenge,
    challenge_web,
    csv,
    eaf,
    eaf_table,
    epic,
    json,
    labelstudio,
    scenes,
    subtitles,
    thumos,
    via,
    vtrace,
    x360,
)
from bineego.formats.annotations import Annotations, NotPredictions, merge
from bineego.formats.format import Format, LabelFile
from bineego.formats.media import NO_MEDIA, Medias
from bineego.formats.options import AS_WRITTEN, LabelOptions
from bineego.formats.tidy import tidy, tidy_predictions

FORMATS: tuple[Format, ...] = (
    epic.RESULTS,
    activitynet.FORMAT,
    via.FORMAT,
    x360.FORMAT,
    boris.FORMAT,
    labelstudio.FORMAT,
    challenge_web.FORMAT,
    eaf.FORMAT,
    eaf_table.FORMAT,
    subtitles.SRT,
    subtitles.VTT,
    challenge.WINDOWS,
    challenge.SCENE_ROWS,
    vtrace.FORMAT,
    boris_table.FORMAT,
    epic.CSV,
    thumos.TABLE,
    thumos.TEXT,
    scenes.FORMAT,
    csv.FORMAT,
)
"""All formats; the first that recognises a file reads it. Tables come last: any text may be one."""

SUFFIXES = frozenset(suffix for each in FORMATS for suffix in each.suffixes)
"""Endings of files that may hold labels."""

STRICT_SUFFIXES = (".csv", ".json")
"""Endings of files that must hold labels where they lie in a folder of them."""

log = logging.getLogger(__name__)

WEAK_SUFFIXES = (".srt", ".vtt", ".txt")
"""Endings of files that hold something else as often."""


def recognise(source: LabelFile) -> Format:
    """The format of a file.

    Raises:
        InputInvalid: none that is known.
    """
    for each in FORMATS:
        if each.recognises(source):
            return each
    expected = ", ".join(dict.fromkeys(each.title for each in FORMATS))
    what = "JSON without labels" if source.is_json else "no labels in a known format"
    raise InputInvalid(what, where=source.path, remedy=f"expected one of: {expected}")


def is_scored(path: Path) -> bool:
    """Whether a file can be read as predictions; if not, it can be as annotations.

    Raises:
        BineegoError: it is neither.
    """
    try:
        read_predictions(path)
    except InputInvalid:
        read_annotations(path)
        return False
    return True


@json.no_garbage_collection()
def read_predictions(path: Path, how: LabelOptions = AS_WRITTEN, media: Medias = NO_MEDIA) -> pd.DataFrame:
    """A scored segments table from a file in any format that holds predictions.

    Args:
        path: the file.
        how: how tables of other tools are read.
        media: what is known of the videos, for formats that count frames.

    Raises:
        InputMissing: the file cannot be read.
        InputInvalid: it is in no such format, or a row is wrong.
    """
    source = LabelFile(path, media)
    found = recognise(source)
    if found.predictions is None:
        raise NotPredictions(f"these are annotations, not predictions ({found.title})", where=path)
    try:
        table = found.predictions(source, how).segments
    except NotPredictions:
        if not found.ranked or found.annotations is None:
            raise
        log.warning("%s: no scores; all rows count equally, in file order", path)
        table = found.annotations(source, how).segments
        table = table.assign(**{segments.SCORE: np.ones(len(table))})
    return tidy_predictions(table, how, path)


@json.no_garbage_collection()
def read_annotations(path: Path, how: LabelOptions = AS_WRITTEN, media: Medias = NO_MEDIA) -> Annotations:
    """Ground truth from a file in any format, or a folder of such files.

    Args:
        path: the file or folder.
        how: how tables of other tools are read.
        media: what is known of the videos, for formats that count frames.

    Raises:
        InputMissing: the file cannot be read, or a folder holds none.
        InputInvalid: it is in no such format, or a row is wrong.
    """
    path = Path(path)
    if path.is_dir():
        files = annotation_files(path)
        if not files:
            raise InputMissing("no file of labels (.csv, .json, ...) in this folder", where=path)
        return merge(read_each(files, how, media, where=path))
    return read_each([path], how, media, where=path)[0]


def read_each(files: Sequence[Path], how: LabelOptions, media: Medias, *, where: object) -> list[Annotations]:
    """Ground truth from several files of one data set; oddities of their labels are reported once.

    Raises:
        InputMissing, InputInvalid: as `read_annotations`.
    """
    return tidy([_as_written(file, how, media) for file in files], how, where)


def _as_written(path: Path, how: LabelOptions, media: Medias) -> Annotations:
    source = LabelFile(path, media)
    found = recognise(source)
    if found.annotations is None:
        raise InputInvalid(f"these are predictions, not annotations ({found.title})", where=path)
    return found.annotations(source, how)


@json.no_garbage_collection()
def read_any(path: Path, how: LabelOptions = AS_WRITTEN, media: Medias = NO_MEDIA) -> Annotations:
    """What a file holds: predictions (its table has scores) if it can be read as such, else annotations.

    Args, raises:
        see `read_annotations`.
    """
    path = Path(path)
    if not path.is_dir():
        source = LabelFile(path, media)
        found = recognise(source)
        if found.predictions is not None:
            try:
                held = found.predictions(source, how)
            except NotPredictions as error:
                log.debug("%s", error)
            else:
                return replace(held, segments=tidy_predictions(held.segments, how, path))
    return read_annotations(path, how, media)


def annotation_files(folder: Path) -> list[Path]:
    """The files of a folder that may hold annotations, by name; hidden ones are left out.

    Subtitles and text files are labels only where nothing else is: beside videos they may be what is spoken in them.
    """
    files = sorted(path for path in Path(folder).iterdir() if _may_hold_labels(path))
    return [path for path in files if path.suffix.casefold() not in WEAK_SUFFIXES] or files


def _may_hold_labels(path: Path) -> bool:
    suffix = path.suffix.casefold()
    if suffix not in SUFFIXES or path.name.startswith(".") or not path.is_file():
        return False
    if suffix in STRICT_SUFFIXES:
        return True
    source = LabelFile(path)
    return any(suffix in each.suffixes and each.recognises(source) for each in FORMATS)
