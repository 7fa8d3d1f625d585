"""Whether the tables of an MP4 agree: it states its length several times, and its number of frames.

An edit list hides what lies outside it. So a damaged table may leave a few frames of a long video, or one frame that
lasts for minutes, and what is left looks whole; only the tables together tell.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import IO

import numpy as np

from bineego.files import read_errors

PARENTS = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts")
TABLES = (b"mvhd", b"tkhd", b"mdhd", b"hdlr", b"elst", b"stts", b"ctts", b"stsc", b"stsz", b"stco", b"co64", b"mvex")
LONG = (b"stsz", b"stco", b"co64")
"""Tables with an entry for each frame, or each piece of the file, of which only the number of entries is wanted."""

MOST_BOXES, DEPTH = 100_000, len(PARENTS)
"""Boxes that are looked at, and how deep they may lie in each other: a file may hold millions that mean nothing."""

HEAD = 12
"""Bytes before the entries of these tables."""

SLACK, SHARE = 0.5, 0.05
"""Seconds, and share of a length, by which two statements of it may differ."""


@dataclass(frozen=True, kw_only=True)
class Track:
    """What the tables of one track state, seconds; None where they do not.

    Attributes:
        media: length by the media's header.
        summed: length by the table of the frames' lengths.
        shown: length by the track's header, less what is left empty.
        edits: (start in the media, length) of each part that is shown.
        delay: by how much a frame may be shown later than it is decoded.
        frames: number of frames by each table that is of all of them.
    """

    media: float | None
    summed: float | None
    shown: float | None
    edits: list[tuple[float, float]]
    delay: float
    frames: set[int]

    def disagreements(self) -> list[str]:
        """In words."""
        found = []
        # Some writers count to the end of the last frame on screen, others to that of the last frame decoded.
        if self.media is not None and self.summed is not None and _differ(self.media, self.summed, self.delay):
            found.append(f"its frames' lengths add up to {self.summed:.2f} s, its header says {self.media:.2f} s")
        edited = sum(length for _, length in self.edits)
        if self.shown is not None and edited and _differ(self.shown, edited):
            found.append(f"its edit list shows {edited:.2f} s, its header says {self.shown:.2f} s")
        end = max((start + length for start, length in self.edits), default=0.0) - self.delay
        if self.media is not None and end > self.media and _differ(end, self.media):
            found.append(f"its edit list goes up to {end:.2f} s of {self.media:.2f} s")
        if len(self.frames) > 1:
            found.append(f"its tables have {' and '.join(map(str, sorted(self.frames)))} frames")
        return found


def disagreements(path: Path) -> list[str]:
    """How the tables of the pictures of an MP4 contradict each other, in words; nothing of one in fragments.

    Raises:
        InputMissing: the file is not there, or cannot be read.
    """
    return [words for track in _read(path) for words in track.disagreements()]


def shown_length(path: Path, number: int, n: int) -> Fraction:
    """Seconds for which picture `number` of the `n` of an MP4 is shown by the header of its track; 0 where it does not
    say.

    Raises:
        InputMissing: the file is not there, or cannot be read.
    """
    tracks = _read(path)
    return Fraction(tracks[number].shown or 0) if len(tracks) == n else Fraction(0)


def _read(path: Path) -> list[Track]:
    """The tracks of pictures; none where the header is damaged beyond this. FFmpeg has its own word about it."""
    with read_errors(path), path.open("rb") as file:
        try:
            return list(_tracks(list(_boxes(file, 0, path.stat().st_size, iter(range(MOST_BOXES))))))
        except (struct.error, ValueError, IndexError):
            return []


def _differ(one: float, other: float, but_for: float = 0.0) -> bool:
    return abs(one - other) - but_for > max(SLACK, SHARE * min(one, other))


def _boxes(
    file: IO[bytes], at: int, end: int, budget: Iterator[int], depth: int = DEPTH
) -> Iterator[tuple[bytes, bytes]]:
    """Name and content of each of `TABLES`, and the name of each track where it begins."""
    while at + 8 <= end and next(budget, None) is not None:
        file.seek(at)
        size, name = struct.unpack(">I4s", file.read(8))
        head = 8
        if size == 1:
            (size,), head = struct.unpack(">Q", file.read(8)), 16
        stop = end if size == 0 else min(end, at + size)
        if stop < at + head:
            return
        if name in PARENTS and depth:
            if name == b"trak":
                yield name, b""
            yield from _boxes(file, at + head, stop, budget, depth - 1)
        elif name in TABLES:
            yield name, file.read(min(stop - at - head, HEAD) if name in LONG else stop - at - head)
        at = stop


def _tracks(boxes: list[tuple[bytes, bytes]]) -> Iterator[Track]:
    """The tracks of pictures."""
    movie = next((content for name, content in boxes if name == b"mvhd"), None)
    if movie is None or any(name == b"mvex" for name, _ in boxes):
        return
    scale, _ = _length(movie, 12)
    starts = [index for index, (name, _) in enumerate(boxes) if name == b"trak"]
    for start, stop in zip(starts, [*starts[1:], len(boxes)], strict=True):
        tables = dict(reversed(boxes[start + 1 : stop]))  # QuickTime has two "hdlr", of which the first says what it is
        if tables.get(b"hdlr", b"")[8:12] == b"vide" and b"mdhd" in tables and scale:
            yield _track(tables, scale)


def _track(tables: dict[bytes, bytes], movie_scale: int) -> Track:
    scale, media = _length(tables[b"mdhd"], 12)
    _, shown = _length(tables[b"tkhd"], 12, before=4) if b"tkhd" in tables else (0, None)
    lengths, offsets = _pairs(tables.get(b"stts", b""), ">u4"), _pairs(tables.get(b"ctts", b""), ">i4")
    frames = {int(table[:, 0].sum()) for table in (lengths, offsets) if len(table)}
    if b"stsz" in tables:
        frames.add(int.from_bytes(tables[b"stsz"][8:12], "big"))
    if b"stsc" in tables and (places := tables.get(b"stco", tables.get(b"co64"))):
        frames.add(_in_chunks(tables[b"stsc"], int.from_bytes(places[4:8], "big")))
    edits = list(_edits(tables.get(b"elst", b"")))
    empty = sum(length for start, length in edits if start < 0)
    summed = float(lengths[:, 0].astype(np.float64) @ lengths[:, 1])
    return Track(
        media=media / scale if media and scale else None,
        summed=summed / scale if scale and len(lengths) else None,
        shown=(shown - empty) / movie_scale if shown and shown > empty else None,
        edits=[(start / scale, length / movie_scale) for start, length in edits if scale and start >= 0],
        delay=max(0.0, float(offsets[:, 1].max(initial=0))) / scale if scale else 0.0,
        frames=frames if len(lengths) else set(),
    )


def _length(header: bytes, at: int, before: int = 0) -> tuple[int, int | None]:
    """Units of a second and length in a header whose lengths have 32 or 64 bits; `before` bytes lie between the two."""
    if header[0]:
        scale, length = struct.unpack_from(f">I{before}xQ", header, at + 8)
        return scale, None if length == (1 << 64) - 1 else length
    scale, length = struct.unpack_from(f">I{before}xI", header, at)
    return scale, None if length == (1 << 32) - 1 else length


def _pairs(table: bytes, kind: str) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """The entries (N, 2) of a table: how many frames, and what they have in common."""
    n = min(int.from_bytes(table[4:8], "big"), max(0, len(table) - 8) // 8)
    fields = np.frombuffer(table, np.dtype([("count", ">u4"), ("value", kind)]), n, 8 if n else 0)
    return np.stack([fields["count"].astype(np.int64), fields["value"].astype(np.int64)], axis=1)


def _in_chunks(table: bytes, chunks: int) -> int:
    """How many frames are in `chunks` pieces of the file, by the table of how many are in each from one on."""
    n = min(int.from_bytes(table[4:8], "big"), max(0, len(table) - 8) // 12)
    entries = np.frombuffer(table, ">u4", 3 * n, 8 if n else 0).reshape(n, 3).astype(np.int64)
    return int((np.diff(entries[:, 0], append=chunks + 1) * entries[:, 1]).sum())


def _edits(table: bytes) -> Iterator[tuple[int, int]]:
    """Start in the media, below 0 of nothing, and length of each part of an edit list that is shown at its own pace."""
    wide = table[:1] == b"\1"
    for entry in range(int.from_bytes(table[4:8], "big")):
        length, start, rate = struct.unpack_from(">QqI" if wide else ">IiI", table, 8 + entry * (20 if wide else 12))
        if start < 0 or rate == 1 << 16:
            yield start, length
