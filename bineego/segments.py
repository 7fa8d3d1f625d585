"""The segments table: timed, labelled actions.

A pandas DataFrame with columns `video_id, label, start, end` and, for predictions, `score`; times in seconds, float64;
ids and labels are strings whatever they look like ("0012" and "NA" stay as they are). Readers for each file format are
in `bineego.formats`; every one of them ends in `make` here, so that no other module checks a table again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from bineego.errors import InputInvalid
from bineego.labels import composed
from bineego.types import Bools, Floats

KEYS = ("video_id", "label")
TIMES = ("start", "end")
COLUMNS = (*KEYS, *TIMES)
SCORE = "score"
SCORED_COLUMNS = (*COLUMNS, SCORE)


def make(
    video_id: Sequence[str] | ArrayLike,
    label: Sequence[str] | ArrayLike,
    start: ArrayLike,
    end: ArrayLike,
    score: ArrayLike | None = None,
) -> pd.DataFrame:
    """A checked segments table from its columns, each (N,).

    Raises:
        InputInvalid: columns of different lengths, an empty id, a text that is not UTF-8, or a time or score that is
            not finite. `end <= start` is allowed here: what such a row means differs by command.
    """
    columns: dict[str, NDArray[Any]] = {
        "video_id": np.asarray(video_id, dtype=object),
        "label": np.asarray(label, dtype=object),
        "start": np.asarray(start, dtype=np.float64),
        "end": np.asarray(end, dtype=np.float64),
    }
    if score is not None:
        columns[SCORE] = np.asarray(score, dtype=np.float64)
    lengths = {name: column.shape for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise InputInvalid(f"columns of different lengths: {lengths}")
    try:
        table = pd.DataFrame(columns)
    except UnicodeEncodeError as error:  # texts are pyarrow's where it is installed
        raise InputInvalid(f"not UTF-8 text: {error.object!a}") from None
    nameless = columns["video_id"] == ""
    if np.any(nameless):
        raise InputInvalid("video_id is empty", where=f"row {int(np.argmax(nameless)) + 1}")
    for name in (*TIMES, SCORE):
        if name in table:
            bad = ~np.isfinite(table[name].to_numpy())
            if bad.any():
                raise InputInvalid(f"{name} is not a finite number", where=f"row {int(bad.argmax()) + 1}")
    return table


def checked(table: pd.DataFrame, *, scored: bool, where: str) -> pd.DataFrame:
    """A table of somebody else, made one of ours: ids and composed labels as texts, times and scores as float64.

    Args:
        table: with all columns; further ones are dropped.
        scored: whether the score is wanted.
        where: what it is, for messages.

    Raises:
        InputInvalid: a column is missing, an id or a label too, or a number is not finite.
    """
    names = SCORED_COLUMNS if scored else COLUMNS
    missing = [name for name in names if name not in table]
    if missing:
        raise InputInvalid(f"missing column {missing[0]!r}", where=where)
    columns = {name: table[name] for name in names}
    for name in KEYS:
        if columns[name].isna().any():
            row = int(columns[name].isna().to_numpy().argmax())
            raise InputInvalid(
                f"{name} is missing (pandas.read_csv takes an id such as NA for a missing one: keep_default_na=False)",
                where=f"{where}, row {row + 1}",
            )
        if pd.api.types.infer_dtype(columns[name]) != "string":
            columns[name] = columns[name].map(str)
    columns["label"] = columns["label"].map({label: composed(label) for label in columns["label"].unique()})
    try:
        return make(*columns.values())
    except (TypeError, ValueError) as error:
        raise InputInvalid(f"a time or a score is not a number ({error})", where=where) from error


def empty(*, scored: bool) -> pd.DataFrame:
    """A table without rows."""
    return make([], [], [], [], [] if scored else None)


def concat(tables: Sequence[pd.DataFrame], *, scored: bool) -> pd.DataFrame:
    """The rows of several tables, in order, under a fresh index."""
    tables = [table for table in tables if len(table)]
    if not tables:
        return empty(scored=scored)
    return pd.concat(tables, ignore_index=True)[list(SCORED_COLUMNS if scored else COLUMNS)]


def degenerate(table: pd.DataFrame) -> Bools:
    """Mask (N,) of the rows whose end is not after their start."""
    mask: Bools = table["end"].to_numpy() <= table["start"].to_numpy()
    return mask


def order_by_time(table: pd.DataFrame) -> pd.DataFrame:
    """Rows by video, then start, then end (stable): the order every file of ours is written in."""
    return table.sort_values(["video_id", "start", "end"], kind="stable", ignore_index=True)


def tiou(start_a: ArrayLike, end_a: ArrayLike, start_b: ArrayLike, end_b: ArrayLike) -> Floats:
    """Temporal intersection over union of segments a and b, broadcast against each other.

    float64; the union is summed as (length of b + length of a - intersection), the order in which the public
    evaluators agree to the last bit when b is the ground truth; 0 wherever the intersection is 0 (0 / 0 too).
    """
    sa, ea = np.asarray(start_a, np.float64), np.asarray(end_a, np.float64)
    sb, eb = np.asarray(start_b, np.float64), np.asarray(end_b, np.float64)
    shared = np.clip(np.minimum(ea, eb) - np.maximum(sa, sb), 0.0, None)
    union = (eb - sb) + (ea - sa) - shared
    overlap: Floats = np.divide(shared, union, out=np.zeros(np.broadcast(shared, union).shape), where=shared > 0)
    return overlap


def number_text(value: float) -> str:
    """The shortest text that reads back to the same float64 ("3.0", "0.1", "1e-07")."""
    return repr(float(value))
