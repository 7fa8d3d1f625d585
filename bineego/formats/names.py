"""Names of one video in different files: never changed, and matched where exactly one video fits.

Two names fit if they agree without blanks at their ends and with accents composed; else without the folder before the
name (or the address); else without the ending of a video file too.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from urllib.parse import unquote, urlsplit

from bineego.errors import nearest
from bineego.labels import composed
from bineego.words import many

MEDIA_ENDINGS = (
    ".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".mts", ".m2ts", ".ts", ".flv", ".3gp",
    ".ogv", ".h264", ".h265", ".hevc", ".360", ".insv", ".lrv", ".mxf", ".vob", ".eaf", ".wav", ".mp3",
)  # fmt: skip
"""Endings of the files that tables name, in small letters."""

log = logging.getLogger(__name__)


def is_file_name(name: str) -> bool:
    """Whether a name ends like a video file."""
    return name.casefold().endswith(MEDIA_ENDINGS)


def stem(name: str) -> str:
    """A file name without its ending, if that is one of a video file."""
    return name[: name.rindex(".")] if is_file_name(name) and name.rindex(".") > 0 else name


def base(name: str) -> str:
    """A name without the folders or the address before it."""
    name = composed(name)
    if "://" in name:
        name = unquote(urlsplit(name).path)
    return composed(name.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1])


def _forms(name: str) -> tuple[str, str, str]:
    """A name, and what is left of it with more and more of it left out."""
    last = base(name)
    return composed(name), last, stem(last)


def match(names: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """For each of `names` that is none of `known` but surely means one: which.

    A name that fits several of `known` is left out, and so are names of different files (folders, endings) that would
    become one.
    """
    known_names = dict.fromkeys(known)
    unknown = [name for name in dict.fromkeys(names) if name not in known_names]
    if not unknown or not known_names:
        return {}
    by_form: list[dict[str, list[str]]] = [{}, {}, {}]
    for name in known_names:
        for table, form in zip(by_form, _forms(name), strict=True):
            table.setdefault(form, []).append(name)
    found: dict[str, str] = {}
    for name in unknown:
        for table, form in zip(by_form, _forms(name), strict=True):
            fitting = table.get(form, ())
            if len(fitting) == 1:
                found[name] = fitting[0]
            if fitting:
                break
    return _without_clashes(found)


def _without_clashes(found: Mapping[str, str]) -> dict[str, str]:
    """The matches but for those of different files with one known name."""
    by_known: dict[str, set[str]] = {}
    for name, known in found.items():
        by_known.setdefault(known, set()).add(composed(name))
    return {name: known for name, known in found.items() if len(by_known[known]) == 1}


def say(matched: Mapping[str, str], where: object) -> None:
    """Tell in one line which ids were matched to others."""
    if matched:
        shown = ", ".join(f"{name!r} is {known!r}" for name, known in list(matched.items())[:2])
        more = ", ..." if len(matched) > 2 else ""
        log.info(
            "%s: %s matched after ignoring extension, folder or blanks (%s%s)",
            where,
            many(len(matched), "video id"),
            shown,
            more,
        )


def explain(unknown: Iterable[str], known: Iterable[str]) -> str | None:
    """Why none of some names is known, if it can be told: a part before or after them, case, numbers for names."""
    names, there = list(dict.fromkeys(unknown)), list(dict.fromkeys(known))
    if not names or not there:
        return None
    for name in names[:MOST_TRIED]:
        for other in there:
            affix = _affix(name, other)
            if affix is not None and _fits(affix, names, there):
                return f"{name!r} and {other!r} differ by {''.join(affix)!r}"
    folded = {other.casefold(): other for other in there}
    for name in names:
        if name.casefold() in folded:
            return f"{name!r} and {folded[name.casefold()]!r} differ in case"
    if all(name.isdecimal() for name in names) and not any(other.isdecimal() for other in there):
        return f"{_shown(names)} are numbers, not names like {_shown(there)}"
    if all(other.isdecimal() for other in there) and not any(name.isdecimal() for name in names):
        return f"{_shown(there)} are numbers, not names like {_shown(names)}"
    if is_file_name(names[0]) != is_file_name(there[0]):
        return f"{names[0]!r} and {there[0]!r}: one is a file name, the other is not"
    close = nearest(names[0], there)
    return f"{names[0]!r}{close}" if close else f"{_shown(names)} against {_shown(there)}"


MOST_TRIED = 5
"""Names that `explain` compares with all known ones."""


def _affix(name: str, other: str) -> tuple[str, str] | None:
    """The parts of the longer of two names before and after the shorter one."""
    longer, shorter = (name, other) if len(name) > len(other) else (other, name)
    if not shorter or shorter not in longer or longer == shorter:
        return None
    before, after = longer.split(shorter, 1)
    return None if before and after else (before, after)


def _fits(affix: tuple[str, str], names: list[str], there: list[str]) -> bool:
    """Whether the affix explains most of the names."""
    before, after = affix
    known, mine = set(there), set(names)
    stripped = sum(name.removeprefix(before).removesuffix(after) in known for name in names)
    added = sum(f"{before}{name}{after}" in known for name in names)
    return 2 * max(stripped, added) >= min(len(mine), len(known))


def _shown(names: list[str]) -> str:
    return ", ".join(map(repr, names[:2])) + (", ..." if len(names) > 2 else "")
