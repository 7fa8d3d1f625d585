"""The two sides of a score, read from files that may name and measure things differently, and brought together."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from bineego import segments
from bineego.datasets import read_ground_truth
from bineego.errors import BineegoError, InputInvalid
from bineego.formats import names
from bineego.formats.annotations import Annotations
from bineego.formats.columns import ColumnsMissing
from bineego.formats.options import AS_WRITTEN, LabelOptions, TimeUnit
from bineego.formats.read import is_scored, read_predictions
from bineego.words import listed, many

Truth = Annotations | pd.DataFrame | Path | str
Predictions = pd.DataFrame | Path | str
T = TypeVar("T")

FURTHER = 15.0
"""Times that reach this much further than those of the other side are in another unit."""

log = logging.getLogger(__name__)


def read_sides(ground_truth: Truth, predictions: Predictions, how: LabelOptions) -> tuple[Annotations, pd.DataFrame]:
    """Ground truth and scored predictions, the predictions under the video ids of the ground truth where they fit.

    Raises:
        InputMissing, InputInvalid: a file that cannot be read or is wrong; or the two are swapped.
    """
    try:
        return _read_sides(ground_truth, predictions, how)
    except InputInvalid as error:
        if _are_swapped(ground_truth, predictions):
            raise InputInvalid(
                "the first file holds predictions, the second annotations",
                where=f"{ground_truth} {predictions}",
                remedy=f"swap them: bineego evaluate {predictions} {ground_truth}",
            ) from error
        raise


def _read_sides(ground_truth: Truth, predictions: Predictions, how: LabelOptions) -> tuple[Annotations, pd.DataFrame]:
    misses: list[ColumnsMissing] = []
    truth = _with_columns(lambda asked: read_truth(ground_truth, asked), how, misses)
    table = _with_columns(lambda asked: _read_predictions(predictions, asked, truth), how, misses)
    asked = sum(isinstance(side, Path | str) for side in (ground_truth, predictions))
    if misses and len(misses) == asked:
        raise misses[0]
    matched = names.match(table["video_id"].unique().tolist(), (*truth.known, *truth.segments["video_id"].unique()))
    if matched:
        names.say(matched, "predictions")
        table = table.assign(video_id=table["video_id"].map(lambda video: matched.get(video, video)))
    _warn_of_unit(truth, table)
    return truth, table


def _with_columns(read: Callable[[LabelOptions], T], how: LabelOptions, misses: list[ColumnsMissing]) -> T:
    """One side under `--columns`, or as it is if those are the columns of the other side."""
    try:
        return read(how)
    except ColumnsMissing as error:
        misses.append(error)
        try:
            return read(replace(how, columns=None))
        except InputInvalid:
            raise error from None


def read_truth(ground_truth: Truth, how: LabelOptions = AS_WRITTEN) -> Annotations:
    """Ground truth in whatever form it was given."""
    match ground_truth:
        case Annotations():
            return ground_truth
        case pd.DataFrame():
            table = segments.checked(ground_truth, scored=False, where="ground truth")
            return Annotations(segments=table, videos=tuple(dict.fromkeys(table["video_id"])))
        case _:
            return read_ground_truth(ground_truth, how)


def _read_predictions(predictions: Predictions, how: LabelOptions, truth: Annotations) -> pd.DataFrame:
    """Predictions; `--time-unit` is the ground truth's, and theirs only if their times reach as far without it."""
    if isinstance(predictions, pd.DataFrame):
        return segments.checked(predictions, scored=True, where="predictions")
    path = Path(predictions)
    background = how.background  # of one side only, perhaps
    table = read_predictions(path, replace(how, time_unit=None))
    if how.time_unit in (None, TimeUnit.SECONDS) or (background is None and len(table) == 0):
        return table
    if _reach(table, truth) < FURTHER:
        log.info("%s: its times are read as seconds; --time-unit applies to the ground truth only", path)
        return table
    return read_predictions(path, how)


def _reach(table: pd.DataFrame, truth: Annotations) -> float:
    """How many times further the predictions of common videos reach than the ground truth; 1 if there are none."""
    found = table.groupby("video_id", sort=False)["end"].max()
    there = truth.segments.groupby("video_id", sort=False)["end"].max()
    matched = names.match(found.index, there.index)
    known = dict(zip(there.index.tolist(), there.tolist(), strict=True))
    pairs = [
        (end, known.get(matched.get(video, video), 0.0))
        for video, end in zip(found.index.tolist(), found.tolist(), strict=True)
    ]
    ratios = [mine / other for mine, other in pairs if mine > 0 and other > 0]
    return float(np.median(ratios)) if ratios else 1.0


def _warn_of_unit(truth: Annotations, table: pd.DataFrame) -> None:
    reach = _reach(table, truth)
    if not 1 / FURTHER < reach < FURTHER:
        further, other = ("predictions", "ground truth") if reach > 1 else ("ground truth", "predictions")
        log.warning(
            "times of the %s reach %.0f times as far as those of the %s: are they milliseconds or "
            "frame numbers? If so, use --time-unit ms or frames",
            further, max(reach, 1 / reach), other,
        )  # fmt: skip


def _are_swapped(ground_truth: Truth, predictions: Predictions) -> bool:
    """Whether the first file holds predictions and the second annotations, without any messages."""
    if not isinstance(ground_truth, Path | str) or not isinstance(predictions, Path | str):
        return False
    package = logging.getLogger("bineego")
    package.disabled, before = True, package.disabled
    try:
        return is_scored(Path(ground_truth)) and not is_scored(Path(predictions))
    except BineegoError:
        return False
    finally:
        package.disabled = before


def refuse_strangers(annotations: Annotations, table: pd.DataFrame) -> None:
    """Refuse predictions of which not one fits the ground truth by name.

    Raises:
        InputInvalid: no video, or no label, is one of the ground truth's; with the likely cause.
    """
    if len(table) == 0 or len(annotations.segments) == 0:
        return
    known = {
        "video": {*annotations.known, *annotations.segments["video_id"].unique()},
        "label": set(annotations.segments["label"].unique()),
    }
    for noun, column in (("video", "video_id"), ("label", "label")):
        mine = table[column].unique().tolist()
        if not known[noun].intersection(mine):
            raise InputInvalid(
                f"no {noun} of the predictions is in the ground truth: {names.explain(mine, sorted(known[noun]))}",
                where="predictions",
                remedy=f"make the {noun} names of the two files agree",
            )


MOSTLY = 0.95
"""Share of the predicted videos that lie in one subset, from which on the others look like an accident."""


def warn_of_gaps(truth: pd.DataFrame, table: pd.DataFrame, subsets: Mapping[str, str] | None = None) -> None:
    """Say which scored videos have segments and no prediction at all, and which subset is likely meant.

    Args:
        subsets: that of each video, where nobody has chosen one.
    """
    wanted = truth["video_id"].unique().tolist()
    there = set(table["video_id"].unique())
    missing = [video for video in wanted if video not in there]
    if missing and len(table):
        n = int(truth["video_id"].isin(missing).sum())
        log.warning(
            "no prediction in %d of %d scored videos: %s; their %s count as missed",
            len(missing), len(wanted), listed(missing, "video"), many(n, "segment"),
        )  # fmt: skip
        found = Counter((subsets or {}).get(video) for video in there)
        name, count = found.most_common(1)[0]
        others = {(subsets or {}).get(video) for video in missing} - {name}
        if name is not None and others and count >= MOSTLY * len(there):
            log.warning(
                "%d of %d predicted videos are of subset %s: --subset %s scores those", count, len(there), name, name
            )
