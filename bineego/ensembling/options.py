"""How models are fused, and a fitted ensemble as a small TOML file: what `--fit` writes and `--weights FILE` takes.

No pandas, so that the command line can offer it at no cost.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from annotated_types import Ge, Interval

from bineego.config import Opt, Options, Source, build
from bineego.decoding import Postprocess
from bineego.errors import BadOption, InputInvalid, UsageError
from bineego.postprocess.options import Missing, Pooling
from bineego.toml import read_toml, to_toml, write_toml

TABLE, REPORT = "ensemble", "fit"
"""Tables of the file that a fit writes."""

log = logging.getLogger(__name__)


class Method(StrEnum):
    """What is fused, and how."""

    PAPER = "paper"  # equal candidates averaged, then merged by tIoU (report, section 3.3)
    AVERAGE = "average"  # clusters of overlapping candidates become one with weighted-mean boundaries
    TRACKS = "tracks"  # class probabilities on a common grid, decoded once; needs score tracks


DEFAULT_IOU = {Method.PAPER: 0.5, Method.AVERAGE: 0.7}
"""tIoU above which candidates join. Averaged boundaries want near-equal candidates, a union is what it merges."""

DEFAULT_MISSING = {Method.PAPER: Missing.ZERO, Method.AVERAGE: Missing.ZERO, Method.TRACKS: Missing.PRESENT}
"""Support by several models raises confidence (report); a model that was never taught a label does not vote against
it.
"""


@dataclass(frozen=True, kw_only=True)
class EnsembleOptions(Options):
    """How models are fused."""

    method: Annotated[
        Method | None,
        Opt(
            "How to combine: paper averages equal candidates and merges overlapping ones, average "
            "clusters them, tracks averages class probabilities.",
            unset="tracks for score tracks, else paper",
        ),
    ] = None
    iou: Annotated[
        float | None,
        Interval(ge=0, le=1),
        Opt(
            "Candidates with the same video and label are joined above this tIoU; ignored with tracks.",
            unset=", ".join(f"{name} {iou}" for name, iou in DEFAULT_IOU.items()),
        ),
    ] = None
    missing: Annotated[
        Missing | None,
        Opt(
            "Whether a model that lacks a candidate or a label counts with confidence 0 (zero) or not "
            "at all (present).",
            unset=", ".join(f"{name} {rule}" for name, rule in DEFAULT_MISSING.items()),
        ),
    ] = None
    bridge: Annotated[
        float,
        Ge(0),
        Opt(
            "First join each model's segments of the same label that are at most this far apart; with "
            "tracks, after decoding.",
            metavar="SECONDS",
        ),
    ] = 0.0
    pooling: Annotated[Pooling, Opt("Kind of mean of the class probabilities; only for tracks.")] = Pooling.LINEAR

    def iou_for(self, method: Method) -> float:
        """The tIoU threshold of a method of segments."""
        return DEFAULT_IOU[method] if self.iou is None else self.iou

    def missing_for(self, method: Method) -> Missing:
        """The missing rule of a method."""
        return DEFAULT_MISSING[method] if self.missing is None else self.missing


def read_weights(given: object) -> object:
    """Weights as text: numbers with commas, or the file of a fit. Anything else is left as it is."""
    if isinstance(given, Path):
        return str(given)
    if not isinstance(given, str) or Path(given).is_file():
        return given
    for part in given.split(","):
        if not is_number(part):
            raise BadOption(f"not a number or a file: {part!r}")
    return tuple(float(part) for part in given.split(","))


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, kw_only=True)
class EnsembleCall(EnsembleOptions):
    """All of `ensemble` but its inputs."""

    weights: Annotated[
        tuple[float, ...] | str | None,
        Opt("One weight per input, or a file written by --fit.", metavar="W,W,...", unset="equal", parse=read_weights),
    ] = None
    postprocess: Annotated[Postprocess | None, Opt("How score tracks become segments.", unset="as localize does")] = (
        None
    )


@dataclass(frozen=True, kw_only=True)
class EnsembleCommand(EnsembleCall):
    """What the command takes."""

    inputs: Annotated[
        tuple[str, ...],
        Opt("Predictions or score tracks, one per model.", argument=True, table=None, metavar="INPUT..."),
    ]
    fit: Annotated[
        Path | None,
        Opt(
            "Choose weights and method on this ground truth and write them to a file.",
            metavar="GROUND_TRUTH",
            table=None,
        ),
    ] = None
    subset: Annotated[str | None, Opt("With --fit, only the videos of this subset.", table=None, unset="all")] = None
    output: Annotated[
        Path | None,
        Opt("File to write.", short="-o", metavar="FILE", table=None, unset="ensemble.csv; with --fit, ensemble.toml"),
    ] = None
    overwrite: Annotated[bool, Opt("Replace a file even if it was changed, or not written by bineego.", table=None)] = (
        False
    )

    @classmethod
    def sources(cls, file: Sequence[Source], flags: Source) -> Sequence[Source]:
        """Numbers among the inputs that are not files are weights: `--weights 0.6 0.4`. The file of a fit decides
        everything, so bineego.toml is then ignored.
        """
        inputs, weights = flags.values.get("inputs", ()), flags.values.get("weights", ())
        numbers = [text for text in inputs if is_number(text) and not Path(text).exists()]
        if isinstance(weights, str):
            if numbers:
                raise UsageError("both a weights file and weights are given", where=weights)
            return [flags]
        if numbers:
            rest = tuple(text for text in inputs if text not in numbers)
            flags = Source(cls, flags.values | {"inputs": rest, "weights": (*weights, *map(float, numbers))})
        return [*file, flags]


def check_weights(weights: Sequence[float] | None, n_models: int) -> tuple[float, ...]:
    """One weight per model, the largest of them 1; equal weights for None. Only their ratios matter.

    Raises:
        UsageError: a wrong count, a weight that is negative or not finite, or all of them 0.
    """
    if n_models == 0:
        raise UsageError("nothing to combine", remedy="give the predictions of at least two models")
    if weights is None:
        return (1.0,) * n_models
    values = tuple(float(weight) for weight in weights)
    remedy = "one number of 0 or more per input: bineego ensemble A.csv B.csv --weights 0.57,0.51"
    if len(values) != n_models:
        raise UsageError(
            f"{len(values)} {'weight' if len(values) == 1 else 'weights'} for {n_models} inputs", remedy=remedy
        )
    for value in values:
        if not math.isfinite(value) or value < 0:
            raise UsageError(f"a weight must be a finite number of 0 or more, not {value}", remedy=remedy)
    largest = max(values)
    if largest == 0:
        raise UsageError("all weights are 0, so no model is left", remedy=remedy)
    # Scaled, so that very large weights cannot overflow.
    return tuple(value / largest for value in values)


@dataclass(frozen=True, kw_only=True)
class Settings(Options):
    """A way to fuse certain models.

    Attributes:
        inputs: the models' names, in order.
        weights: one for each.
        method, iou, missing, bridge, pooling: as in `EnsembleOptions`.
        postprocess: how score tracks were decoded; None for tables.
    """

    inputs: tuple[str, ...]
    weights: tuple[float, ...]
    method: Method
    iou: float | None = None
    missing: Missing
    bridge: float = 0.0
    pooling: Pooling = Pooling.LINEAR
    postprocess: Postprocess | None = None

    @property
    def options(self) -> EnsembleOptions:
        return EnsembleOptions(
            method=self.method, iou=self.iou, missing=self.missing, bridge=self.bridge, pooling=self.pooling
        )

    def weights_for(self, inputs: Sequence[str], where: object) -> tuple[float, ...]:
        """The weights for these inputs. They are matched by order; a note says so where names differ.

        Raises:
            UsageError: another number of inputs than it was fitted on.
        """
        if len(inputs) != len(self.weights):
            raise UsageError(
                f"fitted on {len(self.weights)} models, but {len(inputs)} are given",
                where=where,
                remedy=f"give the predictions of these models, in this order: {', '.join(self.inputs)}",
            )
        if tuple(inputs) != self.inputs:
            pairs = ", ".join(f"{name} as {fitted}" for name, fitted in zip(inputs, self.inputs, strict=True))
            log.info("weights of %s are applied in order: %s", where, pairs)
        return self.weights


def write_settings(settings: Settings, report: Mapping[str, Any], path: Path) -> None:
    """Write settings and, for people, the report of the fit; whole or not at all."""
    write_toml({TABLE: to_toml(settings), REPORT: dict(report)}, path)


def read_settings(path: Path) -> Settings:
    """Read settings; the report is not looked at.

    Raises:
        InputMissing: the file cannot be read.
        InputInvalid: not such a file.
    """
    content = read_toml(path)
    table = content.get(TABLE)
    if not isinstance(table, dict):
        raise InputInvalid(
            f"no table [{TABLE}]", where=path, remedy="such a file is written by: bineego ensemble --fit GROUND_TRUTH"
        )
    missing = [name for name in ("inputs", "weights", "method", "missing") if name not in table]
    if missing:
        raise InputInvalid(f"missing key {missing[0]!r} in [{TABLE}]", where=path)
    try:
        settings = build(Settings, Source(Settings, table, path, TABLE))
        check_weights(settings.weights, len(settings.inputs))
        _ = settings.options
    except UsageError as error:
        raise InputInvalid(error.message, where=path) from error
    return settings
