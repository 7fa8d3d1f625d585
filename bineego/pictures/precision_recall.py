"""Precision-recall curves as a picture, or as numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import orjson

from bineego.errors import UsageError
from bineego.files import write_bytes
from bineego.pictures.canvas import Picture, blank, label_colours
from bineego.types import Floats

MOST_CLASSES = 12
"""Drawn by name; of more classes, those with the most segments."""

PANEL = 4.5  # inches


class Curve(Protocol):
    """Precision and recall (P,) of one action at one threshold, by falling score."""

    @property
    def recall(self) -> Floats: ...
    @property
    def precision(self) -> Floats: ...


class Scores(Protocol):
    """What is drawn of an `evaluation.Evaluation`."""

    @property
    def tiou(self) -> Sequence[float]: ...
    @property
    def mAP(self) -> Sequence[float]: ...  # noqa: N802 - the name everybody uses
    @property
    def ap(self) -> Mapping[str, Sequence[float]]: ...
    @property
    def n_truth(self) -> Mapping[str, int]: ...
    @property
    def curves(self) -> Mapping[str, Sequence[Curve]] | None: ...
    def to_json(self) -> dict[str, Any]: ...


def write_precision_recall(result: Scores, path: Path) -> None:
    """Write the curves of an evaluation: a .png has one panel for each threshold and one line for each class, the
    highest precision at or after each recall; a .json has the points of all classes as in `Evaluation.to_json`.

    Raises:
        UsageError: another file type, or this evaluation has no curves.
    """
    check_type(path)
    picture = draw_precision_recall(result)
    if path.suffix.casefold() == ".json":
        write_bytes(path, orjson.dumps(result.to_json()["curves"]) + b"\n")
    else:
        picture.save(path)


def check_type(path: Path) -> None:
    """Refuse a file of another type than curves are written as."""
    if path.suffix.casefold() not in (".png", ".json"):
        raise UsageError("curves are written as .png or .json", where=path)


def draw_precision_recall(result: Scores) -> Picture:
    """One panel for each threshold, one line for each class: the highest precision at or after each recall.

    Raises:
        UsageError: this evaluation has no curves.
    """
    curves = result.curves
    if curves is None:
        raise UsageError("this evaluation has no curves", remedy="use evaluate(..., curves=True)")
    labels = sorted(curves, key=lambda label: -result.n_truth.get(label, 0))
    shown = labels[:MOST_CLASSES]
    colours = label_colours(shown)
    figure = blank(width=PANEL * len(result.tiou), height=PANEL)
    for k, panel in enumerate(figure.subplots(1, len(result.tiou), squeeze=False)[0]):
        for label in shown:
            curve = curves[label][k]
            highest = np.maximum.accumulate(curve.precision[::-1])[::-1]
            # From recall 0 on; nothing is found beyond the last hit.
            recall = np.concatenate([[0.0], curve.recall, curve.recall[-1:]])
            precision = np.concatenate([highest[:1], highest, np.zeros(min(1, len(highest)))])
            name = f"{label} ({result.ap[label][k]:.3f})".replace("$", r"\$")
            if len(highest) == 0:
                recall, precision = np.zeros(1), np.zeros(1)
            panel.step(recall, precision, where="pre", color=colours[label], label=name, linewidth=1.2)
        panel.set(title=f"tIoU {result.tiou[k]:g}, mAP {result.mAP[k]:.3f}", xlabel="recall", ylabel="precision")
        panel.set(xlim=(0, 1.01), ylim=(0, 1.03))
        panel.legend(fontsize=7, title="class (AP)", title_fontsize=7)
        panel.grid(alpha=0.3)
    if len(labels) > MOST_CLASSES:
        figure.suptitle(f"{MOST_CLASSES} of {len(labels)} classes: those with the most segments", fontsize=9)
    return Picture(figure)
