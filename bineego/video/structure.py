"""Whether the bytes of a file are those that were written, where its container can tell without decoding.

FFmpeg checks neither the checksums that Matroska files carry (those written by FFmpeg have one for each cluster), nor
whether an MPEG transport stream is made of whole packets; it looks for the next good place and says nothing.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np

from bineego.files import read_errors

EBML, SEGMENT = 0x1A45DFA3, 0x18538067
CRC = b"\xbf\x84"  # id of a CRC-32 element, and its size of 4 bytes; by the rules the first in its parent
SYNC = 0x47
PACKETS = ((188, 0), (192, 4), (204, 0))
"""Sizes of a transport packet, and where in it its first byte is: plain, with time codes (AVCHD), with parity."""

CHUNK = 1 << 20

BEGINS = re.compile(
    rb"\x1a\x45\xdf\xa3.{1,60}?(?:matroska|webm)|FLV\x01[\x00-\x05]\x00{3}\t|RIFF.{4}AVI LIST"
    rb"|\x00{3}.ftyp[\x20-\x7e]{4}|\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c",
    re.DOTALL,
)
"""How a recording begins: Matroska, FLV, AVI, MP4, ASF."""

LONGEST_BEGIN = 80
"""Bytes that a match may have, at most."""


def broken_parts(path: Path) -> int:
    """Parts of a Matroska file or of an MPEG transport stream that are damaged; 0 of other files, which cannot tell.

    Raises:
        InputMissing: the file is not there, or cannot be read.
    """
    with read_errors(path), path.open("rb") as file:
        head = file.read(5 * 204)
        if int.from_bytes(head[:4], "big") == EBML:
            return sum(not good for good in _checksums(file, path.stat().st_size))
        for size, offset in PACKETS:
            if len(head) >= 5 * size and all(head[at] == SYNC for at in range(offset, 5 * size, size)):
                return _broken_packets(file, size, offset)
    return 0


def unread_share(path: Path, reached: int) -> float:
    """Share of the file from where another recording begins; 0 if none does behind byte `reached`, the last one read.

    Recordings of some formats that are joined byte by byte end for FFmpeg with the first, or the second, of them.

    Raises:
        InputMissing: the file is not there, or cannot be read.
    """
    with read_errors(path), path.open("rb") as file:
        file.seek(reached)
        before, tail = b"", file.read(CHUNK)
        while tail:
            if found := BEGINS.search(before + tail):
                return 1 - (file.tell() - len(tail) - len(before) + found.start()) / path.stat().st_size
            before, tail = tail[-LONGEST_BEGIN:], file.read(CHUNK)
    return 0.0


def _broken_packets(file: IO[bytes], size: int, offset: int) -> int:
    """Places where the packets are out of step, and an incomplete one at the end."""
    file.seek(0)
    wrong, out_of_step = 0, False
    while chunk := file.read(CHUNK // size * size):
        first = np.frombuffer(chunk, np.uint8)[offset::size] != SYNC
        wrong += int((first[1:] & ~first[:-1]).sum()) + int(len(first) and first[0] and not out_of_step)
        out_of_step = bool(len(first) and first[-1])
        wrong += bool(len(chunk) % size)
    return wrong


def _checksums(file: IO[bytes], end: int) -> Iterator[bool]:
    """Whether each element at the top of the segment is whole: all there, with its checksum if it has one."""
    at = 0
    while at < end:
        file.seek(at)
        head = file.read(18)
        try:
            name, width = _number(head, 0, marked=True)
            length, size_width = _number(head, width, marked=False)
        except IndexError:
            yield False
            return
        at += width + size_width
        if length == (1 << 7 * size_width) - 1:  # not told: a stream that was written as it went
            length = 0
            if name != SEGMENT:
                return
        if at + length > end:
            yield False
        if name == SEGMENT:
            continue
        file.seek(at)
        first = file.read(6)
        if first[:2] == CRC and at + length <= end:
            yield _crc(file, length - 6) == int.from_bytes(first[2:], "little")
        at += length


def _number(head: bytes, at: int, *, marked: bool) -> tuple[int, int]:
    """An EBML number, with or without the bit that marks its width; and that width in bytes."""
    width = 9 - head[at].bit_length()
    value = int.from_bytes(head[at : at + width], "big")
    return (value if marked else value & (1 << 7 * width) - 1), width


def _crc(file: IO[bytes], length: int) -> int:
    found = 0
    while length > 0 and (chunk := file.read(min(CHUNK, length))):
        found, length = zlib.crc32(chunk, found), length - len(chunk)
    return found
