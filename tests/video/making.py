"""Small videos made on the spot, with every property that readers stumble over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from bineego.video import reader
from bineego.video.decode import wanted_frames
from bineego.video.scan import scan

MakeVideo = Callable[..., Path]


def pictures(count: int, width: int, height: int, seed: int = 0) -> Iterator[np.ndarray]:
    """Blocks of colour that drift over each other, with a little noise: some motion, no two frames alike."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(20, 235, (height // 16 + 3, width // 16 + 3, 3))
    texture = np.kron(blocks, np.ones((16, 16, 1)))
    for _ in range(4):  # blurred: natural pictures have soft edges
        texture = (texture + np.roll(texture, 2, 0) + np.roll(texture, 2, 1) + np.roll(texture, -2, 1)) / 4
    for number in range(count):
        moved = np.roll(texture, (number, 2 * number), (0, 1))[:height, :width]
        yield np.clip(moved + rng.normal(0, 2, (height, width, 1)), 0, 255).astype(np.uint8)


def write_video(
    path: Path | Any,
    *,
    codec: str = "libx264",
    count: int = 60,
    width: int = 96,
    height: int = 64,
    rate: int = 30,
    ticks: Sequence[int] | None = None,
    time_base: Fraction | str | None = None,
    options: dict[str, str] | None = None,
    rotation: int = 0,
    container: str | None = None,
    pixels: str = "yuv420p",
) -> Path:
    """Write a video to a file, or to anything that has a `write`."""
    time_base = Fraction(time_base or Fraction(1, rate))
    with av.open(str(path) if isinstance(path, Path) else path, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate, options=options or {})
        stream.width, stream.height, stream.pix_fmt = width, height, pixels
        stream.codec_context.time_base = time_base
        stream.codec_context.thread_count = 1
        if rotation:
            stream.set_display_rotation(rotation)
        for number, picture in enumerate(pictures(count, width, height)):
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts = number if ticks is None else ticks[number]
            frame.time_base = time_base
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


KINDS: dict[str, dict[str, object]] = {
    "closed.mp4": {"options": {"x264-params": "keyint=20:min-keyint=20:bframes=3:scenecut=0"}},
    "open.mp4": {"options": {"x264-params": "keyint=20:min-keyint=20:open-gop=1:bframes=3:scenecut=0"}},
    "open.ts": {"options": {"x264-params": "keyint=20:min-keyint=20:open-gop=1:bframes=3:scenecut=0"}},
    "refresh.mp4": {"options": {"x264-params": "keyint=20:intra-refresh=1:bframes=0"}},
    "pyramid.mkv": {"options": {"x264-params": "keyint=30:bframes=8:b-pyramid=normal:scenecut=0"}},
    "hevc.mp4": {"codec": "libx265", "options": {"x265-params": "keyint=20:bframes=4:log-level=none:pools=1"}},
    "mpeg4.avi": {"codec": "mpeg4", "options": {"g": "12", "bf": "2"}},
    "vp8.webm": {
        "codec": "libvpx",
        "options": {"g": "20", "auto-alt-ref": "1", "lag-in-frames": "16", "cpu-used": "8"},
    },
    "vp9.webm": {"codec": "libvpx-vp9", "options": {"g": "20", "lag-in-frames": "16", "cpu-used": "8"}},
    "vfr.mp4": {
        "ticks": np.cumsum(np.random.default_rng(3).integers(1, 160, 60)).tolist(),
        "time_base": Fraction(1, 1000),
        "options": {"x264-params": "keyint=20:min-keyint=20:bframes=3"},
    },
}


@pytest.fixture(scope="session")
def make_video() -> MakeVideo:
    return write_video


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """One of `KINDS`, made once."""
    folder = tmp_path_factory.mktemp("videos")

    def of_kind(name: str) -> Path:
        path = folder / name
        return path if path.exists() else write_video(path, **KINDS[name])  # type: ignore[arg-type]

    return of_kind


@pytest.fixture(scope="session")
def spoil() -> Callable[[Path, Path, slice], Path]:
    """A copy of a video with the content of some packets overwritten; the container stays whole."""

    def spoiled(source: Path, target: Path, packets: slice) -> Path:
        content = bytearray(source.read_bytes())
        for _, _, position, size in scan(source).marks[packets].tolist():
            content[position : position + size] = b"\xff" * size
        target.write_bytes(content)
        return target

    return spoiled


def count_packets(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A list that grows by one with every packet that a reader decodes."""
    decoded: list[int] = []

    def counting(packets: Iterable[Any], *args: Any, **kwargs: Any) -> Any:
        def counted() -> Iterator[Any]:
            for packet in packets:
                decoded.append(1)
                yield packet

        return wanted_frames(counted(), *args, **kwargs)

    monkeypatch.setattr(reader, "wanted_frames", counting)
    return decoded
