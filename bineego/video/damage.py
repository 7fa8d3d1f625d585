"""What a video has lost, as far as that can be noticed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from bineego.words import many

SHOWN = 3
"""Places that are named in a line; the others are counted."""

SAME_PLACE = 0.5
"""Seconds. What is damaged nearer than this to the place before is told with it."""


@dataclass(frozen=True, kw_only=True)
class Damage:
    """Damage to one video; false where none was noticed.

    Attributes:
        lost: frames that could not be decoded; the last good one stood in for each.
        places: seconds at which data is damaged, increasing: lost frames, and pictures that the decoder patched.
        doubtful: frames whose own times are damaged.
        holes: (start, end) seconds of stretches without a frame, in a file whose frames are evenly apart elsewhere.
        ends: seconds at which the video ends, and at which it ends by its header, where these are far apart.
        broken: parts of the file that are not as its format has them, or whose own checksum is wrong.
        unread: share of the file that is another recording, on which FFmpeg does not go on.
    """

    lost: int = 0
    places: tuple[float, ...] = ()
    doubtful: int = 0
    holes: tuple[tuple[float, float], ...] = ()
    ends: tuple[float, float] | None = None
    broken: int = 0
    unread: float = 0.0

    def __bool__(self) -> bool:
        return self != Damage()

    def __str__(self) -> str:
        """`3 frames lost; damaged near 1.20 s, 4.08 s; ends at 9.96 s, its header promises 20.00 s`."""
        parts = []
        if self.lost:
            parts.append(f"{many(self.lost, 'frame')} lost")
        if self.places:
            more = f" and {len(self.places) - SHOWN} more" if len(self.places) > SHOWN else ""
            parts.append(f"damaged near {', '.join(f'{place:.2f} s' for place in self.places[:SHOWN])}{more}")
        if self.doubtful:
            parts.append(f"doubtful times of {many(self.doubtful, 'frame')}")
        if self.holes:
            length = sum(end - start for start, end in self.holes)
            parts.append(f"{length:.2f} s without a frame, from {self.holes[0][0]:.2f} s")
        if self.ends is not None:
            parts.append("ends at {:.2f} s, but its header says {:.2f} s".format(*self.ends))
        if self.broken:
            parts.append(f"{many(self.broken, 'part')} of the file broken")
        if self.unread:
            parts.append(f"{self.unread:.0%} of the file not read, another recording")
        return "; ".join(parts)

    def plain(self) -> dict[str, Any]:
        """For JSON: what there is of it."""
        values = {
            "frames_lost": self.lost,
            "seconds": list(self.places),
            "doubtful_times": self.doubtful,
            "holes": [list(hole) for hole in self.holes],
            "ends": None if self.ends is None else {"found": self.ends[0], "promised": self.ends[1]},
            "broken_parts": self.broken,
            "share_not_read": self.unread,
        }
        return {name: value for name, value in values.items() if value not in (0, [], None)}

    def at(self, seconds: Iterable[float], *, lost: int = 0) -> Damage:
        """With more places, and more frames lost."""
        return replace(self, lost=self.lost + lost, places=_together([*self.places, *seconds]))

    def with_broken(self, parts: int) -> Damage:
        """With parts of the file that are broken."""
        return replace(self, broken=self.broken + parts)


def _together(seconds: Iterable[float]) -> tuple[float, ...]:
    """Times near each other are one place; to a hundredth of a second."""
    found: list[float] = []
    last = float("-inf")
    for second in sorted(seconds):
        if second - last > SAME_PLACE:
            found.append(round(second, 2))
        last = second
    return tuple(found)
