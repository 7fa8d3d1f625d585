from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bineego.video.keyframes import _h264_clean, _length_bytes, _nal_units, _recovers_at_once
from bineego.video.scan import scan

AVC1 = bytes([1, 100, 0, 31, 0xFF])  # lengths of four bytes


@pytest.mark.parametrize(("name", "expected"), [("closed.mp4", 3), ("open.mp4", 3), ("open.ts", 3), ("refresh.mp4", 1)])
def test_entries_of_real_streams(video: Callable[[str], Path], name: str, expected: int) -> None:
    """Periodic intra refresh flags a key packet a period, none of which gives a right picture at once but the first."""
    assert scan(video(name)).entries.sum() == expected


@given(st.lists(st.binary(min_size=1, max_size=600).filter(lambda unit: b"\0\0" not in unit and unit[-1] != 0)))
def test_both_framings_give_the_units_back(units: list[bytes]) -> None:
    lengths = b"".join(len(unit).to_bytes(4, "big") + unit for unit in units)
    codes = b"".join(b"\0\0\1" + unit for unit in units)
    assert _nal_units(lengths, _length_bytes(AVC1)) == units
    assert _nal_units(codes, _length_bytes(b"")) == units


def test_recovery_point_must_be_at_once() -> None:
    assert _recovers_at_once(bytes([6, 6, 1, 0x84, 0x80]))
    assert not _recovers_at_once(bytes([6, 6, 1, 0x44, 0x80]))
    assert _recovers_at_once(bytes([6, 5, 2, 9, 9, 6, 1, 0x84, 0x80]))


@given(st.binary(max_size=40))
def test_any_bytes_are_survived(data: bytes) -> None:
    _h264_clean(_nal_units(data, 0))
    _h264_clean(_nal_units(data, 4))
    _recovers_at_once(data)
