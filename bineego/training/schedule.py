"""Learning rate as a pure function of the step: nothing to save, nothing to restore."""

from __future__ import annotations

import math

from bineego.training.recipe import Schedule

MILESTONES = (0.4, 0.8)
"""Shares of the training after which `STEP` divides the rate (TSM: epochs 20 and 40 of 50)."""

GAMMA = 0.1


def lr_factor(step: int, total: int, schedule: Schedule, warmup: int = 0) -> float:
    """What the rate is multiplied by at `step` (0 .. total - 1), after a linear rise over the first `warmup` steps."""
    if step < warmup:
        return (step + 1) / (warmup + 1)
    progress = step / max(1, total)
    match schedule:
        case Schedule.STEP:
            return GAMMA ** sum(progress >= milestone - 1e-9 for milestone in MILESTONES)
        case Schedule.COSINE:
            progress = (step - warmup) / max(1, total - warmup)
            return 0.5 * (1 + math.cos(math.pi * progress))
