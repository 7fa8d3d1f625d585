"""How frames are read, free of numpy, so that the command line can offer it at once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Backend(StrEnum):
    """What decodes."""

    PYAV = "pyav"
    OPENCV = "opencv"


@dataclass(frozen=True, kw_only=True)
class FrameOptions:
    """How frames are brought to the network's size. One filter everywhere: area averaging.

    Attributes:
        size: height and width in pixels; with `keep_aspect`, the shorter side.
        keep_aspect: keep the picture's proportions instead of making it square.
    """

    size: int = 256
    keep_aspect: bool = False

    def __post_init__(self) -> None:
        if not 16 <= self.size <= 4096:
            raise ValueError(f"size must be 16 to 4096 pixels, not {self.size}")

    def shape(self, width: int, height: int) -> tuple[int, int]:
        """Output (height, width) of a picture of `width` x `height` (after rotation)."""
        if not self.keep_aspect:
            return self.size, self.size
        scale = self.size / min(width, height)
        return max(1, round(height * scale)), max(1, round(width * scale))
