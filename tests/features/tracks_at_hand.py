"""Feature tracks made of random numbers, for the tests of this room."""

from __future__ import annotations

from typing import Any

import numpy as np

from bineego.features.steps import step_edges, step_times
from bineego.features.track import FeatureTrack


def make_track(duration: float = 4.0, *, rate: float = 12.5, seed: int = 0, widths: dict[str, int] | None = None,
               **changes: Any) -> FeatureTrack:  # fmt: skip
    rng = np.random.default_rng(seed)
    n = len(step_edges(duration, rate)) - 1
    values = {
        "video_id": f"video {seed}",
        "times": step_times(duration, rate),
        "rate": rate,
        "duration": duration,
        "kinds": {
            name: rng.normal(1, 2, (n, width)).astype(np.float16)
            for name, width in (widths or {"final": 6, "motion": 3}).items()
        },
        "made_by": {"trunk": "none", "size": 64},
    }
    return FeatureTrack(**(values | changes))
