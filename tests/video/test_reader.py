from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from video.making import count_packets

from bineego.errors import InputInvalid
from bineego.video.frames import FrameOptions, capped
from bineego.video.parallel import read_parallel
from bineego.video.reader import VideoReader, check_indices, in_order

Video = Callable[[str], Path]
Spoil = Callable[[Path, Path, slice], Path]
SMALL = FrameOptions(size=32)
KINDS = ["closed.mp4", "open.mp4", "open.ts", "pyramid.mkv", "hevc.mp4", "mpeg4.avi", "vp8.webm", "vp9.webm", "vfr.mp4"]


@functools.cache
def plain_decode(path: Path) -> dict[float, np.ndarray]:
    """Every frame by its time in the file, by the plainest PyAV there is: one thread, nothing dropped."""
    with av.open(str(path)) as container:
        container.streams.video[0].codec_context.thread_count = 1
        scaler = av.video.reformatter.VideoReformatter()
        found = {}
        for number, frame in enumerate(container.decode(video=0)):
            key = number if path.suffix == ".avi" else frame.time
            found[key] = scaler.reformat(frame, 32, 32, "rgb24", interpolation="AREA").to_ndarray()
        return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("step", [1, 2, 7])
def test_wanted_frames_are_those_of_a_full_decode(video: Video, kind: str, step: int) -> None:
    reader = VideoReader(video(kind), SMALL)
    indices = np.arange(step // 2, len(reader.times), step)
    found = list(reader.read(indices))
    assert [index for index, _, _ in found] == indices.tolist()
    assert [time for _, _, time in found] == reader.times[indices].tolist()
    truth = plain_decode(video(kind))
    order = sorted(truth)
    for index, picture, _ in found:
        np.testing.assert_array_equal(picture, truth[order[reader.kept[index]]])
    assert reader.damaged == 0


@settings(max_examples=20)
@given(st.data())
def test_any_choice_of_frames(video: Video, data: st.DataObject) -> None:
    path = video("pyramid.mkv")
    reader = VideoReader(path, SMALL)
    chosen = sorted(data.draw(st.sets(st.integers(0, len(reader.times) - 1), max_size=20)))
    found = list(reader.read(np.array(chosen, np.int64)))
    truth = plain_decode(path)
    order = sorted(truth)
    assert [index for index, _, _ in found] == chosen
    for index, picture, _ in found:
        np.testing.assert_array_equal(picture, truth[order[reader.kept[index]]])


def test_fast_video_is_capped_by_its_times(tmp_path: Path, make_video: Callable[..., Path]) -> None:
    reader = VideoReader(make_video(tmp_path / "fast.mp4", rate=120, count=60), SMALL)
    np.testing.assert_array_equal(reader.kept, capped(np.arange(60) / 120))
    assert 15 <= len(reader.times) <= 18
    assert len(list(reader.read())) == len(reader.times)


@pytest.mark.parametrize(("rotation", "corner"), [(0, (0, 0)), (90, (1, 0)), (180, (1, 1)), (270, (0, 1))])
def test_rotation_is_applied(tmp_path: Path, rotation: int, corner: tuple[int, int]) -> None:
    """A white top left corner is seen where turning the picture `rotation` degrees counterclockwise puts it."""
    path = tmp_path / "turned.mp4"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.set_display_rotation(rotation)
        picture = np.zeros((64, 96, 3), np.uint8)
        picture[:32, :48] = 255
        output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        output.mux(stream.encode(None))
    ((_, square, _),) = VideoReader(path, SMALL).read()
    ((_, wide, _),) = VideoReader(path, FrameOptions(size=32, keep_aspect=True)).read()
    assert wide.shape[:2] == ((32, 48) if rotation % 180 == 0 else (48, 32))
    for turned in (square, wide):
        height, width = turned.shape[:2]
        bright = turned[height // 4 :: height // 2, width // 4 :: width // 2, 0] > 128
        assert np.argwhere(bright).tolist() == [list(corner)]


def test_size_change_in_midstream_keeps_the_frames_size(tmp_path: Path, make_video: Callable[..., Path]) -> None:
    path = tmp_path / "joined.ts"
    parts = [make_video(tmp_path / f"{width}.ts", width=width, count=20) for width in (96, 128)]
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    shapes = {picture.shape for _, picture, _ in VideoReader(path, FrameOptions(size=32, keep_aspect=True)).read()}
    assert shapes == {(32, 48, 3)}


def test_damage_is_counted_and_bridged(
    tmp_path: Path, video: Video, spoil: Spoil, caplog: pytest.LogCaptureFixture
) -> None:
    path = spoil(video("closed.mp4"), tmp_path / "damaged.mp4", slice(25, 32))
    reader = VideoReader(path, SMALL)
    found = list(reader.read())
    assert [index for index, _, _ in found] == list(range(len(reader.times)))
    assert [time for _, _, time in found] == reader.times.tolist()
    assert reader.damaged > 0
    assert f"{reader.damaged} of {len(found)} frames are damaged" in caplog.text
    assert str(path) in caplog.text
    repeats = sum(np.array_equal(a[1], b[1]) for a, b in itertools.pairwise(found))
    assert repeats == reader.damaged == 7


def test_missing_tail_shortens_the_video(tmp_path: Path, video: Video, spoil: Spoil) -> None:
    """The packets are all there, but the last twenty are rubbish: they promise frames that do not come."""
    reader = VideoReader(spoil(video("closed.mp4"), tmp_path / "tail.mp4", slice(40, None)), SMALL)
    assert reader.duration == pytest.approx(2.0)
    found = list(reader.read())
    assert len(found) == 60
    assert reader.damaged == 20
    assert reader.duration == pytest.approx(40 / 30, abs=1e-3)
    truth = plain_decode(video("closed.mp4"))
    for index, picture, _ in found[:40]:
        np.testing.assert_array_equal(picture, truth[sorted(truth)[index]])


def test_missing_head_shows_the_first_good_frame(tmp_path: Path, video: Video, spoil: Spoil) -> None:
    reader = VideoReader(spoil(video("closed.mp4"), tmp_path / "head.mp4", slice(0, 20)), SMALL)
    found = list(reader.read())
    assert [index for index, _, _ in found] == list(range(60))
    assert reader.damaged >= 20
    for _, picture, _ in found[:20]:
        np.testing.assert_array_equal(picture, found[reader.damaged][1])


def test_half_a_file_says_so(tmp_path: Path, video: Video, caplog: pytest.LogCaptureFixture) -> None:
    """Front-loaded index, as files for the web have it: the header promises two seconds, half of the data is there."""
    whole = video("closed.mp4")
    path = tmp_path / "half.mp4"
    with av.open(str(whole)) as source, av.open(str(path), "w", options={"movflags": "faststart"}) as output:
        stream = output.add_stream_from_template(source.streams.video[0])
        for _ in range(3):  # three times over: the warning is not for a second or so
            for packet in source.demux(video=0):
                if packet.dts is not None:
                    packet.stream = stream
                    packet.pts, packet.dts = packet.pts + _ * 30720, packet.dts + _ * 30720
                    output.mux(packet)
            source.seek(0)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    reader = VideoReader(path, SMALL)
    assert "ends early" in caplog.text
    found = list(reader.read())
    assert 2 < reader.duration < 4
    assert len(found) == len(reader.times)


def test_nothing_decodes(tmp_path: Path, video: Video, spoil: Spoil) -> None:
    path = spoil(video("closed.mp4"), tmp_path / "none.mp4", slice(None))
    with pytest.raises(InputInvalid, match="no frame") as caught:
        list(VideoReader(path, SMALL).read())
    assert str(path) in str(caught.value)


@settings(max_examples=100)
@given(st.permutations(range(12)), st.sets(st.integers(0, 11)), st.integers(1, 12))
def test_in_order_gives_each_position_once(arrival: list[int], lost: set[int], hold: int) -> None:
    found = in_order(((position, None, float(position)) for position in arrival if position not in lost), hold)
    positions = [item[0] for item in found]
    assert positions == list(range(len(positions)))
    came = [position for position in arrival if position not in lost]
    assert len(positions) == (max(came) + 1 if came else 0)


@given(st.integers(0, 6), st.lists(st.integers(0, 40), unique=True, min_size=8))
def test_frames_that_are_a_little_late_are_not_lost(shift: int, positions: list[int]) -> None:
    ranks = list(range(len(positions)))
    arrival = sorted(ranks, key=lambda rank: rank + (positions[rank] % (shift + 1)))
    picture = np.zeros(0, np.uint8)
    assert all(item[1] is picture for item in in_order((rank, picture, 0.0) for rank in arrival))


@pytest.mark.parametrize("wrong", [[1, 0], [0, 0], [-1], [60], [[0]]])
def test_wrong_indices_are_a_bug_of_the_caller(wrong: list[int]) -> None:
    with pytest.raises(ValueError, match="indices"):
        check_indices(wrong, 60)


def test_nothing_asked_nothing_given(video: Video) -> None:
    assert list(VideoReader(video("closed.mp4"), SMALL).read([])) == []


def test_backward_times_come_out_sorted(tmp_path: Path, video: Video) -> None:
    """A muxer that lost the order: presentation times permuted against the order in which frames leave the decoder."""
    path = tmp_path / "backward.mkv"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("mjpeg", rate=10, options={"qmin": "2", "qmax": "2"})
        stream.width = stream.height = 32
        stream.pix_fmt = "yuvj420p"
        for number, tick in enumerate([0, 3, 1, 2, 4, 7, 5, 6]):
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 30 * tick, np.uint8), "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 10)
            for packet in stream.encode(frame):
                packet.dts, packet.pts = number - 8, tick
                packet.time_base = Fraction(1, 10)
                output.mux(packet)
    found = list(VideoReader(path, SMALL).read())
    assert [round(float(picture.mean()) / 30) for _, picture, _ in found] == list(range(8))
    np.testing.assert_allclose(np.diff([time for _, _, time in found]), 0.1, atol=2e-3)


@pytest.mark.parametrize(("start", "end"), [(0.0, 0.5), (0.35, None), (0.35, 1.2), (1.99, 9.0)])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_part_is_what_the_whole_has_there(video: Video, start: float, end: float | None, workers: int) -> None:
    whole = VideoReader(video("closed.mp4"), SMALL)
    pictures = [picture for _, picture, _ in whole.read()]
    part = VideoReader(video("closed.mp4"), SMALL, start=start, end=end)
    stop = min(end or 2.0, 2.0)
    inside = [i for i, time in enumerate(whole.times) if time < stop and (i == 59 or whole.times[i + 1] > start)]
    found = list(part.read()) if workers == 1 else list(read_parallel(part.path, SMALL, workers=2, reader=part))
    assert len(found) == len(inside) == len(part.times)
    np.testing.assert_array_equal([picture for _, picture, _ in found], [pictures[i] for i in inside])
    np.testing.assert_allclose([time for _, _, time in found], np.maximum(whole.times[inside] - start, 0), atol=1e-9)
    assert part.duration == pytest.approx(stop - start, abs=1e-4)


def test_a_part_behind_the_end(video: Video) -> None:
    with pytest.raises(InputInvalid, match=r"ends at 2\.00 s, before 5 s"):
        VideoReader(video("closed.mp4"), SMALL, start=5.0)


@pytest.mark.parametrize(
    "kind", ["closed.mp4", "open.mp4", "open.ts", "hevc.mp4", "vp9.webm", "vfr.mp4", "refresh.mp4"]
)
def test_a_part_is_decoded_from_the_key_frame_before_it(
    video: Video, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    whole = list(VideoReader(video(kind), SMALL).read())
    decoded = count_packets(monkeypatch)
    for first in (1, len(whole) // 2, len(whole) - 1):
        reader = VideoReader(video(kind), SMALL)
        decoded.clear()
        found = list(reader.read(np.arange(first, len(whole))))
        assert [(index, time) for index, _, time in found] == [(index, time) for index, _, time in whole[first:]]
        np.testing.assert_array_equal([each[1] for each in found], [each[1] for each in whole[first:]])
    assert (len(decoded) < len(whole)) == (kind != "refresh.mp4")


def test_damage_in_a_part_is_what_it_is_in_the_whole(tmp_path: Path, video: Video, spoil: Spoil) -> None:
    path = spoil(video("closed.mp4"), tmp_path / "damaged.mp4", slice(45, 48))
    reader = VideoReader(path, SMALL)
    whole = list(reader.read())
    assert reader.damaged > 0
    part = VideoReader(path, SMALL)
    found = list(part.read(np.arange(30, len(whole))))
    assert part.damaged == reader.damaged
    np.testing.assert_array_equal([each[1] for each in found], [each[1] for each in whole[30:]])
