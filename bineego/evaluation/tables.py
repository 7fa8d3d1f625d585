"""Results as tables for a terminal. Every threshold adds columns, or rows where it would add too many of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.table import Column, Table
from rich.text import Text

from bineego.evaluation.bootstrap import LEVEL, Interval
from bineego.evaluation.diagnosis import KINDS, Diagnosis, ErrorKind
from bineego.evaluation.grid_ceiling import Ceiling
from bineego.evaluation.result import Evaluation
from bineego.evaluation.segmental import Segmental
from bineego.words import many, printable

KIND_HEADS = {
    ErrorKind.DUPLICATE: "duplicate",
    ErrorKind.WRONG_LABEL: "wrong\nlabel",
    ErrorKind.POOR_BOUNDARIES: "poor\nboundaries",
    ErrorKind.BOTH: "both",
    ErrorKind.BACKGROUND: "background",
    ErrorKind.MISSED: "missed",
}
CHARACTERISTIC_TEXTS = {"length": "by length", "overlap": "by overlap", "per_video": "by segments per video"}

LEAST_NAME = 12
"""Characters. Names are folded down to this before columns move to a table of their own."""

FRAME = 3
"""Characters that a column takes besides its text: a space on both sides and a line."""


def tables(result: Evaluation) -> list[Table]:
    """The scores by class, and a table for each extra that was asked for."""
    found = [_scores(result)]
    if result.recall:
        found.append(_recall(result))
    if result.segmental is not None:
        found.append(_segmental(result.segmental))
    if result.diagnosis is not None:
        found += [_errors(result.diagnosis), _sensitivity(result.diagnosis)]
    return found


def _segmental(result: Segmental) -> Table:
    heads = [f"F1@{100 * tiou:g}" for tiou in result.tiou]
    table = _table(f"Segmentation, {many(result.n_videos, 'video')}", ["", "accuracy", "edit", *heads])
    table.add_row("mean over videos", *map(_percent, (result.accuracy, result.edit, *result.f1)))
    table.add_row("counts summed", _percent(result.summed_accuracy), "", *map(_percent, result.summed_f1))
    return table


def ceiling_table(ceilings: Sequence[Ceiling]) -> Table:
    """What the training labels of each interval length score."""
    table = _table(
        "Ceiling: mAP of perfectly labelled intervals",
        ["interval", *_tiou_heads("mAP", ceilings[0].tiou), "final", "lost", "overlapped"],
    )
    for c in ceilings:
        table.add_row(f"{c.t:g} s", *map(_number, c.mAP), _number(c.final), _percent(c.lost), _percent(c.overlapped))
    return table


def fitted(table: Table, width: int) -> list[Table]:
    """The table, or if it is wider than `width` characters its columns in several tables, each with the first column.

    Rich would break numbers to make it fit: 0.8364 broken over two lines cannot be read.
    """
    names, *columns = table.columns
    room = width - 1 - min(_width(names), LEAST_NAME) - FRAME
    parts: list[list[Column]] = []
    left = 0
    for column in columns:
        needed = _width(column) + FRAME
        if needed > left or not parts:
            parts.append([])
            left = room
        parts[-1].append(column)
        left -= needed
    return [table] if len(parts) == 1 else [_part(table, i, [names, *part]) for i, part in enumerate(parts)]


def _part(table: Table, i: int, columns: Sequence[Column]) -> Table:
    part = _table(f"{table.title}{', continued' if i else ''}", [str(column.header) for column in columns])
    for row, cells in zip(table.rows, zip(*(column.cells for column in columns), strict=True), strict=True):
        part.add_row(*cells, style=row.style, end_section=row.end_section)
    return part


def _width(column: Column) -> int:
    texts: Iterable[str] = map(str, (column.header, *column.cells))
    return max(cell_len(line) for text in texts for line in text.split("\n"))


def _scores(result: Evaluation) -> Table:
    table = _table("Average precision", ["class", "segments", "predictions", *_tiou_heads("AP", result.tiou), "mean"])
    for label, values in result.ap.items():
        numbers = (str(result.n_truth.get(label, "")), str(result.n_predictions.get(label, "")))
        # Text: a label is not markup, whatever brackets it contains.
        table.add_row(Text(printable(label)), *numbers, *map(_number, values), _number(sum(values) / len(values)))
    table.add_section()
    totals = (str(sum(result.n_truth.values())), str(sum(result.n_predictions.values())))
    table.add_row("mAP, final", *totals, *map(_number, result.mAP), _number(result.final), style="bold")
    if result.intervals is not None:
        ranges: list[Interval] = [*result.intervals.mAP, result.intervals.final]
        table.add_row(f"{LEVEL:.0%} from", "", "", *(_number(low) for low, _ in ranges))
        table.add_row(f"{LEVEL:.0%} to", "", "", *(_number(high) for _, high in ranges))
    if result.scene_top1 is not None:
        table.add_row("scene top-1", *[""] * (len(result.tiou) + 2), _number(result.scene_top1))
    return table


def _recall(result: Evaluation) -> Table:
    table = _table("Recall of the k best predictions per video", ["k", *_tiou_heads("recall", result.tiou), "mean"])
    for k, values in result.recall.items():
        table.add_row(str(k), *map(_number, values), _number(sum(values) / len(values)))
    return table


def _errors(diagnosis: Diagnosis) -> Table:
    """A row for each threshold: three numbers of each kind, side by side for every threshold, would fit nowhere."""
    table = _table(
        "Errors by kind (FP: false positives), and the mAP gained by fixing each kind",
        ["", *(KIND_HEADS[kind] for kind in KINDS)],
    )
    for k, threshold in enumerate(diagnosis.tiou):
        counts = (str(diagnosis.false_positives[kind][k]) if kind is not ErrorKind.MISSED else "" for kind in KINDS)
        table.add_row(f"FP @{threshold:g}", *counts)
    table.add_section()
    for k, threshold in enumerate(diagnosis.tiou):
        never = (ErrorKind.DUPLICATE, ErrorKind.BACKGROUND)
        counts = (str(diagnosis.misses[kind][k]) if kind not in never else "" for kind in KINDS)
        table.add_row(f"miss @{threshold:g}", *counts)
    table.add_section()
    for k, threshold in enumerate(diagnosis.tiou):
        table.add_row(f"gain @{threshold:g}", *(_number(diagnosis.gain[kind][k]) for kind in KINDS))
    means = (sum(diagnosis.gain[kind]) / len(diagnosis.tiou) for kind in KINDS)
    table.add_row("gain, final", *map(_number, means), style="bold")
    return table


def _sensitivity(diagnosis: Diagnosis) -> Table:
    heads = ["segments", "count", *_tiou_heads("recall", diagnosis.tiou), *_tiou_heads("mAP_N", diagnosis.tiou)]
    table = _table("Results by kind of segment (mAP_N: normalised, see docs/scoring.md)", heads)
    for characteristic, buckets in diagnosis.sensitivity.items():
        table.add_row(CHARACTERISTIC_TEXTS[characteristic])
        for bucket in buckets:
            table.add_row(
                f"  {bucket.name}", str(bucket.segments), *map(_number, bucket.recall), *map(_number, bucket.mAP)
            )
        table.add_section()
    return table


def _table(title: str, heads: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left")
    # Labels are folded, never cut: two classes may differ in their last letter only. Numbers are neither, see `fitted`.
    table.add_column(heads[0], overflow="fold")
    for head in heads[1:]:
        table.add_column(head, justify="right", no_wrap=True)
    return table


def _tiou_heads(what: str, tiou: Sequence[float]) -> list[str]:
    return [f"{what}\n@{threshold:g}" for threshold in tiou]


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.4f}"


def _percent(value: float) -> str:
    return f"{value:.1%}"
