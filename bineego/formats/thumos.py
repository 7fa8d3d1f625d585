"""Annotations of THUMOS14 (and MultiTHUMOS): a text file for each class, and the table of all of them in use.

    HighJump_test.txt:    video_test_0000896  18.6 24.8
    table:                video-name,t-init,t-end,f-init,f-end,video-duration,frame-rate,video-frames,label-idx

The class of a text file is its name, without `_test` or `_val`. `label-idx` counts the 20 classes in the order of the
alphabet from 0; -1 are stretches that are ambiguous. Source: the THUMOS14 release; the numbers agree with the names in
ActionFormer's thumos14.json at all 3,311 segments that both have.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path

from bineego.errors import InputInvalid
from bineego.files import read_bytes
from bineego.formats import json, text, tool_csv
from bineego.formats.annotations import Annotations
from bineego.formats.format import Format, LabelFile
from bineego.formats.options import LabelOptions
from bineego.formats.rows import RowCollector

CLASSES = (
    "BaseballPitch", "BasketballDunk", "Billiards", "CleanAndJerk", "CliffDiving", "CricketBowling", "CricketShot",
    "Diving", "FrisbeeCatch", "GolfSwing", "HammerThrow", "HighJump", "JavelinThrow", "LongJump", "PoleVault",
    "Shotput", "SoccerPenalty", "TennisSwing", "ThrowDiscus", "VolleyballSpiking",
)  # fmt: skip
AMBIGUOUS = "Ambiguous"
AMBIGUOUS_NUMBER = -1

PARTS = re.compile(r"_(?:test|val|validation|train)$", re.IGNORECASE)
LINE = re.compile(r"(\S+)\s+([-+0-9.eE]+)\s+([-+0-9.eE]+)")
COLUMNS = ("video-name", "t-init", "t-end", "label-idx")
LENGTH, RATE = "video-duration", "frame-rate"

log = logging.getLogger(__name__)


def class_of(path: Path) -> str:
    """The class that a text file is about: one of THUMOS14's in its name, else the name."""
    words = path.stem.split("_")
    known = [word for word in words if word in (*CLASSES, AMBIGUOUS)]
    return known[-1] if known else PARTS.sub("", path.stem)


def _read_text(source: LabelFile, _how: LabelOptions) -> Annotations:
    rows = RowCollector(path=source.path)
    label = class_of(source.path)
    for number, line in enumerate(text.decode(read_bytes(source.path), where=source.path)[0].splitlines(), 1):
        if not line.strip():
            continue
        match = LINE.fullmatch(line.strip())
        times = json.pair([match[2], match[3]]) if match else None
        if match is None or times is None:
            raise InputInvalid(
                f"expected a video, its start and its end in seconds, found {line.strip()[:60]!r}",
                where=f"{source.path}, line {number}",
            )
        rows.add(match[1], (label,), times)
    log.info("%s: a THUMOS text file; its label is %r", source.path, label)
    return Annotations(segments=rows.table(), videos=tuple(dict.fromkeys(rows.videos)))


def _read_table(source: LabelFile, _how: LabelOptions) -> Annotations:
    header, found = tool_csv.read(source.path)
    rows = RowCollector(path=source.path)
    facts: dict[str, dict[str, float]] = {name: {} for name in (LENGTH, RATE) if name in header}
    for line, cells in found:
        where = f"{source.path}, line {line}"
        row = dict(zip(header, (cell.strip() for cell in cells), strict=True))
        video, start, end, index = (row[name] for name in COLUMNS)
        times = json.pair([start, end])
        if times is None or not video:
            raise InputInvalid(f"expected a video and two finite numbers, found {cells[:3]}", where=where)
        rows.add(video, (_class_numbered(index, where),), times)
        for name, by_video in facts.items():
            value = json.number(row[name])
            if value is not None and value > 0:
                by_video[video] = value
    log.info("%s: the THUMOS14 table; label numbers are read as the names of its 20 classes", source.path)
    return Annotations(
        segments=rows.table(),
        videos=tuple(dict.fromkeys(rows.videos)),
        lengths=facts.get(LENGTH, {}),
        frame_rates=facts.get(RATE, {}),
    )


def _class_numbered(index: str, where: str) -> str:
    number = json.number(index)
    if number == AMBIGUOUS_NUMBER:
        return AMBIGUOUS
    if number is None or number != int(number) or not 0 <= number < len(CLASSES):
        raise InputInvalid(f"label-idx {index!r} is not from -1 to {len(CLASSES) - 1}", where=where)
    return CLASSES[int(number)]


def _is_text(source: LabelFile) -> bool:
    """Lines of a video, its start and its end, without a header."""
    lines = [line.strip() for line in source.text.splitlines()[:20] if line.strip()]
    return bool(lines) and not source.is_json and all(LINE.fullmatch(line) for line in lines)


TEXT = Format(
    name="thumos-txt",
    title="a THUMOS text file (video start end)",
    suffixes=(".txt",),
    recognises=_is_text,
    annotations=_read_text,
)

TABLE = Format(
    name="thumos-csv",
    title="the THUMOS14 table (video-name,t-init,t-end,...,label-idx)",
    suffixes=(".csv",),
    recognises=lambda source: (
        not source.is_json and set(COLUMNS) <= set(source.text.split("\n", 1)[0].strip().split(","))
    ),
    annotations=_read_table,
)
