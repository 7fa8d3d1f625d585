"""What the training annotations say about time and place, kept with the model and with every score track.

Decoders use it: how long an action usually lasts, how often it happens, in which scenes. numpy only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bineego.types import Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class Priors:
    """Statistics of the training annotations; C actions, S scenes.

    Attributes:
        dwell: mean duration (C + 1,) in seconds of one stay in each class, background included; nan where never seen.
        share: share (C + 1,) of annotated time spent in each class; sums to 1.
        scene_share: the same per scene, (S, C + 1): row s is of the time of scene s; (0, C + 1) without scenes.
    """

    dwell: Floats
    share: Floats
    scene_share: Floats

    def __post_init__(self) -> None:
        n_classes = len(self.dwell)
        if self.share.shape != (n_classes,) or self.scene_share.ndim != 2 or self.scene_share.shape[1] != n_classes:
            raise ValueError(
                f"priors of different class counts: {self.dwell.shape}, {self.share.shape}, {self.scene_share.shape}"
            )

    def to_arrays(self) -> dict[str, Floats]:
        """The statistics by name, for the files that carry them."""
        return {"dwell": self.dwell, "share": self.share, "scene_share": self.scene_share}

    @classmethod
    def from_arrays(cls, arrays: dict[str, Floats]) -> Priors:
        """Inverse of `to_arrays`."""
        return cls(**{name: np.asarray(arrays[name], np.float64) for name in ("dwell", "share", "scene_share")})
