"""The segments that a network proposes by itself, near copies of one another suppressed.

Bodla, Singh, Chellappa, Davis: Soft-NMS - improving object detection with one line of code, ICCV 2017 (the Gaussian
form): a segment that overlaps a better one of its class is not dropped; its score falls with the overlap.
"""

from __future__ import annotations

import numpy as np

from bineego.segments import tiou
from bineego.spans import Spans, join

SIGMA = 0.5
"""Width of the Gaussian: at tIoU 0.7 a score falls to 0.375."""

MIN_SCORE = 0.01
"""What falls below it is dropped."""

MOST = 200
"""Of one class and video."""


def suppressed(spans: Spans) -> Spans:
    """What is left of the candidates (M,), best first within each class, with their reduced scores."""
    return join([_of_class(spans.where(spans.labels == label)) for label in np.unique(spans.labels)])


def _of_class(spans: Spans) -> Spans:
    scores = spans.scores.copy()
    kept, values = [], []
    for _ in range(min(MOST, len(spans))):
        best = int(scores.argmax())
        if scores[best] < MIN_SCORE:
            break
        kept.append(best)
        values.append(scores[best])
        overlap = tiou(spans.starts, spans.ends, spans.starts[best], spans.ends[best])
        scores *= np.exp(-(overlap**2) / SIGMA)
        scores[best] = -1.0
    left = spans.where(np.array(kept, np.int64))
    return Spans(labels=left.labels, starts=left.starts, ends=left.ends, scores=np.array(values))
