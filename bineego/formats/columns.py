"""Which column of a table holds what: by its name in any of the spellings in use, by `--columns`, or by its values."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from bineego.errors import InputInvalid, nearest
from bineego.formats import times
from bineego.formats.annotations import NotPredictions
from bineego.formats.names import is_file_name
from bineego.formats.options import LabelOptions, TimeUnit
from bineego.formats.table import Table

VIDEO, LABEL, START, END, DURATION, SCORE = "video", "label", "start", "end", "duration", "score"
SUBSET, SCENE, RATE = "subset", "scene", "rate"
TIMED = (START, END, DURATION)

OUR_NAMES: Mapping[str, str] = {VIDEO: "video_id"}
"""What we call the column of a role, where not like the role."""

# For each role: names that certainly mean it, then names that mean it if none of the first is present.
SPELLINGS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    VIDEO: (
        ("video id", "video", "videoid", "video name", "videoname"),
        ("file", "filename", "file name", "video file", "video path", "file path", "filepath", "path", "media",
         "media file", "media file name", "media id", "clip", "clip id", "clip name", "recording", "recording id",
         "vid"),
    ),
    LABEL: (
        ("label", "label name"),
        ("action", "action label", "action name", "class", "class name", "class label", "behavior", "behaviour",
         "annotation", "activity", "event", "category", "tag", "code"),
    ),
    START: (
        ("start", "start time", "starttime"),
        ("begin", "begin time", "onset", "from", "init", "start timestamp", "timestamp start", "time start", "in",
         "time in", "start at", "starts", "start point"),
    ),
    END: (
        ("end", "end time", "endtime"),
        ("stop", "stop time", "offset", "to", "finish", "end timestamp", "stop timestamp", "timestamp end", "time end",
         "out", "time out", "end at", "ends", "until", "end point"),
    ),
    DURATION: (("duration",), ("dur", "length")),
    SCORE: (("score",), ("confidence", "conf", "probability", "prob", "confidence score")),
    SUBSET: (("subset",), ("split", "partition")),
    SCENE: (("scene",), ()),
    RATE: (("fps", "frame rate", "framerate"), ("video fps", "frames per second")),
}  # fmt: skip

UNITS: Mapping[str, str] = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds", "ss msec", "ss ms"), "s"),
    **dict.fromkeys(("hh mm ss ms", "hh mm ss msec", "hh mm ss", "h m s", "mm ss", "hh mm ss fff"), "clock"),
    **dict.fromkeys(("ms", "msec", "msecs", "millisecond", "milliseconds", "millis"), "ms"),
    **dict.fromkeys(("frame", "frames", "frame number", "frame no", "frame idx", "f"), "frames"),
}
"""Units as they appear at the end of a column name."""

UNIT_ORDER = ("", "s", "clock", "ms", "frames")
"""Which columns are read where a table has the same times in several units."""

SHORTEST_MISTYPED = 4
"""Letters. One edit makes any shorter word of any other."""


class ColumnsMissing(InputInvalid):
    """`--columns` names a column that the table has not."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What the columns of a table hold.

    Attributes:
        roles: column numbers of each role; several only for labels, which are joined.
        unit: unit of the times, where the names of their columns tell it.
        table: the table, without its first row if that turned out to be data.
        notes: what was guessed.
        extras: names of the columns that are not read.
    """

    roles: Mapping[str, tuple[int, ...]]
    unit: TimeUnit | None
    table: Table
    notes: tuple[str, ...] = ()
    extras: tuple[str, ...] = field(default=())

    def __contains__(self, role: str) -> bool:
        return role in self.roles

    def only(self, role: str) -> int:
        """The one column of a role."""
        return self.roles[role][0]


@dataclass(frozen=True, kw_only=True)
class _Name:
    """A header name: the role it may mean, how surely (0 is surest), and its unit."""

    column: int
    role: str
    tier: int
    unit: str


def find(table: Table, required: Collection[str], optional: Collection[str], how: LabelOptions) -> Layout:
    """The layout of a table.

    Args:
        table: as read.
        required: roles that must be there; an end may be told by a duration, a start too.
        optional: roles that may be there.
        how: what the options say about columns and unit.

    Raises:
        ColumnsMissing: `how` names a column that is not there.
        InputInvalid: a role has no column or several, a column is named twice or nearly as a known one.
    """
    _refuse_doubled(table)
    wanted = {*required, *optional, DURATION, RATE}
    named = _named(table, how)
    meanings = [name for i, text in enumerate(table.header) for name in _meanings(text, i)]
    if not named and not meanings and _is_data(table):
        return _without_header(table, required)
    unit = _choose_unit(meanings, how)
    roles = dict(named)
    guessed: dict[str, str] = {}
    for role in (*SPELLINGS,):
        if role in roles or role not in wanted:
            continue
        candidates = [
            name for name in meanings
            if name.role == role and (role not in TIMED or name.unit == unit)
            and not any(name.column in columns for columns in named.values())
        ]  # fmt: skip
        if candidates:
            column = _one_of(candidates, role, table)
            roles[role] = (column,)
            if table.header[column] != OUR_NAMES.get(role, role):
                guessed[role] = table.header[column]
    if START in roles and END in roles:
        roles.pop(DURATION, None)
        guessed.pop(DURATION, None)
    _refuse_mistyped(table, meanings, roles, wanted)
    _refuse_missing(table, required, roles)
    used = {column for columns in roles.values() for column in columns}
    told = {OUR_NAMES.get(role, role): name for role, name in guessed.items() if role != RATE}
    notes = (f"columns read: {', '.join(f'{name!r} as {role}' for role, name in told.items())}",) if told else ()
    extras = tuple(name or f"(column {i + 1})" for i, name in enumerate(table.header) if i not in used)
    return Layout(roles=roles, unit=_as_unit(unit), table=table, notes=notes, extras=extras)


def _as_unit(unit: str) -> TimeUnit | None:
    return {"s": TimeUnit.SECONDS, "ms": TimeUnit.MILLISECONDS, "frames": TimeUnit.FRAMES}.get(unit)


def is_numeric(name: str) -> bool:
    """Whether a column of this name holds times or scores."""
    return any(meaning.role in (*TIMED, SCORE) for meaning in _meanings(name, 0))


def plain(name: str) -> str:
    """A column name without case, signs and capitals inside: "endTimestamp", "End-Timestamp" -> "end timestamp"."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return " ".join(re.findall(r"\w+", parted.replace("_", " ").casefold()))


def _meanings(name: str, column: int) -> list[_Name]:
    """What a header name may mean; at most one role."""
    text = plain(name)
    for base, unit in ((text, ""), *_without_unit(text)):
        for role, tiers in SPELLINGS.items():
            if unit and role not in TIMED:
                continue
            for tier, spellings in enumerate(tiers):
                if base in spellings:
                    return [_Name(column=column, role=role, tier=tier, unit=unit)]
    return []


def _without_unit(text: str) -> list[tuple[str, str]]:
    """Ways to split a unit off: behind the name ("start ms") or before it ("t start", "frame start")."""
    words = text.split()
    found = []
    for k in range(len(words) - 1, 0, -1):
        if (unit := UNITS.get(" ".join(words[k:]))) is not None:
            found.append((" ".join(words[:k]), unit))
        if (unit := UNITS.get(" ".join(words[:k]))) is not None:
            found.append((" ".join(words[k:]), unit))
    if words[:1] == ["t"]:
        found.append((" ".join(words[1:]), "s"))
    return found


def _choose_unit(meanings: Sequence[_Name], how: LabelOptions) -> str:
    """The unit of the columns to read, where several hold times."""
    there: dict[str, set[str]] = {}
    for name in meanings:
        if name.role in TIMED:
            there.setdefault(name.unit, set()).add(name.role)
    whole = [unit for unit in UNIT_ORDER if len(there.get(unit, set())) >= 2]
    if how.time_unit is not None and how.time_unit.value in whole:
        return how.time_unit.value
    return next(iter(whole), next((unit for unit in UNIT_ORDER if unit in there), ""))


def _named(table: Table, how: LabelOptions) -> dict[str, tuple[int, ...]]:
    """The columns that `--columns` names."""
    found: dict[str, tuple[int, ...]] = {}
    for role, names in how.named_columns.items():
        columns = []
        for name in names:
            exact = [i for i, text in enumerate(table.header) if text == name]
            similar = [i for i, text in enumerate(table.header) if plain(text) == plain(name)]
            chosen = exact or similar
            if len(chosen) != 1:
                problem = f"no column {name!r}{nearest(name, table.header)}" if not chosen else f"two columns {name!r}"
                raise ColumnsMissing(
                    f"{problem}, which --columns names", where=_header_of(table), remedy=f"found: {_names(table)}"
                )
            columns.append(chosen[0])
        found[role] = tuple(columns)
    return found


def _one_of(candidates: Sequence[_Name], role: str, table: Table) -> int:
    """The column of a role, if it is clear."""
    ours = [name for name in candidates if table.header[name.column] == OUR_NAMES.get(role, role)]
    if len(ours) == 1:
        return ours[0].column
    best = min(name.tier for name in candidates)
    surest = [name.column for name in candidates if name.tier == best]
    if len(surest) > 1:
        names = " and ".join(repr(table.header[column]) for column in surest)
        raise InputInvalid(
            f"columns {names} could each be the {role}",
            where=_header_of(table),
            remedy=f"say which: --columns {role}={table.header[surest[0]]}",
        )
    return surest[0]


def _refuse_doubled(table: Table) -> None:
    for name in table.header:
        if name and table.header.count(name) > 1:
            raise InputInvalid(f"duplicate column {name!r}", where=_header_of(table), remedy="rename or remove one")


def _refuse_mistyped(
    table: Table, meanings: Sequence[_Name], roles: Mapping[str, tuple[int, ...]], wanted: Collection[str]
) -> None:
    """Refuse a column whose name is one slip of the fingers away from one that would be read."""
    taken = {column for columns in roles.values() for column in columns} | {name.column for name in meanings}
    open_names = [
        (role, spelling)
        for role, tiers in SPELLINGS.items()
        if role in wanted and role not in roles and role != RATE
        for spellings in tiers
        for spelling in spellings
        if len(spelling) >= SHORTEST_MISTYPED or spelling in spellings[:1]
    ]
    for column, name in enumerate(table.header):
        if column in taken:
            continue
        for role, spelling in open_names:
            if is_slip(plain(name), spelling):
                raise InputInvalid(
                    f"unknown column {name!r} (did you mean {spelling.replace(' ', '_')!r}?)",
                    where=_header_of(table),
                    remedy=f"rename it, or say what it is: --columns {role}={name}",
                )


def is_slip(name: str, known: str) -> bool:
    """Whether one letter too many, missing, wrong or two exchanged make `name` of `known` (and they differ)."""
    if name == known or abs(len(name) - len(known)) > 1:
        return False
    start = next((i for i, (a, b) in enumerate(zip(name, known, strict=False)) if a != b), min(len(name), len(known)))
    mine, theirs = name[start:], known[start:]
    exchanged = len(mine) == len(theirs) and mine[:2] == theirs[1::-1] and mine[2:] == theirs[2:]
    return exchanged or mine[1:] == theirs[1:] or mine == theirs[1:] or mine[1:] == theirs


def _refuse_missing(table: Table, required: Collection[str], roles: Mapping[str, tuple[int, ...]]) -> None:
    timed = {START, END} & set(required)
    if timed and len([role for role in TIMED if role in roles]) >= 2:
        timed = set()  # two of start, end and duration tell the third
    missing = [role for role in required if role not in roles and (role not in (START, END) or role in timed)]
    if not missing:
        return
    name = OUR_NAMES.get(missing[0], missing[0])
    raise (NotPredictions if missing == [SCORE] else InputInvalid)(
        f"missing column {name!r}{nearest(name, table.header)} (found: {_names(table)})",
        where=_header_of(table),
        remedy=f"expected {','.join(OUR_NAMES.get(role, role) for role in required)}; to name it: "
        f"--columns {missing[0]}=NAME",
    )


def _names(table: Table) -> str:
    names = ",".join(table.header)
    return names if len(names) <= 200 else f"{len(table.header)} columns"


def _header_of(table: Table) -> str:
    return f"{table.path}, line {table.header_line}"


def _is_data(table: Table) -> bool:
    """Whether the first row is not a header: at least two of its cells are numbers or clock times."""
    return sum(times.is_time(text) for text in table.header) >= 2


def _without_header(table: Table, required: Collection[str]) -> Layout:
    """The layout of a table without header, if its columns are unmistakable.

    Raises:
        InputInvalid: they are not.
    """
    whole = table.without_header()
    kinds = [times.all_times(whole.texts(i)) for i in range(len(whole.columns))]
    numbers = [i for i, numeric in enumerate(kinds) if numeric]
    names = [i for i, numeric in enumerate(kinds) if not numeric]
    # The order of our own tables, and only that: anything else could be read in two ways.
    scored = SCORE in required
    expected = 3 if scored else 2
    roles = _by_values(whole, names, numbers[:2]) if len(names) == 2 and len(numbers) == expected else None
    if roles is None:
        form = "video_id,label,start,end" + (",score" if scored else "")
        unscored = scored and len(numbers) == 2  # labels, perhaps
        raise (NotPredictions if unscored else InputInvalid)(
            "no header, and it is not clear what the columns hold",
            where=_header_of(table),
            remedy=f"add a header line: {form}",
        )
    if scored:
        roles[SCORE] = (numbers[2],)
    order = sorted(roles, key=lambda role: roles[role])
    return Layout(
        roles=roles, unit=None, table=whole,
        notes=(f"no header; columns read as {', '.join(OUR_NAMES.get(role, role) for role in order)}",),
    )  # fmt: skip


def _by_values(table: Table, names: Sequence[int], numbers: Sequence[int]) -> dict[str, tuple[int, ...]] | None:
    """Roles of two columns of names and two of times by their content; None = not clear."""
    start, end = (times.rough(table.texts(i)) for i in numbers)
    if not (end >= start).all() or not (end > start).any():
        return None
    like_file = [bool(sum(is_file_name(text) for text in table.texts(i))) for i in names]
    scattered = [_is_scattered(table.texts(i).tolist()) for i in names]
    if like_file[0] != like_file[1]:
        video = names[like_file.index(True)]
    elif scattered[0] and not scattered[1]:  # the rows of a video are adjacent, but not here
        return None
    else:
        video = names[0]
    label = names[0] if video == names[1] else names[1]
    return {VIDEO: (video,), LABEL: (label,), START: (numbers[0],), END: (numbers[1],)}


def _is_scattered(values: Sequence[str]) -> bool:
    """Whether some equal values are not adjacent."""
    heads = [value for i, value in enumerate(values) if i == 0 or values[i - 1] != value]
    return len(set(heads)) < len(heads)
