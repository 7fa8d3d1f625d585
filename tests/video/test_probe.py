from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import av.logging
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bineego.errors import InputInvalid, InputMissing
from bineego.video.probe import Orientation, exact, open_video, probe

Video = Callable[[str], Path]


def test_probe_tells_size_and_length(video: Video) -> None:
    info = probe(video("closed.mp4"))
    assert (info.width, info.height) == (96, 64)
    assert info.duration == pytest.approx(2.0)


@pytest.mark.parametrize("counterclockwise", [90, 180, 270])
def test_size_is_given_after_rotation(tmp_path: Path, make_video: Callable[..., Path], counterclockwise: int) -> None:
    path = make_video(tmp_path / "turned.mp4", count=3, rotation=counterclockwise)
    info = probe(path)
    assert (info.width, info.height) == ((96, 64) if counterclockwise == 180 else (64, 96))


@given(st.booleans(), st.booleans(), st.booleans())
def test_orientation_is_a_permutation_of_pixels(transposed: bool, left_right: bool, upside_down: bool) -> None:
    picture = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    turned = Orientation(transposed=transposed, left_right=left_right, upside_down=upside_down).apply(picture)
    assert turned.shape == ((3, 2, 3) if transposed else (2, 3, 3))
    assert turned.flags.c_contiguous
    assert sorted(map(tuple, turned.reshape(-1, 3))) == sorted(map(tuple, picture.reshape(-1, 3)))


def test_ninety_degrees_is_clockwise() -> None:
    picture = np.arange(6, dtype=np.uint8).reshape(2, 3, 1)
    orientation = Orientation(transposed=True, left_right=True)
    np.testing.assert_array_equal(orientation.apply(picture), np.rot90(picture, -1))


def test_missing_folder_and_device_are_missing_input(tmp_path: Path) -> None:
    for path in (tmp_path / "no.mp4", tmp_path, Path("/dev/null"), Path("a\0b.mp4")):
        with pytest.raises(InputMissing) as caught:
            probe(path)
        assert caught.value.where


def test_fifo_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(InputMissing):
        probe(tmp_path / "pipe.mp4")


@pytest.mark.parametrize("content", [b"", b"hello", b"\0" * 5000, b"\x00\x00\x00\x18ftypmp42" + b"\0" * 100])
def test_rubbish_is_invalid_input(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "rubbish.mp4"
    path.write_bytes(content)
    with pytest.raises(InputInvalid) as caught:
        probe(path)
    assert str(path) in str(caught.value)


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate = 8000
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    with pytest.raises(InputInvalid, match="no video"):
        probe(path)


@pytest.mark.parametrize(
    "name", ["a:b.mp4", "concat:x.mp4", "http:x.mp4", "subfile,,start,0,end,9,,:x.mp4", "%03d.mp4"]
)
def test_odd_names_are_file_names(tmp_path: Path, video: Video, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(video("closed.mp4"), tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert probe(name).width == 96


@pytest.mark.parametrize("name", ["concat:real.mp4|real.mp4", "file:real.mp4", "subfile,,start,0,end,0,,:real.mp4"])
def test_protocols_are_out_of_reach(tmp_path: Path, video: Video, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(video("closed.mp4"), tmp_path / "real.mp4")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputMissing, match="no such file"):
        probe(name)


@pytest.mark.parametrize("suffix", [".mp4", ".m3u8", ".ffconcat", ".mpd"])
def test_play_lists_open_nothing(tmp_path: Path, video: Video, suffix: str) -> None:
    target = shutil.copy(video("open.ts"), tmp_path / "real.ts")
    lists = [
        f"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{target}\n#EXT-X-ENDLIST\n",
        f"ffconcat version 1.0\nfile {target}\n",
    ]
    for text in lists:
        path = tmp_path / f"list{suffix}"
        path.write_text(text)
        with pytest.raises(InputInvalid):
            probe(path)


def test_a_name_that_is_not_unicode_opens(tmp_path: Path, video: Video) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.mp4"))
    shutil.copy(video("closed.mp4"), path)
    container, stream = open_video(path)
    with container:
        assert stream.codec_context.width == 96


def test_tags_in_another_encoding_are_no_obstacle(tmp_path: Path, video: Video) -> None:
    content = video("pyramid.mkv").read_bytes()
    assert content.count(b"00:00:02.") == 1  # a tag of the stream, in UTF-8
    path = tmp_path / "old.mkv"
    path.write_bytes(content.replace(b"00:00:02.", b"00:00:\xe92."))
    assert probe(path).width == 96


def test_decoders_do_not_log_through_python(video: Video) -> None:
    av.logging.set_level(av.logging.ERROR)  # as torchvision 0.25 does when it is imported
    probe(video("pyramid.mkv"))
    assert av.logging.get_level() is None


class OfPyAV19:
    """0 stands there for a number that FFmpeg does not have."""

    def __init__(self, numerator: int, denominator: int) -> None:
        self.numerator, self.denominator = numerator, denominator

    def __bool__(self) -> bool:
        return bool(self.numerator and self.denominator)


@pytest.mark.parametrize("kind", [Fraction, OfPyAV19])
def test_rational_numbers_of_any_release(kind: Callable[[int, int], Fraction]) -> None:
    assert exact(kind(1001, 30000)) == Fraction(1001, 30000)
    assert exact(kind(0, 1)) is None
    assert exact(None) is None


def test_a_rational_number_without_a_denominator_is_none() -> None:
    assert exact(OfPyAV19(1, 0)) is None
