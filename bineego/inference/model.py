"""Which model is meant, and where it runs."""

from __future__ import annotations

import logging
from pathlib import Path

from bineego.errors import ModelError
from bineego.tsm.card_file import MODEL_NAME

log = logging.getLogger(__name__)

RUNS = Path("runs")


def find_model(model: Path | str | None, runs: Path = RUNS) -> Path:
    """The weights file of a run, of a run's name, or of the newest run under `runs`.

    Args:
        model: a weights file, a run's folder, the name of a run under `runs`, or None for the newest.

    Raises:
        ModelError: there is none.
    """
    if model is None:
        found = sorted(runs.glob(f"*/{MODEL_NAME}"), key=lambda path: path.stat().st_mtime_ns)
        if not found:
            raise ModelError(
                f"no model: no run under {runs}/ has one",
                remedy="name one with --model RUN_OR_FILE, or train one with: bineego train DATASET",
            )
        log.info("model: %s (the newest run; --model names another)", found[-1])
        return found[-1]
    path = Path(model)
    for candidate in (path, path / MODEL_NAME, runs / path / MODEL_NAME):
        if candidate.is_file():
            return candidate
    if path.is_dir():
        raise ModelError(f"no {MODEL_NAME} in this folder", where=path, remedy="name a run's folder or a weights file")
    known = sorted(folder.parent.name for folder in runs.glob(f"*/{MODEL_NAME}"))
    remedy = f"runs with a model: {', '.join(known)}" if known else "train one with: bineego train DATASET"
    raise ModelError("no such run or model file", where=path, remedy=remedy)
