"""`bineego ensemble`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bineego.cli import console
from bineego.ensembling.options import EnsembleCommand
from bineego.errors import UsageError
from bineego.files import missing
from bineego.records import check_free, recorded

FORM = "bineego ensemble A.csv B.csv --weights 0.57,0.51 -o OUT.csv"


def ensemble(call: EnsembleCommand) -> None:
    """Combine the predictions of several models.

    Prints the path of the result. With --fit, the weights and the method are chosen on ground truth and written to a
    file for --weights.

    Examples:
      bineego ensemble a.csv b.csv --weights 0.57,0.51 -o both.csv
      bineego ensemble tracks-a tracks-b --fit labels.csv -o fit.toml
    """
    target = call.output or Path("ensemble.csv" if call.fit is None else "ensemble.toml")
    _check(call.inputs, target, overwrite=call.overwrite)
    if call.fit is None:
        if call.subset is not None:
            raise UsageError(
                "--subset works only with --fit", remedy="leave it out: all videos of the inputs are combined"
            )
        from bineego.ensembling import fusing

        fusing.write(fusing.run(call.inputs, call), target, call.inputs, overwrite=call.overwrite)
    else:
        _fit(call, call.fit, target)
    print(target)


def _fit(call: EnsembleCommand, truth: Path, target: Path) -> None:
    """Fit on ground truth and write the settings to a file."""
    if target.suffix != ".toml":
        raise UsageError("--fit writes a .toml file", where=target, remedy="-o WEIGHTS.toml")
    if "weights" in call.given and call.given["weights"].file is None:
        raise UsageError("--fit chooses the weights itself", remedy="leave --weights out")
    from bineego.ensembling import fit as fitting
    from bineego.postprocess import DecodeOptions

    decode = None if call.postprocess is None else DecodeOptions(postprocess=call.postprocess)
    with console.progress("fitting") as on_progress:
        found = fitting.fit(
            call.inputs, truth, options=call, decode=decode, subset=call.subset, on_progress=on_progress
        )
    console.say(found.text())
    with recorded(target) as draft:
        fitting.write(found, draft)


def _check(paths: Sequence[str], target: Path, *, overwrite: bool) -> None:
    """Check what can be checked before anything is read."""
    for path in paths:
        if not Path(path).exists():
            raise missing(Path(path), "no such file")
    if not paths:
        raise UsageError("weights without predictions to combine", remedy=FORM)
    from bineego.ensembling.inputs import PREDICTIONS_NAME

    # A folder stands for the table in it.
    files = (file for path in map(Path, paths) for file in (path, path / PREDICTIONS_NAME))
    check_free(target, overwrite=overwrite, inputs=files)
