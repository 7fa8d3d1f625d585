"""The kinds of features, free of numpy: which there are, and which are made of others."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

RATE = 12.5
"""Steps a second: half the frames of a video of 25 frames a second."""


class Kind(StrEnum):
    """What `extract` can give of a video."""

    FINAL = "final"  # the trunk's last features, averaged over the picture
    MID = "mid"  # those before the picture shrinks a last time, on a coarse grid: where things are
    FINAL_CHANGE = "final-change"  # how much each changes around the step
    MID_CHANGE = "mid-change"
    MOTION = "motion"  # log motion energy of grey pictures in blocks
    DIRECTION = "direction"  # the same, of movement up, down, left and right apart
    SOUND = "sound"  # what is heard: log-mel energies, their changes, left against right

    @property
    def needs_network(self) -> bool:
        """Whether a trunk is needed for it."""
        return self not in (Kind.MOTION, Kind.DIRECTION, Kind.SOUND)


OF_VIEW = "/"
"""Between a view and a kind, where a head reads several views: `third_person/final`."""


def base_of(kind: str) -> str:
    """A kind without its view."""
    return kind.rpartition(OF_VIEW)[2]


def view_of(kind: str) -> str:
    """The view of a kind; empty where a head reads one view."""
    return kind.rpartition(OF_VIEW)[0]


def in_view(kind: str, view: str) -> str:
    """A kind as that of a view."""
    return f"{view}{OF_VIEW}{kind}"


def views_of(kinds: Iterable[str]) -> tuple[str, ...]:
    """The views of some kinds, in order; empty where a head reads one view, whichever."""
    return tuple(dict.fromkeys(view for kind in kinds if (view := view_of(kind))))


def may_lack(kind: str) -> bool:
    """Whether a recording may have no features of a kind, and be read all the same: one of several views, and sound,
    are not there everywhere."""
    return base_of(kind) == Kind.SOUND or bool(view_of(kind))


CHANGE = "-change"


def is_ours(kind: str) -> bool:
    """Whether bineego makes features of this kind; all others are given."""
    return base_of(kind) in list(Kind)


def measured(kinds: Iterable[str]) -> tuple[str, ...]:
    """The kinds that must be read from the video to have `kinds`, in order, each once."""
    return tuple(dict.fromkeys(name.removesuffix(CHANGE) for name in kinds))


def source_of(kind: str) -> str | None:
    """The kind that another is made of: `final` for `final-change`; None for one that is not made of another."""
    return kind.removesuffix(CHANGE) if kind.endswith(CHANGE) else None


def foreign(kinds: Iterable[str], *, has_trunk: bool) -> tuple[str, ...]:
    """Those of some kinds, or what they are made of, that cannot be read from a video, with a trunk or without."""
    makes = [str(kind) for kind in Kind if has_trunk or not kind.needs_network]
    return tuple(kind for kind in measured(kinds) if base_of(kind) not in makes)
