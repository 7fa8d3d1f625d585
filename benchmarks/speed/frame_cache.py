"""Ways to keep decoded frames for training: size, cost of writing, cost of random 8-frame clips, fidelity.

    python -m benchmarks.speed.frame_cache [--video FILE] [--frames 480] [--clips 300] [--size 256]

CPU time of one thread. JPEGs with a file per frame, read through Pillow, are the usual way; the last row has no cache
and reads the video up to the clip.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import av
import numpy as np
import simplejpeg
from PIL import Image

from benchmarks.common import Cell, Clip, Side, Spread, parser, report, take_turns, write_clip
from bineego.video.build import build_cache
from bineego.video.cache import QUALITY, SUBSAMPLING, FrameCache
from bineego.video.frames import FrameOptions
from bineego.video.reader import VideoReader

CLIP = 8
Read = Callable[[np.ndarray], np.ndarray]
Write = Callable[[np.ndarray, Path], tuple[Read, int]]


def raw(frames: np.ndarray, folder: Path) -> tuple[Read, int]:
    path = folder / "frames.npy"
    np.save(path, frames)
    mapped = np.load(path, mmap_mode="r")
    return lambda wanted: np.array(mapped[wanted]), path.stat().st_size


def jpeg_files(frames: np.ndarray, folder: Path) -> tuple[Read, int]:
    for number, frame in enumerate(frames):
        Image.fromarray(frame).save(folder / f"{number:06d}.jpg", quality=QUALITY, subsampling=0)

    def read(wanted: np.ndarray) -> np.ndarray:
        return np.stack([np.asarray(Image.open(folder / f"{number:06d}.jpg")) for number in wanted])

    return read, sum(path.stat().st_size for path in folder.glob("*.jpg"))


def packed(subsampling: str, frames: np.ndarray, folder: Path) -> tuple[Read, int]:
    call = {"quality": QUALITY, "colorspace": "RGB", "colorsubsampling": subsampling}
    jpegs = [simplejpeg.encode_jpeg(frame, **call) for frame in frames]
    ends = np.cumsum([0, *map(len, jpegs)])
    path = folder / "frames.jpg"
    path.write_bytes(b"".join(jpegs))

    def read(wanted: np.ndarray) -> np.ndarray:
        with path.open("rb", buffering=0) as file:
            found = []
            for number in wanted:
                file.seek(ends[number])
                jpeg = file.read(ends[number + 1] - ends[number])
                found.append(simplejpeg.decode_jpeg(jpeg, "RGB", fastupsample=False))
        return np.stack(found)

    return read, path.stat().st_size


def h264(frames: np.ndarray, folder: Path) -> tuple[Read, int]:
    """GOP 8 without B-frames, so that a clip needs few frames more than its own."""
    path = folder / "frames.mp4"
    with av.open(str(path), "w") as output:
        options = {"crf": "18", "g": "8", "bf": "0", "tune": "fastdecode"}
        stream = output.add_stream("libx264", rate=16, options=options)
        stream.width, stream.height, stream.pix_fmt = frames.shape[2], frames.shape[1], "yuv420p"
        for frame in frames:
            output.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
        output.mux(stream.encode(None))

    def read(wanted: np.ndarray) -> np.ndarray:
        found = []
        with av.open(str(path)) as container:
            video = container.streams.video[0]
            video.codec_context.thread_count = 1
            assert video.time_base is not None
            container.seek(int(wanted[0] / 16 / video.time_base), stream=video)
            for frame in container.decode(video):
                number = round(float((frame.pts or 0) * video.time_base) * 16)
                if number in wanted:
                    found.append(frame.to_ndarray(format="rgb24"))
                if number >= wanted[-1]:
                    break
        return np.stack(found)

    return read, path.stat().st_size


FORMATS: dict[str, Write] = {
    "JPEG files, Pillow": jpeg_files,
    "raw .npy map": raw,
    "packed JPEG 4:2:0": partial(packed, "420"),
    f"packed JPEG {':'.join(SUBSAMPLING)}, as in the cache": partial(packed, SUBSAMPLING),
    "H.264, GOP 8": h264,
}


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / max(1e-9, np.mean((one.astype(np.float32) - other) ** 2))))


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--video", type=Path, help="default: one that it makes")
    made.add_argument("--frames", type=int, default=480)
    made.add_argument("--clips", type=int, default=300)
    made.add_argument("--size", type=int, default=256)
    call = made.parse_args()
    if call.dry:
        call.frames, call.clips, call.size = 32, 4, 64
    rows: list[list[Cell]] = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        test = Clip(name="", width=1280 // (8 if call.dry else 1), height=640 // (8 if call.dry else 1),
                    seconds=max(2, call.frames // 16))  # fmt: skip
        path = call.video or write_clip(test, folder / "video.mp4")
        reader = VideoReader(path, FrameOptions(size=call.size), threads=1)
        wanted = np.unique(np.linspace(0, len(reader.times) - 1, call.frames).astype(int))
        frames = np.stack([picture for _, picture, _ in reader.read(wanted)])
        clips = np.random.default_rng(0).integers(0, len(frames) - CLIP, call.clips)[:, None] + np.arange(CLIP)
        sides: dict[str, Side] = {}
        for number, (name, write) in enumerate(FORMATS.items()):
            (folder / str(number)).mkdir()
            start = time.process_time()
            read, size = write(frames, folder / str(number))
            write_ms = (time.process_time() - start) / len(frames) * 1e3
            quality = psnr(read(clips[0]), frames[clips[0]])
            sides[name] = partial(_read_all, read, clips)
            fidelity = "exact" if quality > 90 else f"{quality:.1f} dB"
            rows.append([name, write_ms, size / len(frames) / 1e3, None, fidelity])
        cache = FrameCache(folder / "cache", FrameOptions(size=call.size))
        build_cache(cache, {"v": path}, jobs=1)
        cached = cache.open("v", path)
        sides["the cache itself"] = lambda: [cached.frames(wanted[clip]) for clip in clips]
        times = take_turns(sides, 1 if call.dry else 3)
        live = take_turns({"live": lambda: [list(reader.read(wanted[clip])) for clip in clips[:5]]}, 1, warm_up=0)
    rows.append(["the cache itself", None, None, None, None])
    for row, each in zip(rows, times.values(), strict=True):
        row[3] = Spread.of(each).median / len(clips) * 1e3
    rows.append(["no cache: read up to the clip", None, None, live["live"][0] / len(clips[:5]) * 1e3, None])
    columns = {"format": "", "write, ms a frame": ".2f", "kB a frame": ".1f", "clip of 8, CPU ms": ".2f", "PSNR": ""}
    report(call, columns, rows)


def _read_all(read: Read, clips: np.ndarray) -> None:
    for clip in clips:
        read(clip)


if __name__ == "__main__":
    main()
