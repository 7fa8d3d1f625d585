"""Actions that no training interval teaches: annotated, and never learnt. Said before the first step, and why."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np

from bineego.datasets.recording import Recording
from bineego.datasets.summary import table_of, taught
from bineego.labels import LabelSet
from bineego.training.recipe import Labels, Recipe
from bineego.training.samples import Samples
from bineego.training.sampling import UNKNOWN
from bineego.types import Ints
from bineego.words import many

MOMENT = 0.1
"""Seconds. Shorter than any action."""

log = logging.getLogger(__name__)


def report_untaught(samples: Samples, train: Sequence[Recording], labels: LabelSet, recipe: Recipe) -> None:
    """Warn of every action that has training segments and names no interval."""
    if not labels.actions:
        return
    counts = _counts(samples, labels, recipe.labels)
    table = table_of(train)
    lengths = (table["end"] - table["start"]).groupby(table["label"], sort=False).max()
    known = int((samples.action != UNKNOWN).sum())
    for class_id, label in enumerate(labels.actions, start=1):
        if counts[class_id] or label not in lengths.index:
            continue
        other = _in_its_place(samples, class_id)
        name = "" if other <= 0 else f"; {labels.actions[other - 1]!r} {counts[other]}"
        if other <= 0:
            lasting = f"its segments are at most {lengths[label]:.2f} s long, the intervals {recipe.interval:g} s"
            cause = f"{lasting}; a shorter --interval would teach it"
        else:
            cause = "its segments are covered by other actions; --labels several (multi-label) would teach it"
        log.warning(
            "action %r labels no training interval (0 of %s%s): %s. %s",
            label, many(known, "interval"), name, cause, _ceiling(train, recipe),
        )  # fmt: skip


def report_covered(train: Sequence[Recording], rule: Labels) -> None:
    """Warn of every action that learning at every moment would not teach: others cover all its segments."""
    if rule is Labels.SEVERAL:
        return
    for label, n in taught(train, {}, MOMENT).items():
        if n == 0:
            log.warning(
                "action %r is never the label of any moment because others cover it. To learn it, use "
                "--labels several (multi-label)",
                label,
            )


def _counts(samples: Samples, labels: LabelSet, rule: Labels) -> Ints:
    """Intervals that teach each class (C + 1,)."""
    if rule is Labels.SINGLE:
        return np.bincount(samples.action[samples.action != UNKNOWN], minlength=labels.n_classes)
    counts = np.zeros(labels.n_classes, np.int64)
    for i, line in enumerate(samples.timelines):
        mine = samples.video == i
        if line.annotated and mine.any():
            counts += (line.targets(samples.low[mine], samples.high[mine]) > 0).sum(axis=0)
    return counts


def _in_its_place(samples: Samples, class_id: int) -> int:
    """The class that names most of the intervals which segments of `class_id` cover at least half of; 0 = none."""
    named: list[int] = []
    for i, line in enumerate(samples.timelines):
        mine = np.flatnonzero(samples.video == i)
        for start, end in zip(
            line.starts[line.class_ids == class_id], line.ends[line.class_ids == class_id], strict=True
        ):
            shared = np.minimum(samples.high[mine], end) - np.maximum(samples.low[mine], start)
            covered = shared >= (samples.high[mine] - samples.low[mine]) / 2
            named += samples.action[mine[covered]].tolist()
    taken = np.array([name for name in named if name > 0], np.int64)
    return int(np.bincount(taken).argmax()) if len(taken) else 0


def _ceiling(train: Sequence[Recording], recipe: Recipe) -> str:
    """What the training labels lose at this interval length, in words."""
    from bineego.evaluation import ceiling

    table = table_of(train)
    inside = table[(table["end"] > table["start"]).to_numpy()]
    found = ceiling(inside, recipe.interval)[0]
    return (
        f"{100 * found.lost:.0f} % of all training segments label no interval: even perfect "
        f"intervals score {found.final:.2f} at most"
    )
