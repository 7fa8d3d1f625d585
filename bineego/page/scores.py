"""An evaluation as the page's summary shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from bineego.evaluation.average_precision import Curve
from bineego.evaluation.confusion import confusion
from bineego.evaluation.result import Evaluation, without_nan

if TYPE_CHECKING:
    from bineego.page.content import Content

POINTS = 60
"""Of a curve; more cannot be seen in a picture of this size."""

MOST_CLASSES = 60
"""Rows of the confusion table; of more actions it shows the most frequent."""


def summary_of(content: Content, evaluation: Evaluation, number: Mapping[str, int]) -> dict[str, Any]:
    """Scores by action, curves, confusion and errors, as plain values."""
    classes = [
        {
            "name": name,
            "label": number[name],
            "ap": float(np.mean(values)),
            "at": list(values),
            "truth": evaluation.n_truth.get(name, 0),
            "found": evaluation.n_predictions.get(name, 0),
            "curves": [_points(curve) for curve in (evaluation.curves or {}).get(name, ())],
        }
        for name, values in evaluation.ap.items()
    ]
    plain: dict[str, Any] = without_nan(
        {
            "tiou": list(evaluation.tiou),
            "mAP": list(evaluation.mAP),
            "final": evaluation.final,
            "classes": classes,
            "confusion": _confusion(content, evaluation.tiou[0], number),
            "errors": _errors(evaluation),
        }
    )
    return plain


def _points(curve: Curve) -> list[list[float]]:
    """Recall and precision at a number of places that can be drawn."""
    if not len(curve.recall):
        return []
    chosen = np.unique(np.linspace(0, len(curve.recall) - 1, POINTS).astype(int))
    pairs = np.stack([curve.recall[chosen], curve.precision[chosen]], axis=1)
    points: list[list[float]] = pairs.round(4).tolist()
    return [[0.0, points[0][1]], *points]


def _confusion(content: Content, tiou: float, number: Mapping[str, int]) -> dict[str, Any]:
    assert content.truth is not None
    inside = content.predictions["video_id"].isin(content.annotated).to_numpy()
    counts = confusion(content.truth, content.predictions[inside], number, tiou)
    most = np.argsort(-counts[:-1].sum(axis=1), kind="stable")[:MOST_CLASSES]
    chosen = np.append(np.sort(most), len(number))
    names = [*number, "nothing"]
    columns = [*number, "missed"]
    return {
        "tiou": tiou,
        "rows": [names[i] for i in chosen],
        "columns": [columns[i] for i in chosen],
        "counts": counts[np.ix_(chosen, chosen)].tolist(),
    }


def _errors(evaluation: Evaluation) -> list[dict[str, Any]]:
    found = evaluation.diagnosis
    if found is None:
        return []
    return [
        {
            "kind": str(kind).replace("_", " "),
            "wrong": found.false_positives[kind][0],
            "missed": found.misses[kind][0],
            "gain": found.gain[kind][0],
        }
        for kind in found.gain
    ]
