"""Precision-recall curves as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bineego.errors import UsageError
from bineego.files import atomic_path

if TYPE_CHECKING:
    from bineego.evaluation.result import Evaluation

MOST_CLASSES = 12
"""Drawn by name; of more classes only those with the most segments are."""


def draw_curves(result: Evaluation, path: Path) -> None:
    """One panel for each threshold, one line for each class; the highest precision at or after each recall.

    Raises:
        UsageError: `path` is no picture that can be written, or the evaluation kept no curves.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    path = Path(path)
    if path.suffix.casefold() not in (".png", ".svg", ".pdf"):
        raise UsageError("no picture format", where=path, remedy="name a .png, .svg or .pdf file")
    if result.curves is None:
        raise UsageError("the evaluation kept no curves", remedy="evaluate with curves=True")
    labels = sorted(result.curves, key=lambda label: -result.n_truth.get(label, 0))
    figure = Figure(figsize=(4.5 * len(result.tiou), 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(result.tiou), squeeze=False)[0]
    for k, (panel, tiou) in enumerate(zip(panels, result.tiou, strict=True)):
        for label in labels[:MOST_CLASSES]:
            curve = result.curves[label][k]
            highest = np.maximum.accumulate(curve.precision[::-1])[::-1]
            # From recall 0 on, and down to precision 0 where no more segments are found.
            recall = np.concatenate([[0.0], curve.recall, curve.recall[-1:]])
            precision = np.concatenate([highest[:1], highest, [0.0] * len(highest[:1])])
            if len(highest) == 0:
                recall, precision = np.zeros(1), np.zeros(1)
            panel.step(recall, precision, where="pre", label=f"{label} ({result.ap[label][k]:.3f})", linewidth=1.2)
        panel.set(title=f"tIoU {tiou:g}, mAP {result.mAP[k]:.3f}", xlabel="recall", ylabel="precision")
        panel.set(xlim=(0, 1.01), ylim=(0, 1.03))
        panel.legend(fontsize=7, title="class (AP)", title_fontsize=7)
        panel.grid(alpha=0.3)
    if len(labels) > MOST_CLASSES:
        figure.suptitle(f"the {MOST_CLASSES} classes with the most segments, of {len(labels)}", fontsize=9)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format=path.suffix[1:].casefold(), dpi=120)
