"""The folder of a run: its names and paths, the newest run, the model that a name means.

runs/NAME/
    model.safetensors   the best checkpoint; model.card.json: its card, to read
    last/               the state to resume from, and the network after the latest epoch
    config.toml         everything that was decided
    init.json           which of the weights to start from were taken
    split.json          which recordings are held out
    log.csv, curves.png a row for each epoch, and its picture
    val/                the best checkpoint on what is held out: ground_truth.csv, predictions.csv, scenes.csv and,
                            once the run is finished, figures.json
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from bineego.errors import ModelError

log = logging.getLogger(__name__)

RUNS = Path("runs")
"""Where runs are, unless a call says otherwise."""

MODEL_NAME = "model.safetensors"
NO_MODEL = "name a run's folder or a weights file"


OLD_COLUMNS = {"final": "mAP_unfitted"} | {f"mAP@{tiou:g}": f"mAP_unfitted@{tiou:g}" for tiou in (0.5, 0.75, 0.95)}
"""Columns of log.csv as version 0.1 named them, and their names of today."""


@dataclass(frozen=True)
class RunFolder:
    """Paths of one run."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def model(self) -> Path:
        """The best checkpoint."""
        return self.path / MODEL_NAME

    @property
    def last(self) -> Path:
        """Folder of the state to resume from, and of the network as it is after the latest epoch."""
        return self.path / "last"

    @property
    def last_model(self) -> Path:
        return self.last / MODEL_NAME

    @property
    def config(self) -> Path:
        """Everything that was decided; without it a folder is not a run."""
        return self.path / "config.toml"

    @property
    def init(self) -> Path:
        """Report of the weights that came in."""
        return self.path / "init.json"

    @property
    def log(self) -> Path:
        return self.path / "log.csv"

    @property
    def curves(self) -> Path:
        return self.path / "curves.png"

    @property
    def tensorboard(self) -> Path:
        return self.path / "tensorboard"

    @property
    def split(self) -> Path:
        return self.path / "split.json"

    @property
    def ground_truth(self) -> Path:
        """The truth that the best checkpoint is held against."""
        return self.path / "val" / "ground_truth.csv"

    @property
    def predictions(self) -> Path:
        """What the best checkpoint says of the held-out recordings."""
        return self.path / "val" / "predictions.csv"

    @property
    def scenes(self) -> Path:
        return self.path / "val" / "scenes.csv"

    @property
    def figures(self) -> Path:
        """The figures of the finished model: what `evaluate` says of predictions and ground truth."""
        return self.path / "val" / "figures.json"

    def exists(self) -> bool:
        """Whether anything is there under this name; what a killed run leaves before its first file is nothing."""
        if not self.path.is_dir():
            return self.path.exists()
        return any(not entry.name.startswith(".") for entry in self.path.iterdir())

    def has_model(self) -> bool:
        return self.model.is_file()

    def has_validation(self) -> bool:
        return self.ground_truth.is_file() and self.predictions.is_file()

    def written(self) -> int:
        """When its best checkpoint was last written, in nanoseconds; 0 = it has none."""
        results = (path for path in (self.model, self.predictions) if path.is_file())
        return max((path.stat().st_mtime_ns for path in results), default=0)


def all_runs(runs: Path = RUNS) -> list[RunFolder]:
    """The runs that have come to a checkpoint, the newest last: that whose best checkpoint was written last."""
    found = [RunFolder(path) for path in runs.iterdir() if path.is_dir()] if runs.is_dir() else []
    return sorted((run for run in found if run.written()), key=lambda run: (run.written(), run.name))


def newest_model(runs: Path = RUNS) -> Path:
    """The model of the newest run that has one.

    Raises:
        ModelError: there is none.
    """
    found = [run for run in all_runs(runs) if run.has_model()]
    if not found:
        raise ModelError(
            f"no model: no run in {runs}/ has one",
            remedy="give a run or a model file (--model RUN_OR_FILE), or train one with: bineego train DATASET",
        )
    log.info("model: %s (the newest run; --model chooses another)", found[-1].model)
    return found[-1].model


def newest_validation(runs: Path = RUNS) -> RunFolder | None:
    """The newest run that has predictions and the truth to hold them against."""
    return next((run for run in reversed(all_runs(runs)) if run.has_validation()), None)


def find_model(model: Path | str | None, runs: Path = RUNS) -> Path:
    """The weights file of a run, of a run's name, or of the newest run under `runs`.

    Args:
        model: a weights file, a run's folder, the name of a run under `runs`, or None for the newest.

    Raises:
        ModelError: there is none.
    """
    if model is None:
        return newest_model(runs)
    path = Path(model)
    for candidate in (path, path / MODEL_NAME, runs / path / MODEL_NAME):
        if candidate.is_file():
            return candidate
    if path.is_dir():
        raise ModelError(f"no {MODEL_NAME} in this folder", where=path, remedy=NO_MODEL)
    known = sorted(run.name for run in all_runs(runs) if run.has_model())
    remedy = f"runs with a model: {', '.join(known)}" if known else "train one with: bineego train DATASET"
    raise ModelError("no such run or model file", where=path, remedy=remedy)
