"""Numbers and names in messages for people."""

from __future__ import annotations

import re
from collections.abc import Iterable


def many(count: int, noun: str) -> str:
    """`"1 video"`, `"1,200 videos"`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def listed(names: Iterable[str], noun: str, limit: int = 3) -> str:
    """`"12 videos (a, b, c, ...)"`: a count and the first names."""
    all_names = list(names)
    shown = ", ".join(all_names[:limit]) + (", ..." if len(all_names) > limit else "")
    return f"{many(len(all_names), noun)} ({shown})"


def flag(name: str) -> str:
    """An option as the command line calls it: `"--keep-aspect"`."""
    return f"--{name.replace('_', '-')}"


def duration(seconds: float) -> str:
    """A length of time: `"12 s"`, `"7 min"`, `"1.5 h"`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def clock(seconds: float) -> str:
    """A time in a video as players show it, with hundredths: `"0:07.25"`, `"1:02:03.00"`."""
    hundredths = round(seconds * 100)
    minutes, rest = divmod(hundredths, 6000)
    text = f"{rest // 100:02d}.{rest % 100:02d}"
    return f"{minutes}:{text}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02d}:{text}"


def size(n_bytes: float) -> str:
    """An amount of memory or disk: `"12 kB"`, `"1.5 GB"`."""
    for unit in ("bytes", "kB", "MB"):
        if n_bytes < 1000:
            return f"{n_bytes:.0f} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:.1f} GB"


DIGITS, LONGEST = 40, 1000


def printable(text: str) -> str:
    """A text from a file as it may be shown: control characters as `\\x1b`, endless numbers and words cut.

    An escape sequence would otherwise move the cursor, change colours or retitle the reader's window.
    """
    text = re.sub(rf"\d{{{DIGITS + 1},}}", lambda found: f"{found[0][:20]}... ({len(found[0]):,} digits)", text)
    text = re.sub(
        rf"\S{{{LONGEST + 1},}}", lambda found: f"{found[0][:LONGEST]}... ({len(found[0]):,} characters)", text
    )
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", _escaped, text)


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()
