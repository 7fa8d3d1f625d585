"""Results as tables for a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from bineego.evaluation.bootstrap import LEVEL, Interval
from bineego.evaluation.diagnosis import KINDS, Diagnosis, Kind
from bineego.evaluation.grid_ceiling import Ceiling
from bineego.evaluation.result import Evaluation

KIND_TEXTS = {
    Kind.DUPLICATE: "duplicate",
    Kind.WRONG_LABEL: "wrong label",
    Kind.POOR_BOUNDARIES: "poor boundaries",
    Kind.BOTH: "both of these",
    Kind.BACKGROUND: "background",
    Kind.MISSED: "missed",
}
CHARACTERISTIC_TEXTS = {"length": "length", "overlap": "overlapped by others", "per_video": "segments in the video"}


def tables(result: Evaluation) -> list[Table]:
    """The scores by class, and a table for each extra that was asked for."""
    found = [_scores(result)]
    if result.recall:
        found.append(_recall(result))
    if result.diagnosis is not None:
        found += [_errors(result.diagnosis), _sensitivity(result.diagnosis)]
    return found


def ceiling_table(ceilings: Sequence[Ceiling]) -> Table:
    """What each interval length allows."""
    table = _table(
        "Ceiling of the interval grid",
        ["interval", *_tiou_heads("mAP", ceilings[0].tiou), "final", "lost", "overlapped"],
    )
    for c in ceilings:
        table.add_row(f"{c.t:g} s", *map(_number, c.mAP), _number(c.final), _percent(c.lost), _percent(c.overlapped))
    return table


def _scores(result: Evaluation) -> Table:
    table = _table("Average precision", ["class", "segments", "predictions", *_tiou_heads("AP", result.tiou), "mean"])
    for label, values in result.ap.items():
        numbers = (str(result.n_truth.get(label, "")), str(result.n_predictions.get(label, "")))
        # Text: a label is no markup, whatever brackets it holds.
        table.add_row(Text(label), *numbers, *map(_number, values), _number(sum(values) / len(values)))
    table.add_section()
    totals = (str(sum(result.n_truth.values())), str(sum(result.n_predictions.values())))
    table.add_row("mAP, final", *totals, *map(_number, result.mAP), _number(result.final), style="bold")
    if result.intervals is not None:
        ranges = [*map(_interval, result.intervals.mAP), _interval(result.intervals.final)]
        table.add_row(f"{LEVEL:.0%} interval", "", "", *ranges)
    if result.scene_top1 is not None:
        table.add_row("scene top-1", *[""] * (len(result.tiou) + 2), _number(result.scene_top1))
    return table


def _recall(result: Evaluation) -> Table:
    table = _table("Recall of the best k predictions of each video", ["k", *_tiou_heads("recall", result.tiou), "mean"])
    for k, values in result.recall.items():
        table.add_row(str(k), *map(_number, values), _number(sum(values) / len(values)))
    return table


def _errors(diagnosis: Diagnosis) -> Table:
    heads = [
        "kind", *_tiou_heads("FP", diagnosis.tiou), *_tiou_heads("miss", diagnosis.tiou),
        *_tiou_heads("gain", diagnosis.tiou), "final",
    ]  # fmt: skip
    table = _table("Errors (false positives, misses), and the mAP that fixing each kind would gain", heads)
    for kind in KINDS:
        gain = diagnosis.gain[kind]
        table.add_row(
            KIND_TEXTS[kind],
            *(str(n) if kind is not Kind.MISSED else "" for n in diagnosis.false_positives[kind]),
            *(str(n) if kind not in (Kind.DUPLICATE, Kind.BACKGROUND) else "" for n in diagnosis.misses[kind]),
            *(f"+{_number(value)}" for value in gain),
            f"+{_number(sum(gain) / len(gain))}",
        )
    return table


def _sensitivity(diagnosis: Diagnosis) -> Table:
    heads = [
        "characteristic",
        "",
        "segments",
        *_tiou_heads("recall", diagnosis.tiou),
        *_tiou_heads("mAP_N", diagnosis.tiou),
    ]
    table = _table("Which segments are found (mAP_N: normalised, see docs/scoring.md)", heads)
    for characteristic, buckets in diagnosis.sensitivity.items():
        for i, bucket in enumerate(buckets):
            name = CHARACTERISTIC_TEXTS[characteristic] if i == 0 else ""
            table.add_row(
                name, bucket.name, str(bucket.segments), *map(_number, bucket.recall), *map(_number, bucket.mAP)
            )
        table.add_section()
    return table


def _table(title: str, heads: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left")
    for i, head in enumerate(heads):
        # Labels are folded, never cut: two classes may differ in their last letter only.
        table.add_column(head, justify="left" if i == 0 else "right", overflow="fold")
    return table


def _tiou_heads(what: str, tiou: Sequence[float]) -> list[str]:
    return [f"{what} @{threshold:g}" for threshold in tiou]


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.4f}"


def _percent(value: float) -> str:
    return f"{value:.1%}"


def _interval(interval: Interval) -> str:
    return f"{_number(interval[0])} to {_number(interval[1])}"
