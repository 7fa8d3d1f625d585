"""Whether decoding that begins at a key packet gives the same pictures as decoding from the start of the file.

Containers flag more packets as "key" than that: H.264 with periodic intra refresh becomes right only some frames later.
"""

from __future__ import annotations

from av.packet import Packet
from av.video.stream import VideoStream

H264_IDR = 5  # NAL unit types, ITU-T H.264 table 7-1
H264_SEI = 6
SEI_RECOVERY_POINT = 6  # SEI payload type, ITU-T H.264 annex D
HEAD_BYTES = 4096  # parameter sets and SEI stand before the picture; no need to walk through all of a 4K key frame


def is_clean_entry(codec: str, packet: Packet[VideoStream], extradata: bytes) -> bool:
    """True if the frames shown at or after this key packet's own do not depend on anything before it.

    H.264: an IDR picture, or a recovery point that is exact at once. Every other codec defines its key frames so
    (HEVC: IDR and CRA; frames shown before a CRA but stored after it belong to what comes before).

    Args:
        extradata: the stream's; it says how the packets are divided.
    """
    if codec != "h264":
        return True
    head = bytes(memoryview(packet)[:HEAD_BYTES])
    return _h264_clean(_nal_units(head, _length_bytes(extradata)))


def _h264_clean(units: list[bytes]) -> bool:
    for unit in units:
        kind = unit[0] & 0x1F
        if kind == H264_IDR:
            return True
        if kind == H264_SEI and _recovers_at_once(unit):
            return True
    return False


def _recovers_at_once(sei: bytes) -> bool:
    """An SEI unit with a recovery point whose recovery_frame_cnt, an Exp-Golomb number, is 0: its first bit is 1."""
    at = 1
    while at + 1 < len(sei):
        kind = size = 0
        while at < len(sei) and sei[at] == 0xFF:
            kind, at = kind + 0xFF, at + 1
        if at >= len(sei):
            return False
        kind, at = kind + sei[at], at + 1
        while at < len(sei) and sei[at] == 0xFF:
            size, at = size + 0xFF, at + 1
        if at >= len(sei):
            return False
        size, at = size + sei[at], at + 1
        if kind == SEI_RECOVERY_POINT and at < len(sei):
            return bool(sei[at] & 0x80)
        at += size
    return False


def _length_bytes(extradata: bytes) -> int:
    """Bytes of the length before each unit (ISO 14496-15, lengthSizeMinusOne); 0 where start codes divide them."""
    return (extradata[4] & 3) + 1 if len(extradata) > 4 and extradata[0] == 1 else 0


def _nal_units(head: bytes, length_bytes: int) -> list[bytes]:
    """NAL units of a packet's head, the last one perhaps cut."""
    if not length_bytes:
        parts = head.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")[1:]
        return [part for part in parts if part]
    units, at = [], 0
    while at + length_bytes < len(head):
        size = int.from_bytes(head[at : at + length_bytes], "big")
        at += length_bytes
        if size:
            units.append(head[at : at + size])
        at += size
    return units
