"""Numbers and names in messages for people."""

from __future__ import annotations

from collections.abc import Iterable


def many(count: int, noun: str) -> str:
    """`"1 video"`, `"1,200 videos"`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def listed(names: Iterable[str], noun: str, limit: int = 3) -> str:
    """`"12 videos (a, b, c, ...)"`: a count and the first names."""
    all_names = list(names)
    shown = ", ".join(all_names[:limit]) + (", ..." if len(all_names) > limit else "")
    return f"{many(len(all_names), noun)} ({shown})"


def duration(seconds: float) -> str:
    """A length of time: `"12 s"`, `"7 min"`, `"1.5 h"`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def size(n_bytes: float) -> str:
    """An amount of memory or disk: `"12 kB"`, `"1.5 GB"`."""
    for unit in ("bytes", "kB", "MB"):
        if n_bytes < 1000:
            return f"{n_bytes:.0f} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:.1f} GB"
