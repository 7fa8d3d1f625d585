"""`check`: a file read as the other verbs would read it, with everything that is odd about it. No frame is decoded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bineego.config import build, takes
from bineego.datasets import x360
from bineego.datasets.open import open_dataset
from bineego.doctor import labels, predictions
from bineego.doctor.findings import CheckReport, Severity, collected
from bineego.doctor.options import CheckOptions
from bineego.errors import BineegoError, InputInvalid
from bineego.files import missing
from bineego.formats import challenge
from bineego.formats.read import is_scored, read_predictions


@takes(CheckOptions)
def check(file: Path | str, *, options: CheckOptions | None = None, **given: Any) -> CheckReport:
    """Look at a data set, a file of labels or predictions, or a challenge submission.

    Args:
        file: the file or folder.
        options: many options at once; keywords win.
        given: see `CheckOptions`: `videos`, `columns`, `time_unit`, `background`.

    Returns:
        The facts and findings. What the other verbs would refuse is a finding of severity `error`, not an exception.

    Raises:
        UsageError: a wrong option.
    """
    call = build(CheckOptions, options, given)
    report = CheckReport(file=str(file))
    with collected(report):
        try:
            _check(Path(file), call, report)
        except BineegoError as error:
            where = "" if error.where is None else f"{error.where}: "
            report.add(Severity.ERROR, f"{where}{error.message}", error.remedy)
            report.error_code = error.exit_code
    return report


def _check(path: Path, call: CheckOptions, report: CheckReport) -> None:
    if not path.exists():
        raise missing(path)
    if path.is_file():
        problems = _problems(path)
        if problems is not None:
            report.kind = "submission"
            for problem in problems:
                report.add(Severity.ERROR, problem)
            if problems:
                return
        if _is_scored(path):
            report.kind = report.kind or "predictions"
            predictions.look(read_predictions(path, call), report)
            return
    report.kind = report.kind or "labels"
    videos = None if x360.is_folder(path) else call.videos
    told = videos is not None or x360.is_folder(path)
    labels.look(open_dataset(path, videos=videos, how=call), report, told=told)


def _problems(path: Path) -> list[str] | None:
    """What is wrong with a challenge submission; None if the file is none."""
    try:
        return challenge.problems_of(path)
    except InputInvalid:
        return None


def _is_scored(path: Path) -> bool:
    """Whether the file holds predictions; False also for what cannot be read, which the reader of labels then tells."""
    quiet = CheckReport(file=str(path))
    with collected(quiet):
        try:
            return is_scored(path)
        except BineegoError:
            return False
