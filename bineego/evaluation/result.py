"""The score of one evaluation, and its JSON."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bineego.evaluation.average_precision import Curve
from bineego.evaluation.bootstrap import Intervals
from bineego.evaluation.diagnosis import Diagnosis
from bineego.evaluation.segmental import Segmental
from bineego.evaluation.ties import TieRange
from bineego.files import write_bytes

if TYPE_CHECKING:  # matplotlib takes longer to load than most tables to score
    from bineego.pictures.canvas import Picture


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluation:
    """How good predictions are. K thresholds; `ap[label][k]` belongs to `tiou[k]`.

    Attributes:
        tiou: the thresholds (K).
        mAP: mean of the AP over the classes of the ground truth, at each threshold (K).
        final: mean of `mAP` (report, section 4.1).
        ap: average precision of each class at each threshold.
        scene_top1: share of the videos of known scene whose scene was predicted; None without scenes.
        n_truth, n_predictions: segments of each class.
        ties: how far other orders of equal scores move the final score; None if no tie holds a hit and a miss.
        recall: k -> average recall when each video keeps its k best predictions, at each threshold (K).
        curves: precision-recall curve of each class at each threshold (K), if asked for.
        intervals: confidence intervals over videos, if asked for.
        diagnosis: what kind each error is, if asked for.
        segmental: the segmentation measures, if asked for.
    """

    tiou: tuple[float, ...]
    mAP: tuple[float, ...]  # noqa: N815 - the name everybody uses
    final: float
    ap: Mapping[str, tuple[float, ...]]
    scene_top1: float | None = None
    n_truth: Mapping[str, int] = field(default_factory=dict)
    n_predictions: Mapping[str, int] = field(default_factory=dict)
    ties: TieRange | None = None
    recall: Mapping[int, tuple[float, ...]] = field(default_factory=dict)
    curves: Mapping[str, tuple[Curve, ...]] | None = None
    intervals: Intervals | None = None
    diagnosis: Diagnosis | None = None
    segmental: Segmental | None = None

    def plot(self) -> Picture:
        """Precision-recall curves as a picture, which a notebook shows; `.save(path)` writes a PNG.

        Raises:
            UsageError: this evaluation has no curves (`evaluate(..., curves=True)`).
        """
        from bineego.pictures.precision_recall import draw_precision_recall

        return draw_precision_recall(self)

    def save(self, path: Path | str) -> None:
        """Write what `--json` prints, whole or not at all."""
        write_bytes(Path(path), json.dumps(self.to_json()).encode() + b"\n")

    def _repr_html_(self) -> str:
        rows = [*self.ap.items(), ("all", self.mAP)]
        head = "".join(f"<th>{name}</th>" for name in ("action", *(f"@{tiou:g}" for tiou in self.tiou), "mean"))
        body = "".join(
            f"<tr><td>{html.escape(name)}</td>"
            + "".join(f"<td>{value:.3f}</td>" for value in (*values, sum(values) / len(values)))
            + "</tr>"
            for name, values in rows
        )
        scene = "" if self.scene_top1 is None else f"<p>scene top-1 {self.scene_top1:.3f}</p>"
        return f"<table><tr>{head}</tr>{body}</table>{scene}"

    def to_json(self) -> dict[str, Any]:
        """What `--json` prints: the five fixed keys, and a key for each extra that was asked for."""
        content: dict[str, Any] = {
            "tiou": list(self.tiou),
            "mAP": list(self.mAP),
            "final": self.final,
            "ap": {label: list(values) for label, values in self.ap.items()},
            "scene_top1": self.scene_top1,
        }
        if self.recall:
            content["average_recall"] = {
                str(k): {"per_tiou": list(values), "mean": sum(values) / len(values)}
                for k, values in self.recall.items()
            }
        if self.curves is not None:
            content["curves"] = {
                label: [
                    {
                        "tiou": tiou,
                        "recall": c.recall.tolist(),
                        "precision": c.precision.tolist(),
                        "score": c.score.tolist(),
                    }
                    for tiou, c in zip(self.tiou, curves, strict=True)
                ]
                for label, curves in self.curves.items()
            }
        if self.intervals is not None:
            content["bootstrap"] = self.intervals.to_json()
        if self.diagnosis is not None:
            content["diagnosis"] = self.diagnosis.to_json()
        if self.segmental is not None:
            content["segmental"] = self.segmental.to_json()
        plain: dict[str, Any] = without_nan(content)
        return plain


def without_nan(value: Any) -> Any:
    """The same with None for every number that is not finite: JSON has no other word for "undefined"."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {key: without_nan(item) for key, item in value.items()}
        case list() | tuple():
            return [without_nan(item) for item in value]
        case _:
            return value
