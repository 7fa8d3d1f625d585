"""What every step of a video should be: its action, how near a boundary is, and how far its action reaches.

Shape suffixes: T steps, M segments, C actions, B boundary channels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bineego.grid import interval_labels, interval_targets
from bineego.labels import BACKGROUND, LabelRule

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BUMP = 0.08
"""Standard deviation in seconds of the bump that marks a boundary; at least `BUMP_STEPS` steps."""
BUMP_STEPS = 0.7
REACH = 4.0  # standard deviations; beyond, a bump is 0


@dataclass(frozen=True, kw_only=True, eq=False)
class StepTargets:
    """Targets of the T steps of one video.

    Attributes:
        actions: class ids (T,), or 0/1 (T, C + 1) where several actions may go on at once.
        boundaries: (T + 1, B) of the edges of the steps: 1 at a boundary, falling off around it.
        inside: class ids (T,) of the shortest action that the centre of a step lies in; 0 = none.
        distances: seconds (T, 2) from a step's centre to the start and the end of that action.
    """

    actions: NDArray[np.int64] | NDArray[np.float32]
    boundaries: NDArray[np.float32]
    inside: Ints
    distances: NDArray[np.float32]


def step_targets(
    edges: Floats,
    starts: Floats,
    ends: Floats,
    class_ids: Ints,
    n_classes: int,
    *,
    multi: bool = False,
    rule: LabelRule = LabelRule.MAJORITY,
) -> StepTargets:
    """Targets of the steps between `edges`.

    Args:
        edges: (T + 1,), seconds, increasing.
        starts, ends: annotated segments (M,), seconds.
        class_ids: their classes (M,), 1..C.
        n_classes: C + 1.
        multi: several actions may go on at once.
        rule: which action names a step that holds a boundary.
    """
    low, high = edges[:-1], edges[1:]
    actions: NDArray[np.int64] | NDArray[np.float32]
    if multi:
        actions = interval_targets(low, high, starts, ends, class_ids, n_classes)
    else:
        actions = interval_labels(low, high, starts, ends, class_ids, rule)
    inside, distances = _inside((low + high) / 2, starts, ends, class_ids)
    return StepTargets(
        actions=actions,
        boundaries=_bumps(edges, starts, ends, class_ids, n_classes if multi else None),
        inside=inside,
        distances=distances,
    )


def _inside(centre: Floats, starts: Floats, ends: Floats, class_ids: Ints) -> tuple[Ints, NDArray[np.float32]]:
    inside = np.full(len(centre), BACKGROUND, np.int64)
    distances = np.zeros((len(centre), 2), np.float32)
    for k in np.argsort(starts - ends, kind="stable"):  # the longest first: shorter ones take their steps over
        here = slice(np.searchsorted(centre, starts[k]), np.searchsorted(centre, ends[k]))
        inside[here] = class_ids[k]
        distances[here, 0], distances[here, 1] = centre[here] - starts[k], ends[k] - centre[here]
    return inside, distances


def _bumps(edges: Floats, starts: Floats, ends: Floats, class_ids: Ints, n_classes: int | None) -> NDArray[np.float32]:
    """(T + 1, B): the highest of the bumps around the boundaries; the ends of the video are none."""
    step = float(np.median(np.diff(edges)))
    sigma = max(BUMP, BUMP_STEPS * step)
    bumps = np.zeros((len(edges), 1 if n_classes is None else n_classes - 1), np.float32)
    for times in (starts, ends):
        for moment, class_id in zip(times.tolist(), class_ids.tolist(), strict=True):
            if not edges[0] + step / 2 < moment < edges[-1] - step / 2:
                continue
            near = slice(*np.searchsorted(edges, [moment - REACH * sigma, moment + REACH * sigma]))
            height = np.exp(-0.5 * ((edges[near] - moment) / sigma) ** 2)
            channel = 0 if n_classes is None else class_id - 1
            bumps[near, channel] = np.maximum(bumps[near, channel], height)
    return bumps
