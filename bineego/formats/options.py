"""How a table of somebody else is read: options of every command that takes labels. Free of pandas."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from annotated_types import Ge

from bineego.config import Opt, Options
from bineego.errors import BadOption, nearest

PANEL = "Labels of other tools"
TABLE = "labels"
"""Of bineego.toml, for all commands."""

ROLES = ("video", "label", "start", "end", "duration", "score", "subset", "scene")
"""What a column can hold."""

COLUMNS_FORM = "a list like video=File,label=Annotation,start=Begin,end=End; label=verb+noun joins two columns"


class TimeUnit(StrEnum):
    """Unit of the times in a table."""

    SECONDS = "s"
    MILLISECONDS = "ms"
    FRAMES = "frames"


def named_columns(text: str) -> dict[str, tuple[str, ...]]:
    """Names of the columns of each role of `ROLES` that a text like "video=File,label=verb+noun" speaks of.

    Raises:
        BadOption: it has another form.
    """
    found: dict[str, tuple[str, ...]] = {}
    for part in text.split(",") if text else ():
        role, equals, names = part.partition("=")
        role = role.strip().casefold()
        several = tuple(name.strip() for name in names.split("+"))
        if not equals or not all(several):
            raise BadOption(f"must be {COLUMNS_FORM}, not {part.strip()!r}")
        if role not in ROLES:
            raise BadOption(f"must name {', '.join(ROLES)}, not {role!r}{nearest(role, ROLES)}; give {COLUMNS_FORM}")
        if role in found:
            raise BadOption(f"must name {role!r} once; give {COLUMNS_FORM}")
        if len(several) > 1 and role != "label":
            raise BadOption(f"must join labels only, not {role!r}")
        found[role] = several
    return found


def _checked(text: object) -> object:
    if isinstance(text, str):
        named_columns(text)
    return text


@dataclass(frozen=True, kw_only=True)
class LabelOptions(Options):
    """How labels and predictions of other tools are read: one part of every command that takes them."""

    columns: Annotated[
        str | None,
        Opt(
            "Which column holds what, for example video=File,label=verb+noun.",
            panel=PANEL, table=TABLE, metavar="ROLE=NAME,...", unset="recognised by name", parse=_checked,
        ),
    ] = None  # fmt: skip
    time_unit: Annotated[
        TimeUnit | None, Opt("Unit of the times in a table.", panel=PANEL, table=TABLE, unset="seconds")
    ] = None
    background: Annotated[
        str | None,
        Opt("Label that means no action.", panel=PANEL, table=TABLE, metavar="LABEL", unset="none"),
    ] = None

    @property
    def named_columns(self) -> dict[str, tuple[str, ...]]:
        """`columns`, parsed."""
        return named_columns(self.columns or "")


@dataclass(frozen=True, kw_only=True)
class MomentOptions(Options):
    """What a segment without length means."""

    tolerance: Annotated[
        float,
        Ge(0),
        Opt(
            "For labels without a duration: train extends each by S seconds on both sides; evaluate "
            "accepts a prediction whose centre is within S seconds.",
            panel=PANEL, table=TABLE, metavar="S",
        ),
    ] = 0.0  # fmt: skip


AS_WRITTEN = LabelOptions()
"""Nothing said: what the file itself tells."""
