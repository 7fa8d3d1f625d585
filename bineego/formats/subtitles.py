"""Subtitles, SRT and WebVTT: a file for each video and named by it, each cue a segment and its text the label.

    1
    00:00:01,280 --> 00:00:06,600
    waving two hands (0.93)

Times are whole milliseconds. Notes, styles and names of cues are not read, nor marks such as <b>. A number in brackets
after every label is a score.
"""

from __future__ import annotations

import html
import logging
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bineego import segments
from bineego.errors import InputInvalid
from bineego.files import atomic_text, read_bytes
from bineego.formats import text
from bineego.formats.annotations import Annotations
from bineego.formats.format import Format, LabelFile, Videos
from bineego.formats.options import LabelOptions
from bineego.formats.rows import RowCollector
from bineego.words import many

ARROW = "-->"
TIME = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{2})[,.](\d{3})"
TIMES = re.compile(rf"\s*{TIME}\s*-->\s*{TIME}(?:\s.*)?")
MARK = re.compile(r"</?[a-zA-Z][^<>]*>|\{\\[^{}]*\}")
SCORED = re.compile(r"(.*\S) \((-?(?:\d+\.\d+(?:e[+-]\d+)?|\d+e[+-]\d+))\)")
"""A label and its score, which has a point or an exponent: `walk (2)` is a label."""

HEADER = "WEBVTT"
NOT_CUES = ("NOTE", "STYLE", "REGION", HEADER)

log = logging.getLogger(__name__)


def _annotations(source: LabelFile, _how: LabelOptions) -> Annotations:
    cues = list(_cues(source.path))
    rows = RowCollector(path=source.path)
    scored = bool(cues) and all(SCORED.fullmatch(label) for label, _ in cues)
    for label, times in cues:
        found = SCORED.fullmatch(label) if scored else None
        rows.add(source.path.stem, (found[1] if found else label,), times)
    if scored:
        log.info("%s: the numbers in brackets are read as scores, not as part of the labels", source.path)
    return Annotations(segments=rows.table(), videos=(source.path.stem,))


def _predictions(source: LabelFile, _how: LabelOptions) -> Annotations:
    rows = RowCollector(path=source.path)
    for label, times in _cues(source.path):
        found = SCORED.fullmatch(label)
        rows.add(source.path.stem, (found[1] if found else label,), times, _number(found[2]) if found else None)
    return Annotations(segments=rows.scored_table(), videos=(source.path.stem,))


def _number(score: str) -> float | None:
    try:
        return float(score)
    except ValueError:
        return None


def _cues(path: Path) -> Iterator[tuple[str, tuple[float, float]]]:
    """Text and times of each cue.

    Raises:
        InputInvalid: a cue without a text or with malformed times, or a block that is not a cue; with its line.
    """
    lines = text.decode(read_bytes(path), where=path)[0].splitlines()
    web = bool(lines) and lines[0].startswith(HEADER)
    for number, block in _blocks(lines):
        timing = next((i for i, line in enumerate(block[:2]) if ARROW in line), None)
        where = f"{path}, line {number + (timing or 0)}"
        if timing is None:
            if web and block[0].startswith(NOT_CUES):
                continue
            raise InputInvalid(f"expected a cue, found {block[0][:60]!r}", where=where)
        found = TIMES.fullmatch(block[timing])
        if found is None:
            raise InputInvalid(
                f"cannot read the times {block[timing].strip()!r}",
                where=where,
                remedy="write 00:00:01,280 --> 00:00:06,600",
            )
        label = MARK.sub("", " ".join(line.strip() for line in block[timing + 1 :])).strip()
        label = html.unescape(label) if web else label
        if not label:
            raise InputInvalid("a cue without a text", where=where, remedy="give it its label, or remove it")
        yield label, (_seconds(found.groups()[:4]), _seconds(found.groups()[4:]))


def _blocks(lines: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Runs of lines that are not blank, with the number of their first line."""
    block: list[str] = []
    for number, line in enumerate([*lines, ""], 1):
        if line.strip():
            block.append(line)
        elif block:
            yield number - len(block), block
            block = []


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, milliseconds = (int(part or 0) for part in parts)
    return (3_600_000 * hours + 60_000 * minutes + 1000 * seconds + milliseconds) / 1000


def _write(found: Annotations, path: Path, _videos: Videos, *, web: bool) -> None:
    table = found.segments.sort_values(["start", "end"], kind="stable")
    early = int((table["start"] < 0).sum())
    if early:
        log.warning("%s: %s that start before 0:00 are written from 0:00", path, many(early, "segment"))
    scores = table[segments.SCORE].tolist() if segments.SCORE in table else None
    columns = (table[name].tolist() for name in ("label", "start", "end"))
    with atomic_text(path) as stream:
        stream.write(f"{HEADER}\n\n" if web else "")
        for number, (label, start, end) in enumerate(zip(*columns, strict=True), 1):
            score = "" if scores is None else f" ({_short(scores[number - 1])})"
            shown = html.escape(" ".join(label.split()), quote=False) if web else " ".join(label.split())
            stream.write(f"{number}\n{_clock(start, web)} {ARROW} {_clock(end, web)}\n{shown}{score}\n\n")


def _short(score: float) -> str:
    digits = f"{score:.4g}"
    return digits if "." in digits or "e" in digits else f"{digits}.0"


def _clock(seconds: float, web: bool) -> str:
    milliseconds = max(0, round(1000 * seconds))
    minutes, rest = divmod(milliseconds, 60_000)
    whole = f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}"
    return f"{whole}{'.' if web else ','}{rest % 1000:03}"


def _first_line(source: LabelFile) -> str:
    return source.text.lstrip().split("\n", 1)[0]


def _is_srt(source: LabelFile) -> bool:
    """A number, times, a text; an empty file by its ending."""
    lines = [line for line in source.text.splitlines()[:20] if line.strip()]
    if not lines:
        return source.suffix == ".srt" and not source.head.strip()
    # An arrow may also occur in the cells of a table, whose first line is a header.
    numbered = len(lines) > 1 and lines[0].strip().isdecimal() and ARROW in lines[1]
    return len(lines) > 1 and (numbered or TIMES.fullmatch(lines[0]) is not None)


SRT = Format(
    name="srt",
    title="subtitles (.srt, .vtt)",
    suffixes=(".srt",),
    recognises=lambda source: not source.is_json and _is_srt(source),
    annotations=_annotations,
    predictions=_predictions,
    write=partial(_write, web=False),
    one_video=True,
    unnamed=True,
)

VTT = Format(
    name="vtt",
    title="subtitles (.srt, .vtt)",
    suffixes=(".vtt",),
    recognises=lambda source: _first_line(source).startswith(HEADER),
    annotations=_annotations,
    predictions=_predictions,
    write=partial(_write, web=True),
    one_video=True,
    unnamed=True,
)
