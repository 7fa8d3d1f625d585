"""The course of a training run: losses, scores and learning rate by epoch."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
from matplotlib.ticker import MaxNLocator

from bineego.errors import InputInvalid
from bineego.files import read_bytes
from bineego.pictures.canvas import png
from bineego.runs import OLD_COLUMNS

SCORES = ("mAP_unfitted", *(f"mAP_unfitted@{tiou:g}" for tiou in (0.5, 0.75, 0.95)), "interval_accuracy", "scene_top1")

PANELS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("loss", ("loss", "action_loss", "scene_loss", "val_loss")),
    ("validation score", SCORES),
    ("learning rate", ("lr",)),
)
"""Title of each panel and the columns of log.csv drawn in it, where the log has them."""


def write_curves(log: Path, path: Path) -> None:
    """Draw the curves of a run's log.csv (a row an epoch, column `epoch` first) to the PNG file `path`.

    Raises:
        InputMissing: the log cannot be read.
        InputInvalid: it has no column `epoch`.
    """
    table = pd.read_csv(io.BytesIO(read_bytes(log))).rename(columns=OLD_COLUMNS)
    if "epoch" not in table:
        raise InputInvalid("no column 'epoch'", where=log)
    with png(path, width=11, height=3.4) as figure:
        for axes, (title, columns) in zip(figure.subplots(1, len(PANELS)), PANELS, strict=True):
            for column in columns:
                if column in table and table[column].notna().any():
                    seen = table[["epoch", column]].dropna()
                    axes.plot(seen["epoch"], seen[column], marker=".", label=column)
            axes.set_title(title)
            axes.set_xlabel("epoch")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.grid(alpha=0.3)
            if axes.get_legend_handles_labels()[0]:
                axes.legend(fontsize=8)
