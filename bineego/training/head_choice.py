"""Which head a call of `train` trains: the one that its options ask for, else the one that suits the data."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from bineego import words
from bineego.config import options
from bineego.errors import UsageError
from bineego.heads.options import TemporalPart
from bineego.training.options import TrainCall
from bineego.training.recipe import SHARED, Head, Recipe
from bineego.tsm.config import Trunk

ENOUGH = 3600.0
"""Seconds of labelled training video from which on a trunk can be taught. With less, frozen features and a small head
find more (docs/accuracy.md)."""

OF_BOTH = frozenset(name for part in SHARED for name in options(part))
"""Options of the recipe that mean the same for both heads. All others are the interval head's, and the trunk is, too,
unless `head` says otherwise."""

OF_TEMPORAL = frozenset({"features", "kinds", *options(TemporalPart)})

log = logging.getLogger(__name__)


def asked_head(call: TrainCall) -> Head | None:
    """The head that the options of a call ask for; None if they leave it open.

    Raises:
        UsageError: options of both.
    """
    told = set(call.given)
    interval = {"recipe", *options(Recipe)} - OF_BOTH
    if call.head is not None:
        interval -= {"trunk"}
        if call.given["head"].file is not None:  # as a run's own config.toml says, which --recipe may name
            interval -= {"recipe"}
    of = {Head.INTERVAL: sorted(told & interval), Head.TEMPORAL: sorted(told & OF_TEMPORAL)}
    asked = call.head or next((head for head, names in of.items() if names), None)
    if asked is None:
        return None
    other = Head.TEMPORAL if asked is Head.INTERVAL else Head.INTERVAL
    if of[other]:
        mine = "--head" if call.head is not None else _flags(of[asked][:1])
        raise UsageError(
            f"{mine} ({asked} head) cannot be combined with {_flags(of[other])} ({other} head)",
            remedy=f"leave one of them out, in bineego.toml too; --head {Head.INTERVAL} trains the report's network",
        )
    return asked


def default_head(seconds: Callable[[], float]) -> Head:
    """The head for this many seconds of labelled training video; it depends on the data, never on the machine."""
    length = seconds()
    head, other = Head.TEMPORAL, f"--head {Head.INTERVAL} trains the report's TSM"
    if length >= ENOUGH:
        head, other = Head.INTERVAL, f"--head {Head.TEMPORAL} trains a small head on frozen features"
    log.info("head: %s, for %s of labelled video; %s", head, words.duration(length), other)
    return head


def check_trunk(trunk: str) -> None:
    """Refuse a trained run as the trunk of the interval head.

    Raises:
        UsageError: it is one.
    """
    if trunk not in list(Trunk):
        raise UsageError(
            f"{trunk!r} is a run; only the temporal head can use the trunk of a run",
            where="--trunk",
            remedy=f"add --head temporal, or continue training its weights with --init {trunk}",
        )


def _flags(names: Iterable[str]) -> str:
    return ", ".join(map(words.flag, names))
