"""Which member of a temporal head never sees which example."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bineego.datasets.groups import find_groups
from bineego.datasets.recording import Recording
from bineego.training.temporal.examples import Example, cut_evenly
from bineego.types import Ints

log = logging.getLogger(__name__)

FEWEST_GROUPS = 3
"""With fewer groups of recordings a fold is a stretch of every video instead: each member must see most of the data."""

NO_FOLD = -1


@dataclass(frozen=True, kw_only=True, eq=False)
class Folds:
    """Examples in folds.

    Attributes:
        examples: all, or the stretches of all.
        of: fold (N,) of each; `NO_FOLD` = it has none, every member sees it.
        n: how many folds there are.
    """

    examples: Sequence[Example]
    of: Ints
    n: int

    def known(self) -> list[int]:
        """The folds of those examples that some member has not seen and whose actions are known."""
        return [fold for e, fold in zip(self.examples, self.of.tolist(), strict=True) if fold >= 0 and e.annotated]


def make_folds(
    examples: Mapping[str, Sequence[Example]], recordings: Sequence[Recording], n: int, group_by: str | None
) -> Folds:
    """Examples in up to `n` folds: groups of recordings (people, cameras, else recordings), or stretches of time.

    Args:
        examples: by recording.
        recordings: theirs, in order.
        group_by: attribute of index.json that makes the groups; None = one that looks like it.

    Raises:
        UsageError: no recording has the attribute.
    """
    known = [recording for recording in recordings if examples.get(recording.recording_id)]
    groups = find_groups(known, group_by)
    n_groups = len(set(groups.keys))
    if n_groups >= FEWEST_GROUPS:
        folds = groups.folds(n)
        kept = [(e, fold) for r, fold in zip(known, folds.tolist(), strict=True) for e in examples[r.recording_id]]
    else:
        kept = [
            (part, number)
            for recording in known
            for example in examples[recording.recording_id]
            for number, part in enumerate(cut_evenly(example, n))
        ]
        log.info("folds: parts of videos, because there are fewer than %d groups of recordings", FEWEST_GROUPS)
    of = np.array([fold for _, fold in kept], np.int64)
    if len(set(of.tolist())) < 2:
        return Folds(examples=[example for example, _ in kept], of=np.full(len(kept), NO_FOLD), n=1)
    return Folds(examples=[example for example, _ in kept], of=of, n=int(of.max()) + 1)
