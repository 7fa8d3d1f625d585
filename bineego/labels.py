"""Action and scene names, and their ids.

Labels are data: they are read from the annotations (or from a label file). The challenge's own lists are presets, used
to write its submission formats and to recognise scene names that are spelt a little differently.
Source: the public development kit of 360+x and the BinEgo-360 challenge label maps; odd spelling is theirs.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bineego.errors import InputInvalid, nearest

BACKGROUND = 0
"""Class id of "no action": column 0 of every action score. Actions start at 1."""


def composed(name: str) -> str:
    """A name as it is compared: without blanks around it, and with each letter and its accents as one character."""
    return unicodedata.normalize("NFC", name.strip())


class LabelRule(StrEnum):
    """How an interval gets its training label."""

    MAJORITY = "majority"  # the action with the largest overlap, if it covers at least half of the interval
    CENTRE = "centre"  # the action at the centre of the interval
    ANY = "any"  # the action with the largest overlap, however short


CHALLENGE_ACTIONS: tuple[str, ...] = (
    "walking", "operating phone", "pouring", "eating", "playing card games", "opening", "housekeeping",
    "moving things", "dressing", "workout", "drinking", "speaking", "operating computer", "standing",
    "playing instrument", "sitting", "laughing", "coughing", "preparing food", "cooking", "firework", "flashing",
    "playing", "reading", "farming", "dancing", "smoking", "driving", "clapping", "running", "hygiene practices",
    "photographing", "selling", "pushing",
)  # fmt: skip
"""The 34 actions of the challenge label map; ids 1-34."""

SCENES: tuple[str, ...] = (
    "Indoor Residential Spaces", "Indoor Entertainment Venues", "Transportation Interiors", "Kitchen", "Nature",
    "Indoor sports venues", "Indoor Shops & Retail& Commercial", "Dining & Food Outlets", "Bars & Nightlife",
    "Outdoor Residences & Living", "Agriculture & Rural", "Urban Constructions & street", "Outdoor Transportation",
    "Open Public Spaces", "Outdoor Commercial & Markets", "Outdoor Sports & Athletic Fields",
    "Parks & Recreational Areas", "Campus", "Indoor Educational Spaces", "Artistic Spaces",
    "Public Gathering & Conference Spaces", "Hotel & Temporary Stay", "Waterfronts & Water Bodies",
    "Historic & Religious Sites", "Scientific interior space", "Workspaces", "Storage & Utility",
    "Elevators & Escalators&Stairs",
)  # fmt: skip
"""The 28 scene categories of 360+x; ids 0-27."""


@dataclass(frozen=True, kw_only=True)
class LabelSet:
    """The names a model predicts, in the order of its logits.

    `actions` excludes the background: action `actions[k]` is class id (and logit column) `k + 1`.
    `scenes[k]` is scene id `k`. Either may be empty when a model lacks that head.
    """

    actions: tuple[str, ...] = ()
    scenes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for kind, names in (("action", self.actions), ("scene", self.scenes)):
            if len(set(names)) != len(names):
                twice = sorted({name for name in names if names.count(name) > 1})
                raise InputInvalid(f"{kind} label listed twice: {', '.join(twice)}")

    @functools.cached_property
    def _ids(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.actions, start=1)}

    @property
    def n_classes(self) -> int:
        """Number of action logits, C + 1 (background included)."""
        return len(self.actions) + 1

    def action_id(self, name: str) -> int:
        """Class id (1..C) of an action.

        Raises:
            InputInvalid: the action is not in the set.
        """
        try:
            return self._ids[name]
        except KeyError:
            raise InputInvalid(f"unknown action {name!r}{nearest(name, self.actions)}") from None

    def action_ids(self, names: Sequence[str]) -> list[int]:
        """Class ids (1..C) of several actions."""
        return [self.action_id(name) for name in names]


def _words(name: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z0-9]+", name.casefold()))


def match_scene(name: str, scenes: Sequence[str] = SCENES) -> str | None:
    """The scene of `scenes` that `name` means: equal up to case and punctuation, or its words a part of exactly one
    (folder and index names of 360+x write "Educational Spaces" for "Indoor Educational Spaces"). None without one.
    """
    words = _words(name)
    if not words:
        return None
    same = [scene for scene in scenes if _words(scene) == words]
    if same:
        return same[0]
    wider = [scene for scene in scenes if words < _words(scene)]
    return wider[0] if len(wider) == 1 else None
