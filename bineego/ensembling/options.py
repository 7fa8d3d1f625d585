"""How models are fused. No pandas, so that the command line can offer it at no cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bineego.errors import UsageError
from bineego.postprocess.options import Missing, Pooling, Postprocess


class Method(StrEnum):
    """What is fused, and how."""

    PAPER = "paper"  # equal candidates averaged, then merged by tIoU (report, section 3.3)
    AVERAGE = "average"  # clusters of overlapping candidates become one with weighted-mean boundaries
    TRACKS = "tracks"  # class probabilities on a common grid, decoded once; needs score tracks


DEFAULT_IOU = {Method.PAPER: 0.5, Method.AVERAGE: 0.7}
"""tIoU above which candidates join. Averaged boundaries want near-equal candidates, a union is what it merges."""

DEFAULT_MISSING = {Method.PAPER: Missing.ZERO, Method.AVERAGE: Missing.ZERO, Method.TRACKS: Missing.PRESENT}
"""Support by several models raises confidence (report); a label a model was never taught is no vote against it."""


@dataclass(frozen=True, kw_only=True)
class EnsembleOptions:
    """Options of `ensemble`.

    Attributes:
        method: see `Method`; None = `tracks` for score tracks, else `paper`.
        iou: candidates of one video and label join above (not at) this tIoU, 0 to 1; None = the method's own
            (`DEFAULT_IOU`). No part in `tracks`.
        missing: see `Missing`; None = the method's own (`DEFAULT_MISSING`).
        bridge: before fusing, join one model's segments of one label with at most this many seconds between them;
            0 = leave them. For `tracks`: after decoding.
        pooling: see `Pooling`; `tracks` only.

    Raises:
        UsageError: a value out of its range.
    """

    method: Method | None = None
    iou: float | None = None
    missing: Missing | None = None
    bridge: float = 0.0
    pooling: Pooling = Pooling.LINEAR

    def __post_init__(self) -> None:
        if self.iou is not None and not 0 <= self.iou <= 1:
            raise UsageError(f"--iou must lie between 0 and 1, not at {self.iou}")
        if not (math.isfinite(self.bridge) and self.bridge >= 0):
            raise UsageError(f"--bridge must be 0 seconds or more, not {self.bridge}")

    def iou_for(self, method: Method) -> float:
        """The tIoU threshold of a method of segments."""
        return DEFAULT_IOU[method] if self.iou is None else self.iou

    def missing_for(self, method: Method) -> Missing:
        """The missing rule of a method."""
        return DEFAULT_MISSING[method] if self.missing is None else self.missing


@dataclass(frozen=True, kw_only=True)
class EnsembleCall(EnsembleOptions):
    """What the command takes; also the keys of the `[ensemble]` table of bineego.toml.

    Attributes:
        weights: one per input, or the file of an earlier fit; None = equal.
        postprocess: how score tracks become segments; None = as `localize` does by default.
    """

    weights: tuple[float, ...] | str | None = None
    postprocess: Postprocess | None = None


def check_weights(weights: Sequence[float] | None, n_models: int) -> tuple[float, ...]:
    """One weight per model, the largest of them 1; equal weights for None. Only their ratios matter.

    Raises:
        UsageError: a wrong count, a weight that is negative or not finite, or all of them 0.
    """
    if n_models == 0:
        raise UsageError("nothing to fuse", remedy="name the predictions of two models or more")
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
        raise UsageError("all weights are 0: no model is left", remedy=remedy)
    # Scaled, so that very large weights cannot overflow.
    return tuple(value / largest for value in values)
