"""What to score when a call does not say it. Free of pandas, like `options`."""

from __future__ import annotations

import logging
from pathlib import Path

from bineego.errors import UsageError
from bineego.evaluation.options import EvaluateCall
from bineego.runs import newest_validation

log = logging.getLogger(__name__)


def find_inputs(call: EvaluateCall) -> tuple[Path, Path | None]:
    """Ground truth and predictions: those of the call, else those of the newest run.

    Raises:
        UsageError: there is nothing to score.
    """
    truth, predictions = call.ground_truth, call.predictions
    if truth is None and predictions is None:
        run = newest_validation()
        if run is not None:
            log.info("scoring %s against %s", run.predictions, run.ground_truth)
            return run.ground_truth, run.predictions
    if truth is None or (predictions is None and not call.ceiling):
        what = "ground truth" if truth is None else "predictions"
        raise UsageError(f"no {what} to score", remedy="bineego evaluate GROUND_TRUTH PREDICTIONS")
    return truth, predictions
