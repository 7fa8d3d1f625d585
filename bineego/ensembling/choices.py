"""The ways to fuse that a fit chooses from: few, fixed, and independent of the data: nothing leaks into them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bineego.ensembling.options import EnsembleOptions, Method, check_weights
from bineego.postprocess.options import Missing, Pooling

IOUS = {Method.PAPER: (0.5, 0.3, 0.7), Method.AVERAGE: (0.7, 0.5, 0.6, 0.8)}
"""tIoU thresholds tried, the default first."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One way to fuse.

    Attributes:
        weights: one per model.
        options: with every open question settled.
    """

    weights: tuple[float, ...]
    options: EnsembleOptions


def choices(n_models: int, given: EnsembleOptions, *, with_tracks: bool) -> list[Choice]:
    """All ways to fuse `n_models` models, the default first, simpler ones before others; what is given stays fixed."""
    ways = [way for method in _methods(given, with_tracks) for way in _ways(method, given)]
    return [Choice(weights=weights, options=way) for weights in weight_sets(n_models) for way in ways]


def weight_sets(n_models: int) -> list[tuple[float, ...]]:
    """Equal weights; one model twice or half as heavy as the others; all but one; one alone. Largest weight 1."""
    equal = (1.0,) * n_models
    found = [equal]
    for others, one in ((1.0, 2.0), (1.0, 0.5), (1.0, 0.0), (0.0, 1.0)):
        for i in range(n_models):
            weights = [others] * n_models
            weights[i] = one
            if any(weights):
                found.append(check_weights(weights, n_models))
    return list(dict.fromkeys(found))


def _methods(given: EnsembleOptions, with_tracks: bool) -> list[Method]:
    if given.method is not None:
        return [given.method]
    return [Method.TRACKS, Method.PAPER, Method.AVERAGE] if with_tracks else [Method.PAPER, Method.AVERAGE]


def _ways(method: Method, given: EnsembleOptions) -> list[EnsembleOptions]:
    default = replace(given, method=method, missing=given.missing_for(method))
    if method is Method.TRACKS:
        poolings = dict.fromkeys((given.pooling, *Pooling))
        return [replace(default, iou=None, pooling=pooling) for pooling in poolings]
    rules = [default.missing_for(method)] if given.missing is not None else [Missing.ZERO, Missing.PRESENT]
    ious = IOUS[method] if given.iou is None else (given.iou,)
    return [replace(default, iou=iou, missing=rule) for rule in rules for iou in ious]
