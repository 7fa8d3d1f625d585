"""What to score when a call does not say it. Free of pandas, like `options`."""

from __future__ import annotations

import logging
from pathlib import Path

from bineego.errors import UsageError
from bineego.evaluation.options import EvaluateOptions

log = logging.getLogger(__name__)


def find_inputs(
    truth: Path | None, predictions: Path | None, options: EvaluateOptions, *, need_predictions: bool = True
) -> tuple[Path, Path | None]:
    """Ground truth and predictions: those given, else those of the options, else those of the newest run.

    Raises:
        UsageError: there is nothing to score.
    """
    if truth is not None and not need_predictions:
        return truth, predictions
    if truth is None and predictions is None and options.ground_truth is None and options.predictions is None:
        run = newest_run()
        if run is not None:
            log.info("scoring %s against %s", run[1], run[0])
            return run
    if truth is None and options.ground_truth is not None:
        truth = Path(options.ground_truth)
    if predictions is None and options.predictions is not None:
        predictions = Path(options.predictions)
    if truth is None or (predictions is None and need_predictions):
        what = "ground truth" if truth is None else "predictions"
        raise UsageError(f"no {what} to score", remedy="bineego evaluate GROUND_TRUTH PREDICTIONS")
    return truth, predictions


def newest_run(folder: Path = Path()) -> tuple[Path, Path] | None:
    """Ground truth and predictions of the newest run's validation in `folder`/runs, if there is one."""
    pairs = [
        (path.with_name("ground_truth.csv"), path)
        for path in folder.glob("runs/*/val/predictions.csv")
        if path.with_name("ground_truth.csv").is_file()
    ]
    return max(pairs, key=lambda pair: (pair[1].stat().st_mtime, pair[1]), default=None)
