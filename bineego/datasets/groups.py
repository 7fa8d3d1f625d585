"""What must stay together when recordings are divided into folds: those of one person, one camera."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bineego import words
from bineego.datasets.recording import Recording
from bineego.datasets.split import group_keys
from bineego.types import Ints

log = logging.getLogger(__name__)

GROUP_NAMES = (
    "performer", "subject", "participant", "person", "actor", "wearer", "user", "camera", "site", "location", "place"
)  # fmt: skip
"""Attributes of index.json that look like a group, the first that fits being taken; case does not matter."""

MAX_FOLDS = 10


class Groups(NamedTuple):
    """Groups of recordings: the attribute that makes them (None = every recording by itself), and a key for each."""

    attribute: str | None
    keys: list[str]

    def folds(self, limit: int = MAX_FOLDS) -> Ints:
        """Fold (R,) of every recording: one group each, or several where there are more than `limit` groups."""
        names = list(dict.fromkeys(self.keys))
        place = {name: i % limit for i, name in enumerate(names)}
        return np.array([place[key] for key in self.keys], np.int64)


def find_groups(recordings: Sequence[Recording], group_by: str | None = None) -> Groups:
    """The groups of recordings: by the attribute named, else by one that looks like a group, else each by itself.

    Raises:
        UsageError: no recording has the attribute named.
    """
    if group_by is None:
        group_by = _look(recordings)
        if group_by is not None:
            log.info("recordings with the same %s stay together (--group-by chooses another attribute)", group_by)
    keys = group_keys(recordings, group_by)
    log.debug("groups: %s", words.many(len(set(keys)), "group"))
    return Groups(group_by, keys)


def _look(recordings: Sequence[Recording]) -> str | None:
    """An attribute of every recording that has at least two values, and fewer than there are recordings."""
    names = {name.casefold(): name for name in (recordings[0].attributes if recordings else ())}
    for wanted in GROUP_NAMES:
        name = names.get(wanted)
        if name is None or not all(name in recording.attributes for recording in recordings):
            continue
        if 1 < len({str(recording.attributes[name]) for recording in recordings}) < len(recordings):
            return name
    return None
