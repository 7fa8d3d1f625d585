"""Low-score candidates: what a class looks like at other thresholds.

Average precision pays for a hit at any rank: a segment missed by the decoder, or found with wrong bounds, is often
among the runs of its class probability above some lower or higher threshold. They rank below everything decoded.
Source: simulation, docs/facts.md (+.014 mean mAP).
"""

from __future__ import annotations

import numpy as np

from bineego.segments import tiou
from bineego.spans import Spans, join, merge_runs
from bineego.types import Floats

THRESHOLDS = (0.1, 0.2, 0.3, 0.5, 0.7)
SMOOTHING = 1.0
"""Seconds over which probabilities are averaged before thresholds are applied: fragments are not candidates."""
RANK = 0.1
"""Factor on the scores of candidates: all of them score less."""
SAME = 0.9
"""tIoU from which a candidate says nothing new."""


def candidate_runs(probabilities: Floats, edges: Floats, decoded: Spans, own: Spans | None = None) -> Spans:
    """Further runs of every class, scored below those decoded.

    Args:
        probabilities: class probabilities (N, C + 1).
        edges: cell edges (N + 1,), seconds.
        decoded: what was found already; near copies of it (and of each other) are left out.
        own: what the network proposes by itself, near copies suppressed.
    """
    smooth = _smoothed(probabilities, edges)
    found: list[Spans] = []
    for class_id in np.flatnonzero(smooth.max(axis=0) >= THRESHOLDS[0]).tolist():
        if class_id == 0:
            continue
        known = decoded.where(decoded.labels == class_id)
        for threshold in THRESHOLDS:
            above = (smooth[:, class_id] >= threshold).astype(np.int64)
            runs = _new(merge_runs(above * class_id, smooth[:, class_id], edges), known)
            known = join([known, runs])
            found.append(runs)
    runs = join(found)
    if own is not None:
        runs = join([runs, _new(own, join([decoded, runs]))])
    lowest = float(decoded.scores.min()) if len(decoded) else 1.0
    return Spans(labels=runs.labels, starts=runs.starts, ends=runs.ends, scores=runs.scores * min(RANK, lowest))


def _new(spans: Spans, known: Spans) -> Spans:
    """Those that are not near copies of known ones of their class."""
    overlap: Floats = tiou(spans.starts[:, None], spans.ends[:, None], known.starts[None], known.ends[None])
    copies = (overlap >= SAME) & (spans.labels[:, None] == known.labels[None])
    return spans.where(~copies.any(axis=1))


def _smoothed(probabilities: Floats, edges: Floats) -> Floats:
    """Mean probabilities over `SMOOTHING` seconds around the centre of every cell (exact on any grid)."""
    total = np.concatenate(
        [np.zeros((1, probabilities.shape[1])), np.cumsum(probabilities * np.diff(edges)[:, None], 0)]
    )
    centre = (edges[:-1] + edges[1:]) / 2
    half = np.maximum(SMOOTHING / 2, np.diff(edges) / 2)
    low, high = np.clip(centre - half, edges[0], edges[-1]), np.clip(centre + half, edges[0], edges[-1])
    smooth = np.empty_like(probabilities)
    for column in range(probabilities.shape[1]):
        at = total[:, column]
        smooth[:, column] = (np.interp(high, edges, at) - np.interp(low, edges, at)) / (high - low)
    return smooth
