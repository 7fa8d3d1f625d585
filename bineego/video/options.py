"""How frames are read, free of numpy, so that the command line can offer it at once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from annotated_types import Interval

from bineego.config import Opt, Options


class Backend(StrEnum):
    """What decodes."""

    PYAV = "pyav"
    OPENCV = "opencv"


@dataclass(frozen=True, kw_only=True)
class FrameOptions(Options):
    """How frames are brought to the network's size. One filter everywhere: area averaging."""

    size: Annotated[
        int,
        Interval(ge=16, le=4096),
        Opt("Height and width of the frames in pixels; with --keep-aspect, the shorter side."),
    ] = 256
    keep_aspect: Annotated[bool, Opt("Keep the aspect ratio instead of making frames square.")] = False

    def shape(self, width: int, height: int) -> tuple[int, int]:
        """Output (height, width) of a picture of `width` x `height` (after rotation)."""
        if not self.keep_aspect:
            return self.size, self.size
        scale = self.size / min(width, height)
        return max(1, round(height * scale)), max(1, round(width * scale))
