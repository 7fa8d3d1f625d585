"""Damage to one time stamp of a file, and nothing else."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import av


def mpeg(source: Path, target: Path, picture: int, seconds: float) -> None:
    """Moves one time stamp (PTS, and DTS where there is one) of the pictures of an MPEG transport or program stream."""
    content = bytearray(source.read_bytes())
    starts = (_in_packets if content[0] == 0x47 else _in_sectors)(content)
    for at in [stamps for start in starts if (stamps := _stamps(content, start))][picture]:
        b = content[at : at + 5]
        ticks = (b[0] >> 1 & 7) << 30 | b[1] << 22 | b[2] >> 1 << 15 | b[3] << 7 | b[4] >> 1
        ticks = (ticks + round(seconds * 90_000)) % (1 << 33)
        content[at : at + 5] = bytes([
            b[0] & 0xF1 | ticks >> 30 << 1, ticks >> 22 & 255, (ticks >> 15 & 127) << 1 | 1, ticks >> 7 & 255,
            (ticks & 127) << 1 | 1,
        ])  # fmt: skip
    target.write_bytes(content)


def _in_packets(content: bytearray) -> list[int]:
    """Where the PES packets of pictures begin in a transport stream."""
    found = []
    for at in range(0, len(content), 188):
        if content[at + 1] & 0x40:
            start = at + 4 + (1 + content[at + 4] if content[at + 3] & 0x20 else 0)
            if content[start : start + 3] == b"\0\0\1" and content[start + 3] & 0xF0 == 0xE0:
                found.append(start)
    return found


def _in_sectors(content: bytearray) -> list[int]:
    """The same in a program stream."""
    return [match.start() for match in re.finditer(rb"\x00\x00\x01\xe0", content)]


def _stamps(content: bytearray, start: int) -> list[int]:
    """Where the time stamps of a PES packet are: of MPEG-2, or of MPEG-1 with its stuffing and its buffer size."""
    if content[start + 6] & 0xC0 == 0x80:
        at, marks = start + 9, content[start + 7] >> 6
    else:
        at = start + 6
        while content[at] == 0xFF:
            at += 1
        at += 2 if content[at] & 0xC0 == 0x40 else 0
        marks = content[at] >> 4
    return [[], [], [at], [at, at + 5]][marks] if marks < 4 else []


def flash(source: Path, target: Path, picture: int, seconds: float) -> None:
    """Moves one picture of an FLV."""
    content, found, at = bytearray(source.read_bytes()), [], 13
    while at + 11 < len(content):
        configures = content[at + 11] & 15 == 7 and content[at + 12] != 1
        if content[at] == 9 and not configures:
            found.append(at + 4)
        at += 11 + int.from_bytes(content[at + 1 : at + 4], "big") + 4
    at = found[picture]
    ticks = (int.from_bytes(content[at : at + 3], "big") | content[at + 3] << 24) + round(seconds * 1000)
    content[at : at + 3], content[at + 3] = (ticks & 0xFFFFFF).to_bytes(3, "big"), ticks >> 24 & 255
    target.write_bytes(content)


def mp4_offset(source: Path, target: Path, first: int, ticks: int) -> None:
    """Changes one composition offset of an MP4: the first from `first` on that is of one frame alone, or the last."""
    content = bytearray(source.read_bytes())
    table = content.index(b"ctts") + 12
    places = [table + 8 * entry for entry in range(int.from_bytes(content[table - 4 : table], "big"))]
    alone = [at for at in places[max(0, first) :] if struct.unpack(">I", content[at : at + 4])[0] == 1]
    at = alone[0 if first >= 0 else -1]
    count, offset = struct.unpack(">Ii", content[at : at + 8])
    content[at : at + 8] = struct.pack(">Ii", count, offset + ticks)
    target.write_bytes(content)


def mp4_length(source: Path, target: Path, entry: int, ticks: int) -> None:
    """Changes one length of a frame of an MP4 of variable rate: all frames after it move."""
    content = bytearray(source.read_bytes())
    at = content.index(b"stts") + 12 + 8 * entry
    count, length = struct.unpack(">II", content[at : at + 8])
    content[at : at + 8] = struct.pack(">II", count, length + ticks)
    target.write_bytes(content)


def matroska_block(source: Path, target: Path, picture: int, milliseconds: int) -> None:
    """Moves one block of a Matroska file within its cluster."""
    content = bytearray(source.read_bytes())
    with av.open(str(source)) as container:
        block = [packet.pos for packet in container.demux(video=0) if packet.size][picture]
    assert block is not None
    (ticks,) = struct.unpack(">h", content[block + 1 : block + 3])
    content[block + 1 : block + 3] = struct.pack(">h", ticks + milliseconds)
    target.write_bytes(content)
