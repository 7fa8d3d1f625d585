"""Ways to keep decoded frames for training: size, cost of writing, cost of random 8-frame clips, fidelity.

    python -m benchmarks.speed.frame_cache [--video FILE] [--frames 480] [--clips 300] [--size 256]

Without `--video` it makes one. CPU time of one process on one thread; the peer of the ratio is reading JPEGs with a
file per frame through Pillow, the usual way. "live" is a clip straight from the video, and stands for having no cache.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import simplejpeg
from PIL import Image

from benchmarks.common import Clip, write_clip
from bineego.video.build import build_cache
from bineego.video.cache import QUALITY, SUBSAMPLING, FrameCache
from bineego.video.frames import FrameOptions
from bineego.video.reader import VideoReader

CLIP = 8
Read = Callable[[np.ndarray], np.ndarray]


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / max(1e-9, np.mean((one.astype(np.float32) - other) ** 2))))


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


def packed(subsampling: str) -> Callable[[np.ndarray, Path], tuple[Read, int]]:
    def make(frames: np.ndarray, folder: Path) -> tuple[Read, int]:
        jpegs = [
            simplejpeg.encode_jpeg(frame, quality=QUALITY, colorspace="RGB", colorsubsampling=subsampling)
            for frame in frames
        ]
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

    return make


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--video", type=Path)
    parser.add_argument("--frames", type=int, default=480)
    parser.add_argument("--clips", type=int, default=300)
    parser.add_argument("--size", type=int, default=256)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        path = options.video or folder / "video.mp4"
        if options.video is None:
            write_clip(Clip(name="", width=1280, height=640, codec="libx264", seconds=options.frames // 16), path)
        reader = VideoReader(path, FrameOptions(size=options.size), threads=1)
        wanted = np.unique(np.linspace(0, len(reader.times) - 1, options.frames).astype(int))
        frames = np.stack([picture for _, picture, _ in reader.read(wanted)])
        rng = np.random.default_rng(0)
        starts = rng.integers(0, len(frames) - CLIP, options.clips)
        clips = starts[:, None] + np.arange(CLIP)
        formats = {
            "JPEG files, Pillow": jpeg_files,
            "raw .npy map": raw,
            "packed JPEG 4:2:0": packed("420"),
            f"packed JPEG {SUBSAMPLING} (the cache)": packed(SUBSAMPLING),
            "H.264 GOP 8": h264,
        }
        print(f"{len(frames)} frames of {options.size}x{options.size}")
        print("| format | write ms a frame | kB a frame | clip of 8, CPU ms | ratio to JPEG files | PSNR dB |")
        print("|---|---|---|---|---|---|")
        peer = 0.0
        for number, (name, make) in enumerate(formats.items()):
            where = folder / str(number)
            where.mkdir()
            start = time.process_time()
            read, size = make(frames, where)
            write_ms = (time.process_time() - start) / len(frames) * 1000
            read(clips[0])
            rounds = []
            for _ in range(3):
                start = time.process_time()
                for clip in clips:
                    read(clip)
                rounds.append((time.process_time() - start) / len(clips) * 1000)
            clip_ms = min(rounds)
            peer = peer or clip_ms
            quality = psnr(read(clips[0]), frames[clips[0]])
            print(
                f"| {name} | {write_ms:.2f} | {size / len(frames) / 1000:.1f} | {clip_ms:.2f} | {peer / clip_ms:.2f} "
                f"| {'exact' if quality > 90 else f'{quality:.1f}'} |",
                flush=True,
            )
        cache = FrameCache(folder / "cache", FrameOptions(size=options.size))
        build_cache(cache, {"v": path}, jobs=1)
        cached = cache.open("v", path)
        start = time.process_time()
        for clip in clips:
            cached.frames(wanted[clip])
        ours = (time.process_time() - start) / len(clips) * 1000
        start = time.process_time()
        for clip in clips[:5]:
            for _ in reader.read(wanted[clip]):
                pass
        live = (time.process_time() - start) / 5 * 1000
        print(f"| FrameCache itself | | | {ours:.2f} | {peer / ours:.2f} | |")
        print(f"| live: no cache, read up to the clip | | | {live:.0f} | {peer / live:.4f} | |")


if __name__ == "__main__":
    main()
