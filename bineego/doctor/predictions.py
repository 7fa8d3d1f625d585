"""What is odd about predictions."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bineego import segments
from bineego.datasets.summary import class_counts, near_equal
from bineego.doctor.findings import CheckReport, Severity
from bineego.words import many


def look(table: pd.DataFrame, report: CheckReport) -> None:
    """Facts and findings of a scored segments table."""
    counts = class_counts(table)
    score = table["score"].to_numpy(np.float64)
    report.facts |= {
        "segments": len(table),
        "videos": int(table["video_id"].nunique()),
        "classes": [count.to_json() for count in counts],
        "scores": [float(score.min()), float(score.max())] if len(score) else [],
    }
    if len(table) == 0:
        report.add(Severity.WARNING, "no predictions")
        return
    if score.min() < 0 or score.max() > 1:
        report.add(Severity.NOTE, f"scores from {score.min():g} to {score.max():g} are not probabilities")
    ties = len(score) - len(np.unique(score))
    if ties > len(score) / 2:
        report.add(Severity.NOTE, f"{many(ties, 'score')} of {len(score):,} are tied, so the row order decides")
    for first, second in near_equal([count.label for count in counts]):
        report.add(Severity.WARNING, f"labels {first!r} and {second!r} are nearly equal")
    rows(table, report)


def rows(table: pd.DataFrame, report: CheckReport) -> None:
    """Findings about single rows: no length, before 0, twice."""
    moments = int((table["end"] == table["start"]).sum())
    backwards = int(segments.degenerate(table).sum()) - moments
    before = int((table["start"] < 0).sum())
    twice = int(table.duplicated(list(segments.COLUMNS)).sum())
    if moments:
        report.add(
            Severity.WARNING,
            f"{many(moments, 'row')} without a duration (end = start)",
            "use --tolerance S in train and evaluate",
        )
    if backwards:
        report.add(Severity.WARNING, f"{many(backwards, 'row')} with the end before the start")
    if before:
        report.add(Severity.WARNING, f"{many(before, 'row')} with a start before 0")
    if twice:
        report.add(Severity.NOTE, f"{many(twice, 'row')} twice")
