"""What to score when a call does not say it. Free of pandas, like `options`."""

from __future__ import annotations

import logging
from pathlib import Path

from bineego.errors import UsageError
from bineego.evaluation.options import EvaluateOptions
from bineego.runs import newest_validation

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
        run = newest_validation()
        if run is not None:
            log.info("scoring %s against %s", run.predictions, run.ground_truth)
            return run.ground_truth, run.predictions
    if truth is None and options.ground_truth is not None:
        truth = Path(options.ground_truth)
    if predictions is None and options.predictions is not None:
        predictions = Path(options.predictions)
    if truth is None or (predictions is None and need_predictions):
        what = "ground truth" if truth is None else "predictions"
        raise UsageError(f"no {what} to score", remedy="bineego evaluate GROUND_TRUTH PREDICTIONS")
    return truth, predictions
