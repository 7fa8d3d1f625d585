"""How features are made, free of numpy and torch, so that the command line can offer it at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bineego.features.kinds import RATE
from bineego.video.options import Backend, FrameOptions

DEFAULT_TRUNK = "efficientnet_lite0"
DEFAULT_SIZE = 128
DEFAULT_CACHE = Path(".bineego/features")


@dataclass(frozen=True, kw_only=True)
class FeatureOptions:
    """What features of a video depend on.

    Attributes:
        trunk: an image network with ImageNet's weights, by name; or a trained run, by its folder or its file.
        size: height and width of the frames, pixels; with `keep_aspect` the shorter side.
        keep_aspect: keep the picture's proportions.
        rate: steps a second.
        backend: what decodes.
    """

    trunk: str = DEFAULT_TRUNK
    size: int = DEFAULT_SIZE
    keep_aspect: bool = False
    rate: float = RATE
    backend: Backend = Backend.PYAV

    def __post_init__(self) -> None:
        object.__setattr__(self, "backend", Backend(self.backend))
        if not 0.1 <= self.rate <= 32:
            raise ValueError(f"rate must be 0.1 to 32 steps a second, not {self.rate}")
        _ = self.frames

    @property
    def frames(self) -> FrameOptions:
        """The frames that are read."""
        return FrameOptions(size=self.size, keep_aspect=self.keep_aspect)
