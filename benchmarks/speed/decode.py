"""Decoding to 256x256 RGB: CPU time against the ffmpeg command line and OpenCV.

    python -m benchmarks.speed.decode [--ffmpeg PATH] [--runs 5] [--only 320x240] [--keep FOLDER] [--json FILE]

Makes its own 30 fps test videos (moving textures and objects with sensor noise; H.264 and HEVC with B-frames, key
frames up to 250 frames apart, one of variable rate) and decodes them, in interleaved runs:

    ffmpeg area    ffmpeg -i V -vf fps=16,scale=256:256:flags=area -f rawvideo      (the peer of all ratios)
    ffmpeg         the same with ffmpeg's default scaling
    opencv         VideoCapture.read of every frame, cv2.resize
    bineego 16     VideoReader, the frames on screen 16 times a second
    bineego 4      the same 4 times a second

Seconds are user + system over all threads. Those of the Python programs leave out starting Python and its imports; the
pass over the packets, opening and everything else is in. A ratio is peer / ours, above 1 where we are faster.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.video.stream import VideoStream

RATE = 30


@dataclass(frozen=True, kw_only=True)
class Clip:
    """A test video."""

    name: str
    width: int
    height: int
    codec: str
    seconds: int
    variable: bool = False


CLIPS = (
    Clip(name="3840x1920 H.264", width=3840, height=1920, codec="libx264", seconds=10),
    Clip(name="3840x1920 HEVC", width=3840, height=1920, codec="libx265", seconds=10),
    Clip(name="1280x640 H.264", width=1280, height=640, codec="libx264", seconds=40),
    Clip(name="1280x640 H.264 VFR", width=1280, height=640, codec="libx264", seconds=40, variable=True),
    Clip(name="320x240 H.264", width=320, height=240, codec="libx264", seconds=240),
)

WORK = {
    "opencv": """
import cv2
capture = cv2.VideoCapture(path)
def work():
    while True:
        good, frame = capture.read()
        if not good:
            break
        cv2.resize(frame, (256, 256))
""",
    "bineego": """
import numpy as np
from bineego.video.frames import on_screen
from bineego.video.reader import VideoReader
def work():
    reader = VideoReader(path)
    moments = np.arange(0, reader.duration, 1 / rate)
    for _ in reader.read(np.unique(on_screen(reader.times, moments))):
        pass
""",
}
RUN = """
import sys, time
path, rate = sys.argv[1], float(sys.argv[2])
{work}
start = time.process_time()
work()
print(time.process_time() - start)
"""


def texture(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """uint8 (height, width): noise at many scales, the finer the weaker, as in natural pictures."""
    total = np.zeros((height, width), np.float32)
    step = 128
    while step >= 2:
        coarse = rng.normal(0, step**0.7, (height // step + 2, width // step + 2)).astype(np.float32)
        fine = coarse.repeat(step, 0).repeat(step, 1)
        for axis in (0, 1):  # a box filter as wide as the blocks makes ramps of the steps
            summed = np.cumsum(fine, axis, dtype=np.float64)
            fine = ((np.roll(summed, -step, axis) - summed) / step).astype(np.float32)
        total += fine[:height, :width]
        step //= 2
    low, high = np.percentile(total, (1, 99))
    grey: np.ndarray = np.clip((total - low) / (high - low) * 219 + 16, 16, 235).astype(np.uint8)
    return grey


def pictures(clip: Clip, seed: int = 0) -> Iterator[av.VideoFrame]:
    """A panning background, eight objects that move by themselves, and noise."""
    rng = np.random.default_rng(seed)
    height, width, margin = clip.height, clip.width, 256
    wide = texture(rng, height + margin, width + margin)
    front = texture(rng, height, width)
    noise = np.clip(rng.normal(0, 2.0, (height + 64, width + 64)), -8, 8).astype(np.int8)
    colour = texture(rng, height // 2 + margin, width // 2 + margin)
    size = height // 5
    homes, speeds = rng.uniform(0, 1, (8, 2)), rng.uniform(0.5, 2.5, (8, 2)) * height / 480
    for number in range(clip.seconds * RATE):
        x, y = (int(margin / 2 * (1 + f(number / 60))) for f in (np.sin, np.cos))
        luma = wide[y : y + height, x : x + width].copy()
        for home, speed in zip(homes, speeds, strict=True):
            top, left = ((home * (height, width) + speed * number) % (height - size, width - size)).astype(int)
            luma[top : top + size, left : left + size] = front[:size, :size]
        dy, dx = rng.integers(0, 64, 2)
        np.add(luma, noise[dy : dy + height, dx : dx + width], out=luma, casting="unsafe")
        u = colour[y // 2 : y // 2 + height // 2, x // 2 : x // 2 + width // 2]
        planes = np.concatenate([luma.ravel(), u.ravel(), (255 - u).ravel()]).reshape(height * 3 // 2, width)
        yield av.VideoFrame.from_ndarray(planes, "yuv420p")


def write_clip(clip: Clip, path: Path, *, keyint: int = 250) -> None:
    """Encode a test video."""
    options = {"preset": "veryfast", "crf": "23"}
    if clip.codec == "libx265":
        options = {"preset": "superfast", "crf": "25", "x265-params": f"log-level=none:bframes=4:keyint={keyint}"}
    else:
        options["x264-params"] = f"bframes=3:keyint={keyint}"
    ticks = np.arange(clip.seconds * RATE) * 1000 // RATE
    if clip.variable:
        ticks = np.cumsum(np.random.default_rng(1).integers(10, 57, len(ticks)))
    with av.open(str(path), "w") as output:
        stream = cast(VideoStream, output.add_stream(clip.codec, rate=RATE, options=options))
        stream.width, stream.height, stream.pix_fmt = clip.width, clip.height, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for frame, tick in zip(pictures(clip), ticks.tolist(), strict=True):
            frame.pts, frame.time_base = tick, Fraction(1, 1000)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))


def cpu_of(command: list[str]) -> float:
    """User + system seconds of a child process."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"failed: {' '.join(command)}")
    return usage.ru_utime + usage.ru_stime


def methods(ffmpeg: str, path: Path) -> dict[str, object]:
    """Name -> function that runs it once and gives CPU seconds."""

    def by_ffmpeg(scale: str) -> float:
        filters = f"fps=16,scale=256:256{scale}"
        start, end = [ffmpeg, "-nostdin", "-v", "error", "-i", str(path)], ["-f", "rawvideo", "-y", os.devnull]
        return cpu_of([*start, "-vf", filters, "-pix_fmt", "rgb24", "-an", *end])

    def by_python(name: str, rate: int) -> float:
        command = [sys.executable, "-c", RUN.format(work=WORK[name]), str(path), str(rate)]
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    return {
        "ffmpeg area": lambda: by_ffmpeg(":flags=area"),
        "ffmpeg": lambda: by_ffmpeg(""),
        "opencv": lambda: by_python("opencv", 0),
        "bineego 16": lambda: by_python("bineego", 16),
        "bineego 4": lambda: by_python("bineego", 4),
    }


def measure(ffmpeg: str, clip: Clip, path: Path, runs: int) -> dict[str, dict[str, float]]:
    """Interleaved runs; min, median and max of the ratio to ffmpeg with area scaling of the same round."""
    run = methods(ffmpeg, path)
    seconds: dict[str, list[float]] = {name: [] for name in run}
    for _ in range(runs):
        for name, once in run.items():
            seconds[name].append(once())  # type: ignore[operator]
    result = {}
    for name, taken in seconds.items():
        ratios = [peer / mine for peer, mine in zip(seconds["ffmpeg area"], taken, strict=True)]
        result[name] = {
            "cpu_s": statistics.median(taken) / clip.seconds,
            "min": min(ratios),
            "median": statistics.median(ratios),
            "max": max(ratios),
        }
    return result


def versions(ffmpeg: str) -> str:
    first = subprocess.run([ffmpeg, "-version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    libraries = ".".join(map(str, av.library_versions["libavcodec"]))
    return f"{platform.machine()}, {os.cpu_count()} cores; {first}; PyAV {av.__version__} (libavcodec {libraries})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ffmpeg", default="ffmpeg", help="path of the ffmpeg program")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="", help="part of the names of the videos to measure")
    parser.add_argument("--keep", type=Path, help="folder where the test videos are kept, or are already")
    parser.add_argument("--json", type=Path, help="also write the results here")
    options = parser.parse_args()
    print(versions(options.ffmpeg))
    print("| video | method | CPU s per s of video | ratio to ffmpeg area: min | median | max |")
    print("|---|---|---|---|---|---|")
    results = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for clip in CLIPS:
            if options.only not in clip.name:
                continue
            path = folder / f"{clip.name.replace(' ', '_')}.mp4"
            if not path.exists():
                write_clip(clip, path)
            results[clip.name] = measure(options.ffmpeg, clip, path, options.runs)
            for name, row in results[clip.name].items():
                values = " | ".join(f"{row[key]:.2f}" for key in ("min", "median", "max"))
                print(f"| {clip.name} | {name} | {row['cpu_s']:.4f} | {values} |", flush=True)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
