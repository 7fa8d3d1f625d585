"""How a table of somebody else is read: options of every command that takes labels. Free of pandas."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bineego.errors import UsageError, nearest

ROLES = ("video", "label", "start", "end", "duration", "score", "subset", "scene")
"""What a column can be said to hold."""

COLUMNS_FORM = "a list like video=File,label=Annotation,start=Begin,end=End; label=verb+noun joins two columns"


class TimeUnit(StrEnum):
    """Unit of the times in a table."""

    SECONDS = "s"
    MILLISECONDS = "ms"
    FRAMES = "frames"


@dataclass(frozen=True, kw_only=True)
class LabelOptions:
    """How labels and predictions of other tools are read; also the keys of the `[labels]` table of bineego.toml.

    Attributes:
        columns: which column (or attribute, or tier) holds what, as text: "video=File,label=verb+noun".
        time_unit: unit of the times in a table; None = seconds, or clock times such as 01:02.5.
        background: name of the class that stands for no action; its segments are no segments.

    Raises:
        UsageError: `columns` has another form.
    """

    columns: str | None = None
    time_unit: TimeUnit | None = None
    background: str | None = None

    def __post_init__(self) -> None:
        _ = self.named_columns

    @property
    def named_columns(self) -> dict[str, tuple[str, ...]]:
        """Names of the columns of each role in `ROLES` that `columns` speaks of; several are joined by a blank."""
        found: dict[str, tuple[str, ...]] = {}
        for part in self.columns.split(",") if self.columns else ():
            role, equals, names = part.partition("=")
            role = role.strip().casefold()
            several = tuple(name.strip() for name in names.split("+"))
            if not equals or not all(several):
                raise UsageError(f"cannot read {part.strip()!r}", where="--columns", remedy=f"give {COLUMNS_FORM}")
            if role not in ROLES:
                raise UsageError(
                    f"unknown role {role!r}{nearest(role, ROLES)}",
                    where="--columns",
                    remedy=f"roles are {', '.join(ROLES)}: give {COLUMNS_FORM}",
                )
            if role in found:
                raise UsageError(f"{role!r} is given twice", where="--columns", remedy=f"give {COLUMNS_FORM}")
            if len(several) > 1 and role != "label":
                raise UsageError(f"only labels can be joined, not {role!r}", where="--columns")
            found[role] = several
        return found


AS_WRITTEN = LabelOptions()
"""Nothing said: what the file itself tells."""
