"""Damage to one time stamp of a file, and nothing else."""

from __future__ import annotations

import struct
from pathlib import Path

import av


def transport_stream(source: Path, target: Path, picture: int, seconds: float) -> None:
    """Moves the time stamps (PTS, and DTS where there is one) of one picture of an MPEG transport stream."""
    content, found = bytearray(source.read_bytes()), -1
    for at in range(0, len(content), 188):
        if not content[at + 1] & 0x40:  # no PES packet starts here
            continue
        pes = at + 4 + (1 + content[at + 4] if content[at + 3] & 0x20 else 0)
        if content[pes : pes + 3] != b"\0\0\1" or content[pes + 3] & 0xF0 != 0xE0:
            continue
        found += 1
        if found == picture:
            for stamp in range(pes + 9, pes + 9 + (10 if content[pes + 7] & 0x40 else 5), 5):
                b = content[stamp : stamp + 5]
                ticks = (b[0] >> 1 & 7) << 30 | b[1] << 22 | b[2] >> 1 << 15 | b[3] << 7 | b[4] >> 1
                ticks = (ticks + round(seconds * 90_000)) % (1 << 33)
                content[stamp : stamp + 5] = bytes([
                    b[0] & 0xF1 | ticks >> 30 << 1, ticks >> 22 & 255, (ticks >> 15 & 127) << 1 | 1, ticks >> 7 & 255,
                    (ticks & 127) << 1 | 1,
                ])  # fmt: skip
    target.write_bytes(content)


def mp4_offset(source: Path, target: Path, first: int, ticks: int) -> None:
    """Changes one composition offset of an MP4, the first from `first` on that is of one frame alone."""
    content = bytearray(source.read_bytes())
    at = content.index(b"ctts") + 12 + 8 * first
    while (entry := struct.unpack(">Ii", content[at : at + 8]))[0] > 1:
        at += 8
    count, offset = entry
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
