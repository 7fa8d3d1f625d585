"""Names of one video in different files: never changed, and matched where exactly one video fits.

Two names fit if they agree without blanks at their ends and with accents composed; else without the folder before the
name (or the address); else without the ending of a video file too.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from urllib.parse import unquote, urlsplit

from bineego.formats.text import composed
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
            "%s: %s matched without ending, folder or blanks (%s%s)", where, many(len(matched), "video id"), shown, more
        )
