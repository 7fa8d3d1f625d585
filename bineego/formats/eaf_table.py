"""ELAN's tab-delimited export as it comes without a header: tier, participant, begin, end, duration, annotation.

    action<TAB><TAB>00:00:01.280<TAB>1.28<TAB>00:00:06.600<TAB>6.6<TAB>00:00:05.320<TAB>5.32<TAB>waving two hands

Which formats of times there are is the user's choice; the clock times tell which column is what. A line
`"#file:///C:/lab/monday.mp4 -- offset: 0"` names the video, a last column of `.eaf` files as well; else the file's name
does. Tables with a header are read like all others (`csv`).
"""

from __future__ import annotations

import csv
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bineego.errors import InputInvalid
from bineego.files import read_bytes
from bineego.formats import text
from bineego.formats.annotations import Annotations
from bineego.formats.eaf import is_label_name
from bineego.formats.format import Format, LabelFile
from bineego.formats.media import video_of, video_of_address
from bineego.formats.options import LabelOptions
from bineego.formats.rows import RowCollector
from bineego.words import listed

CLOCK = re.compile(r"(\d{2,}):(\d{2}):(\d{2}\.\d{3})")
TIME = re.compile(r"[\d:.]+")
MEDIA = re.compile(r'"?#(file:.*?)(?: -- offset: (\d+))?"?\s*')
TOLERANCE = 0.0015
"""Seconds by which the duration may be off the end less the begin: all three are rounded."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class _Row:
    tier: str
    label: str
    start: float
    end: float
    eaf: str


def _row(line: str) -> _Row | None:
    """The parts of a line; None = not such a line."""
    fields = [field.strip() for field in next(csv.reader([line], delimiter="\t"), [])]
    clocks = [i for i, field in enumerate(fields) if CLOCK.fullmatch(field)]
    if len(clocks) not in (2, 3) or not fields[0] or 0 in clocks:
        return None
    times = [_seconds(fields[i]) for i in clocks]
    after = [field for field in fields[clocks[-1] + 1 :] if not TIME.fullmatch(field)]
    eaf = after.pop() if after and after[-1].casefold().endswith(".eaf") else ""
    if len(after) != 1 or (len(times) == 3 and abs(times[1] - times[0] - times[2]) > TOLERANCE):
        return None
    return _Row(tier=fields[0], label=after[0], start=times[0], end=times[1], eaf=eaf)


def _seconds(clock: str) -> float:
    hours, minutes, seconds = CLOCK.fullmatch(clock).groups()  # type: ignore[union-attr]
    return round(3600 * int(hours) + 60 * int(minutes) + float(seconds), 3)


def _lines(content: str) -> list[tuple[int, str]]:
    return [(number, line) for number, line in enumerate(content.splitlines(), 1) if line.strip()]


def _recognises(source: LabelFile) -> bool:
    if source.is_json or "\t" not in source.text:
        return False
    rows = [line for _, line in _lines(source.text)[:20] if not MEDIA.fullmatch(line)]
    return bool(rows) and _row(rows[0]) is not None


def _annotations(source: LabelFile, how: LabelOptions) -> Annotations:
    path = source.path
    rows = RowCollector(path=path)
    media: tuple[str, float] | None = None
    found: list[tuple[_Row, str, float]] = []
    for number, line in _lines(text.decode(read_bytes(path), where=path)[0]):
        if match := MEDIA.fullmatch(line):
            media = media or (video_of_address(match[1]), int(match[2] or 0) / 1000)
            continue
        row = _row(line)
        if row is None or not row.label:
            raise InputInvalid(
                f"not a line of ELAN's export (tier, begin, end, annotation): {line.strip()[:60]!r}",
                where=f"{path}, line {number}",
            )
        video, offset = media or (video_of(row.eaf) if row.eaf else path.stem, 0.0)
        found.append((row, video, offset))
    wanted = _tiers([row.tier for row, _, _ in found], how, path)
    for row, video, offset in found:
        if row.tier in wanted:
            rows.add(video, (row.label,), (round(row.start + offset, 3), round(row.end + offset, 3)))
    return Annotations(segments=rows.table(), videos=tuple(dict.fromkeys(video for _, video, _ in found)))


def _tiers(names: Sequence[str], how: LabelOptions, path: Path) -> set[str]:
    """The tiers that hold labels, as `eaf` chooses them."""
    there = list(dict.fromkeys(names))
    named = how.named_columns.get("label")
    if named is not None and (len(named) > 1 or named[0] not in there):
        raise InputInvalid(
            f"the label must be one of its tiers: {', '.join(map(repr, there))}",
            where=path,
            remedy="--columns label=TIER",
        )
    chosen = list(named or [name for name in there if is_label_name(name)] or there)
    others = [name for name in there if name not in chosen]
    if others:
        log.warning(
            "%s: labels are taken from %s; ignored: %s (--columns label=TIER chooses another)",
            path, listed(map(repr, chosen), "tier"), listed(map(repr, others), "tier"),
        )  # fmt: skip
    return set(chosen)


FORMAT = Format(
    name="eaf-table",
    title="ELAN's tab-delimited export",
    suffixes=(".txt", ".tsv", ".csv"),
    recognises=_recognises,
    annotations=_annotations,
)
