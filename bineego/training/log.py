"""The log of a run: the columns of log.csv, its rows, and the line about each epoch. All of it is made here.

Figures of an epoch are unfitted: no temperature, the default decoder as it is. Their names say so (`mAP_unfitted`), and
`mAP` is kept for the figure of the finished model.
"""

from __future__ import annotations

import csv
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

from bineego import files
from bineego.pictures.curves import write_curves
from bineego.runs import RunFolder
from bineego.training import tensorboard
from bineego.training.checkpoint import RunState
from bineego.training.epoch import Epoch
from bineego.training.recipe import Recipe, Task
from bineego.training.validation import TIOU, Validation
from bineego.words import duration

log = logging.getLogger(__name__)

MAP, UNFITTED = "mAP", "mAP_unfitted"

ACTION_FIGURES = ("val_loss", "interval_accuracy", *(f"{UNFITTED}@{tiou:g}" for tiou in TIOU), UNFITTED)
SCENE_FIGURES = ("scene_top1",)
SECONDS = ("seconds_train", "seconds_val", "seconds_waiting")

WORDS = {
    "loss": "loss",
    "train_accuracy": "accuracy",
    "interval_accuracy": "validation accuracy",
    UNFITTED: UNFITTED,
    "scene_top1": "scene top-1",
}
"""What the line about an epoch names, and how."""


def unfitted(figures: Mapping[str, float]) -> dict[str, float]:
    """Figures of a validation under the names that they have as long as nothing is fitted."""
    return {name.replace(MAP, UNFITTED, 1): value for name, value in figures.items()}


class RunLog:
    """What a run says of its epochs: log.csv, its picture, TensorBoard, and a line each.

    Args:
        folder: where to.
        state: of the run; it keeps the rows, so that a resumed run has them.
        losses: columns of what training itself tells, after `epoch` and `lr`.
        task: figures of its heads follow; the seconds, which no two runs share, come last.
        recipe: in use.
        events: whether TensorBoard is written.
    """

    def __init__(
        self, folder: RunFolder, state: RunState, losses: Sequence[str], task: Task, recipe: Recipe, *, events: bool
    ) -> None:
        self.folder, self.state, self.epochs, self.events = folder, state, recipe.epochs, events
        actions, scenes = (ACTION_FIGURES if task.has_actions else ()), (SCENE_FIGURES if task.has_scenes else ())
        self.columns = ("epoch", "lr", *losses, *actions, *scenes, *SECONDS)

    def add(self, epoch: Epoch[Any], result: Validation | None) -> None:
        """A row for an epoch; one that is added again after a crash replaces the one before.

        Args:
            epoch: its steps.
            result: its validation, if it had one.
        """
        row: dict[str, Any] = {"epoch": epoch.number, "lr": epoch.lr, **epoch.losses}
        row |= {} if result is None else unfitted(result.figures)
        row |= dict(zip(SECONDS, (epoch.seconds, time.monotonic() - epoch.ended, epoch.waited), strict=True))
        self.state.rows = [*(old for old in self.state.rows if old["epoch"] < epoch.number), row]
        self._say(row)
        with files.atomic_text(self.folder.log) as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(self.columns)
            writer.writerows([_text(each.get(name)) for name in self.columns] for each in self.state.rows)
        write_curves(self.folder.log, self.folder.curves)
        if self.events:
            tensorboard.write_row(self.folder.tensorboard, row)

    def latest(self) -> dict[str, Any]:
        """The figures of the latest epoch, for the card of its network."""
        return {name: value for name, value in self.state.rows[-1].items() if name not in SECONDS}

    def _say(self, row: Mapping[str, Any]) -> None:
        parts = [f"{words} {row[name]:.3f}" for name, words in WORDS.items() if name in row]
        seconds = row["seconds_train"] + row["seconds_val"]
        left = (self.epochs - row["epoch"]) * seconds
        log.info(
            "epoch %d/%d: %s (%s%s)", row["epoch"], self.epochs, ", ".join(parts), duration(seconds),
            f", {duration(left)} left" if left else "",
        )  # fmt: skip


def _text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
