"""The tables of an MP4 that contradict each other are told; those of whole files never do."""

from __future__ import annotations

import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from bineego.video.scan import scan
from bineego.video.tables import MOST_BOXES, disagreements

FRAMES, RATE = 100, 25
HEADERS = {  # where each statement is behind the name of its box
    "frames' length": (b"stts", 12), "frames of one length": (b"stts", 8), "frames of one offset": (b"ctts", 8),
    "frames": (b"stsz", 8), "frames in a piece": (b"stsc", 12), "length of the media": (b"mdhd", 16),
    "length of the track": (b"tkhd", 20), "length of the edit": (b"elst", 8), "start of the edit": (b"elst", 12),
    "unit of the media": (b"mdhd", 12),
}  # fmt: skip


@pytest.fixture(scope="module")
def whole(make_video: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With an edit list, as frames are reordered."""
    path = tmp_path_factory.mktemp("tables") / "whole.mp4"
    return make_video(path, count=FRAMES, rate=RATE, options={"x264-params": "keyint=25:bframes=2:scenecut=0"})


def changed(whole: Path, path: Path, statement: str, change: Callable[[int], int]) -> Path:
    content = bytearray(whole.read_bytes())
    box, at = HEADERS[statement]
    at += content.index(box) + 4
    (value,) = struct.unpack_from(">I", content, at)
    struct.pack_into(">I", content, at, change(value))
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("statement", "change"),
    [
        ("frames' length", lambda ticks: ticks * 9000),
        ("frames' length", lambda ticks: ticks * 2),
        ("frames' length", lambda ticks: ticks // 2),
        ("frames of one length", lambda n: n // 2),
        ("frames of one offset", lambda n: n + 1000),
        ("frames", lambda n: n - 50),
        ("frames in a piece", lambda n: 2 * n),
        ("length of the media", lambda ticks: ticks * 5),
        ("length of the track", lambda ticks: ticks * 5),
        ("length of the edit", lambda ticks: ticks // 4),
        ("start of the edit", lambda ticks: ticks + (1 << 14)),
        ("unit of the media", lambda units: 2 * units),
        ("unit of the media", lambda units: 1),
    ],
)
def test_a_damaged_table_is_told(
    whole: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, statement: str, change: Callable[[int], int]
) -> None:
    """What is left may look whole: an edit list hides the rest."""
    timeline = scan(changed(whole, tmp_path / "one.mp4", statement, change))
    assert timeline.damage
    assert "its tables contradict each other" in caplog.text or "header says" in caplog.text


def test_a_long_video_of_one_frame_is_not_silent(whole: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = changed(whole, tmp_path / "one.mp4", "frames' length", lambda ticks: ticks * 9000)
    assert len(scan(path).times) == 1
    (words,) = disagreements(path)
    assert words.startswith("its frames' lengths add up to 36000.00 s, its header says 4.0")
    assert words in caplog.text


@pytest.mark.parametrize("kind", ["closed.mp4", "open.mp4", "refresh.mp4", "hevc.mp4", "vfr.mp4", "open.ts"])
def test_whole_files_agree(video: Callable[[str], Path], kind: str) -> None:
    assert disagreements(video(kind)) == []


@pytest.mark.parametrize("late", [0, 60])
def test_a_late_start_is_no_contradiction(make_video: Callable[..., Path], tmp_path: Path, late: int) -> None:
    """An edit list may begin with nothing."""
    ticks = [late + number for number in range(40)]
    path = make_video(tmp_path / "late.mp4", count=40, rate=RATE, ticks=ticks, options={"bf": "2"})
    assert not scan(path).damage
    assert disagreements(path) == []


@pytest.mark.parametrize("cut", [10, 100, 400, 700])
def test_half_a_header_is_no_crash(whole: Path, tmp_path: Path, cut: int) -> None:
    content = whole.read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(content[: content.index(b"moov") + cut])
    disagreements(path)
    rng = np.random.default_rng(cut)
    header = np.frombuffer(content, np.uint8).copy()
    at = rng.integers(content.index(b"moov"), len(header), 40)
    header[at] = rng.integers(0, 256, len(at))
    path.write_bytes(header.tobytes())
    disagreements(path)


def test_lengths_of_64_bits(tmp_path: Path) -> None:
    def box(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I4s", 8 + len(content), name) + content

    def movie(summed: int) -> bytes:
        header = b"\1\0\0\0" + bytes(16)
        media = box(b"mdhd", header + struct.pack(">IQ", 1000, 4000) + bytes(4))
        kind = box(b"hdlr", bytes(8) + b"vide" + bytes(13))
        lengths = box(b"stts", struct.pack(">IIII", 0, 1, 4, summed // 4))
        track = box(b"tkhd", header + struct.pack(">IIQ", 1, 0, 4000) + bytes(60))
        tables = box(b"minf", box(b"stbl", lengths))
        shown = box(b"edts", box(b"elst", struct.pack(">IIQqI", 1 << 24, 1, 4000, 0, 1 << 16)))
        picture = box(b"trak", track + shown + box(b"mdia", media + kind + tables))
        return (
            struct.pack(">I4sQ", 1, b"moov", 16 + len(picture) + 120)
            + box(b"mvhd", header + struct.pack(">IQ", 1000, 4000) + bytes(80))
            + picture
        )

    path = tmp_path / "long.mp4"
    path.write_bytes(movie(4000))
    assert disagreements(path) == []
    path.write_bytes(movie(400_000))
    assert disagreements(path) == ["its frames' lengths add up to 400.00 s, its header says 4.00 s"]


@pytest.mark.parametrize("b_frames", ["0", "2"])
def test_slide_shows_agree(make_video: Callable[..., Path], tmp_path: Path, b_frames: str) -> None:
    ticks = [0, 30, 31, 100, 101, 102, 160]
    options = {"bf": b_frames}
    path = make_video(tmp_path / "v.mp4", count=7, ticks=ticks, time_base=Fraction(1, 1), options=options)
    assert disagreements(path) == []
    timeline = scan(path)
    assert timeline.times.tolist() == ticks
    assert not timeline.damage


def test_boxes_within_boxes_and_boxes_without_end(tmp_path: Path) -> None:
    path, deep = tmp_path / "odd.mp4", 50_000
    path.write_bytes(b"".join(struct.pack(">I4s", 8 * (deep - level), b"moov") for level in range(deep)))
    assert disagreements(path) == []
    path.write_bytes(struct.pack(">I4s", 8, b"free") * 2 * MOST_BOXES)
    assert disagreements(path) == []
