"""What a temporal head learns from: the projected features of a stretch of video, and its labels as numbers.

Shape suffixes: T steps, D features, M annotated segments.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bineego.types import Floats, Ints


@dataclass(frozen=True, kw_only=True, eq=False)
class Example:
    """A video, or a stretch of one.

    Attributes:
        video_id: the video.
        begin: where the stretch begins in it, seconds; all other times count from there.
        features: (T, D).
        edges: of the steps (T + 1,), seconds from 0.
        annotated: whether its actions are known.
        starts, ends: annotated segments (M,), seconds.
        class_ids: their classes (M,), 1..C.
        scene: scene id; negative = unknown.
    """

    video_id: str
    begin: float = 0.0
    features: NDArray[np.float32]
    edges: Floats
    annotated: bool
    starts: Floats
    ends: Floats
    class_ids: Ints
    scene: int

    def __len__(self) -> int:
        return len(self.features)

    @property
    def duration(self) -> float:
        """Seconds."""
        return float(self.edges[-1])


def cut(example: Example, at: Sequence[int]) -> list[Example]:
    """The stretches between the steps 0, `at` ... and the last; none is empty.

    A segment that lies across a cut is in both stretches, as far as each reaches.
    """
    bounds = np.unique(np.clip([0, *at, len(example)], 0, len(example)))
    return [stretch(example, first, stop) for first, stop in itertools.pairwise(bounds)]


def cut_evenly(example: Example, n: int) -> list[Example]:
    """`n` stretches of about equal length (fewer, where there are fewer steps)."""
    return cut(example, np.linspace(0, len(example), n + 1).round().astype(int)[1:-1].tolist())


def stretch(example: Example, first: int, stop: int) -> Example:
    """Steps `first` to `stop` of an example."""
    low, high = example.edges[first], example.edges[stop]
    inside = (example.starts < high) & (example.ends > low)
    return Example(
        video_id=example.video_id,
        begin=example.begin + float(low),
        features=example.features[first:stop],
        edges=example.edges[first : stop + 1] - low,
        annotated=example.annotated,
        starts=np.maximum(example.starts[inside] - low, 0.0),
        ends=np.minimum(example.ends[inside], high) - low,
        class_ids=example.class_ids[inside],
        scene=example.scene,
    )
