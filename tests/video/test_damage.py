"""Damage as a value, found by the reader and by the examination."""

from __future__ import annotations

import os
import signal
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from video.making import MakeVideo

from bineego.video import check
from bineego.video.check import examine
from bineego.video.damage import Damage
from bineego.video.frames import FrameOptions
from bineego.video.reader import VideoReader
from bineego.video.scan import holes_of, scan
from bineego.video.structure import broken_parts

Video = Callable[[str], Path]
CLEAN = ["closed.mp4", "open.ts", "pyramid.mkv", "hevc.mp4", "mpeg4.avi", "vp8.webm", "vp9.webm", "vfr.mp4"]


def damage_of(path: Path) -> Damage:
    """As a read to the end notices it."""
    reader = VideoReader(path, FrameOptions(size=32))
    for _ in reader.read():
        pass
    return reader.damage


@pytest.mark.parametrize("kind", CLEAN)
def test_a_clean_file_has_none(video: Video, kind: str) -> None:
    assert not damage_of(video(kind))
    assert not broken_parts(video(kind))


def test_in_words_and_for_json() -> None:
    damage = Damage(lost=2, doubtful=1, holes=((1.0, 1.5),), ends=(2.0, 9.0), broken=1, unread=0.5).at(
        [4.123, 4.2, 0.5]
    )
    assert str(damage) == (
        "2 frames lost; damaged near 0.50 s, 4.12 s; doubtful times of 1 frame; 0.50 s without a frame, from 1.00 s; "
        "ends at 2.00 s, but its header says 9.00 s; 1 part of the file broken; "
        "50% of the file not read, another recording"
    )
    assert damage.plain() == {
        "frames_lost": 2,
        "seconds": [0.5, 4.12],
        "doubtful_times": 1,
        "holes": [[1.0, 1.5]],
        "ends": {"found": 2.0, "promised": 9.0},
        "broken_parts": 1,
        "share_not_read": 0.5,
    }
    assert not Damage()
    assert Damage().plain() == {}
    assert str(Damage()) == ""


def test_lost_frames_are_told_with_their_seconds(
    video: Video, spoil: Callable[[Path, Path, slice], Path], tmp_path: Path
) -> None:
    path = spoil(video("closed.mp4"), tmp_path / "spoilt.mp4", slice(40, 41))  # the key frame at 1.33 s
    damage = damage_of(path)
    assert damage.lost >= 1
    assert damage.places[0] == pytest.approx(40 / 30, abs=0.2)
    examined = examine(path)
    assert examined.lost >= 1
    assert examined.places[0] == pytest.approx(40 / 30, abs=0.2)


def test_a_wrong_byte_of_vp9_is_found_by_the_examination(video: Video, tmp_path: Path) -> None:
    """FFmpeg's own decoder shows wrong pictures and says nothing."""
    content = bytearray(video("vp9.webm").read_bytes())
    position, size = scan(video("vp9.webm")).marks[20, 2:].tolist()
    at = content.index(bytes(content[position + size // 2 : position + size // 2 + 8]))
    content[at : at + 30] = bytes(30)
    path = tmp_path / "zeros.webm"
    path.write_bytes(content)
    assert not examine(video("vp9.webm"))
    assert examine(path)


def test_a_break_is_told(video: Video, tmp_path: Path) -> None:
    content = video("pyramid.mkv").read_bytes()
    path = tmp_path / "cut.mkv"
    path.write_bytes(content[: len(content) // 2])
    ends = damage_of(path).ends
    assert ends is not None
    assert ends[0] < 1.5
    assert ends[1] == pytest.approx(2.0, abs=0.1)


def test_one_wrong_bit_of_a_matroska_file(video: Video, tmp_path: Path) -> None:
    content = bytearray(video("pyramid.mkv").read_bytes())
    content[2 * len(content) // 3] ^= 4
    path = tmp_path / "bit.mkv"
    path.write_bytes(content)
    assert damage_of(path).broken >= 1


def test_checksums_of_large_elements_and_streams_without_lengths(tmp_path: Path) -> None:
    def element(name: bytes, content: bytes) -> bytes:
        return name + struct.pack(">Q", 1 << 56 | len(content)) + content

    def with_checksum(content: bytes) -> bytes:
        return b"\xbf\x84" + zlib.crc32(content).to_bytes(4, "little") + content

    ebml = element(b"\x1a\x45\xdf\xa3", b"")
    cluster = element(b"\x1f\x43\xb6\x75", with_checksum(bytes(range(256)) * 10_000))
    path = tmp_path / "a.mkv"
    path.write_bytes(ebml + b"\x18\x53\x80\x67\x01" + b"\xff" * 7 + cluster + cluster)
    assert broken_parts(path) == 0
    path.write_bytes(ebml + element(b"\x18\x53\x80\x67", cluster[:-1] + b"\0" + cluster))
    assert broken_parts(path) == 1


@pytest.mark.parametrize(("cut", "broken"), [(slice(0, 0), {0}), (slice(-50, None), {1}), (slice(3000, 3050), {2, 3})])
def test_packets_of_a_transport_stream(video: Video, tmp_path: Path, cut: slice, broken: set[int]) -> None:
    """Of how many streams the packets beside the cut are is the encoder's choice."""
    content = bytearray(video("open.ts").read_bytes())
    del content[cut]
    path = tmp_path / "cut.ts"
    path.write_bytes(content)
    assert broken_parts(path) in broken


def test_a_hole_in_a_file_of_constant_rate(make_video: MakeVideo, tmp_path: Path) -> None:
    ticks = [n for n in range(60) if n not in (20, 21, 22)]
    path = make_video(tmp_path / "hole.mkv", count=len(ticks), ticks=ticks, rate=25)
    assert damage_of(path).holes == ((0.76, 0.92),)


def test_holes() -> None:
    even = np.arange(100) / 30
    assert holes_of(even) == (pytest.approx(np.zeros((0, 2))), 0)
    assert len(holes_of(np.round(even, 3))[0]) == 0  # milliseconds
    assert holes_of(np.delete(even, [40, 41]))[0].tolist() == [[even[39], even[42]]]
    moved = even.copy()
    moved[50] += 0.01
    assert holes_of(moved)[1] == 2
    rng = np.random.default_rng(0)
    assert holes_of(np.cumsum(rng.uniform(0.01, 0.1, 100))) == (pytest.approx(np.zeros((0, 2))), 0)


def test_a_crash_of_the_decoder_is_damage(video: Video, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "damaged_packets", dies)
    assert examine(video("closed.mp4")).places == (0.0,)


def dies(*_: object) -> Iterator[None]:
    os.kill(os.getpid(), signal.SIGKILL)
    yield
