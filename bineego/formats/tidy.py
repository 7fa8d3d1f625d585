"""Labels as they are compared: stripped, composed, without the class of no action; oddities are reported once."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from bineego.errors import InputInvalid, nearest
from bineego.formats.annotations import Annotations
from bineego.formats.options import LabelOptions
from bineego.labels import composed
from bineego.words import listed, many

NO_ACTION = frozenset({
    "background", "bg", "none", "null", "nothing", "sil", "silence", "no action", "no activity", "no event", "no label",
    "unlabeled", "unlabelled", "other background",
})  # fmt: skip
"""Names, in lower case and without punctuation, that usually mean no action."""

log = logging.getLogger(__name__)


def tidy(parts: Sequence[Annotations], how: LabelOptions, where: object) -> list[Annotations]:
    """Ground truth from several files with its labels tidied; changes and oddities are reported once.

    Raises:
        InputInvalid: a label is empty, or no label is `how.background`.
    """
    changed: dict[str, str] = {}
    tables = [compose_labels(part.segments, where, changed) for part in parts]
    say_composed(changed, where)
    names = sorted({label for table in tables for label in table["label"].unique()})
    if how.background is not None:
        tables = without_background(tables, names, how.background, where)
    else:
        _warn_of_background(names, tables, where)
    _warn_of_case(names, where)
    return [replace(part, segments=table) for part, table in zip(parts, tables, strict=True)]


def tidy_predictions(table: pd.DataFrame, how: LabelOptions, where: object) -> pd.DataFrame:
    """Predictions with the labels that `tidy` would give them, without those of the background."""
    changed: dict[str, str] = {}
    table = compose_labels(table, where, changed)
    say_composed(changed, where)
    if how.background is None:
        return table
    return table[(table["label"] != composed(how.background)).to_numpy()].reset_index(drop=True)


def compose_labels(table: pd.DataFrame, where: object, changed: dict[str, str]) -> pd.DataFrame:
    """The table with its labels composed; `changed` collects those that were not."""
    codes, names = pd.factorize(table["label"])
    new = {name: composed(str(name)) for name in names}
    empty = next((name for name, label in new.items() if not label), None)
    if empty is not None:
        row = table[(table["label"] == empty).to_numpy()].iloc[0]
        place = f"{where}, video {row['video_id']!r} at {row['start']:g} s"
        raise InputInvalid("label is empty", where=place)
    different = {name: label for name, label in new.items() if name != label}
    if not different:
        return table
    changed.update(different)
    return table.assign(label=np.array([new[name] for name in names], object)[codes])


def say_composed(changed: dict[str, str], where: object) -> None:
    """Say which labels are read otherwise than they are written."""
    if changed:
        shown = (f"{name!r} as {label!r}" for name, label in changed.items())
        log.warning(
            "%s: labels are read without surrounding blanks and with composed accents: %s",
            where,
            listed(shown, "label"),
        )


def without_background(
    tables: Sequence[pd.DataFrame], names: Sequence[str], background: str, where: object
) -> list[pd.DataFrame]:
    """The tables without the segments of the class that means no action."""
    wanted = composed(background)
    if wanted not in names:
        raise InputInvalid(
            f"no label is called {background!r}{nearest(background, names)}", where=where, remedy="check --background"
        )
    kept = [table[(table["label"] != wanted).to_numpy()].reset_index(drop=True) for table in tables]
    n = sum(map(len, tables)) - sum(map(len, kept))
    log.info("%s: %s of %r mean no action", where, many(n, "segment"), wanted)
    return kept


def _warn_of_background(names: Sequence[str], tables: Sequence[pd.DataFrame], where: object) -> None:
    for name in names:
        if " ".join(name.casefold().replace("_", " ").replace("-", " ").split()) in NO_ACTION:
            n = sum(int((table["label"] == name).sum()) for table in tables)
            log.warning(
                "%s: %s of %r count as an action; if they mean no action, use --background %s",
                where, many(n, "segment"), name, f"'{name}'" if " " in name else name,
            )  # fmt: skip


def _warn_of_case(names: Sequence[str], where: object) -> None:
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(name.casefold(), []).append(name)
    several = [" and ".join(map(repr, group)) for group in alike.values() if len(group) > 1]
    if several:
        log.warning("%s: labels that differ only in case are different classes: %s", where, "; ".join(several))
