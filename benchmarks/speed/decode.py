"""Decoding to 256x256 RGB: CPU time against the ffmpeg command line and OpenCV, on 30 fps videos that it makes itself.

    python -m benchmarks.speed.decode [--ffmpeg PATH] [--rounds 5] [--only 320x240] [--keep FOLDER]

    the peer     ffmpeg -i V -vf fps=16,scale=256:256:flags=area -f rawvideo; and with ffmpeg's default scaling
    OpenCV       VideoCapture.read of every frame, cv2.resize
    ours         VideoReader, the frames on screen 16 times a second; and 4 times a second, against the same peer

Seconds are user + system over all threads. Those of the Python programs leave out starting Python and its imports; the
pass over the packets, opening and everything else is in.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.common import Cell, Clip, ask_in_turn, parser, ratio, report, usage_of, write_clip

CLIPS = (
    Clip(name="3840x1920 H.264", width=3840, height=1920, seconds=10),
    Clip(name="3840x1920 HEVC", width=3840, height=1920, codec="libx265", seconds=10),
    Clip(name="1280x640 H.264", width=1280, height=640, seconds=40),
    Clip(name="1280x640 H.264, variable rate", width=1280, height=640, seconds=40, variable=True),
    Clip(name="320x240 H.264", width=320, height=240, seconds=240),
)
DRY = (Clip(name="160x96 H.264", width=160, height=96, seconds=1),)


def by_opencv(path: Path) -> Callable[[], None]:
    import cv2

    def work() -> None:
        capture = cv2.VideoCapture(str(path))
        while (read := capture.read())[0]:
            cv2.resize(read[1], (256, 256))

    return work


def by_ours(rate: float, path: Path) -> Callable[[], None]:
    import numpy as np

    from bineego.video.frames import on_screen
    from bineego.video.reader import VideoReader

    def work() -> None:
        reader = VideoReader(path)
        for _ in reader.read(np.unique(on_screen(reader.times, np.arange(0, reader.duration, 1 / rate)))):
            pass

    return work


SIDES: dict[str, Callable[[Path], Callable[[], None]]] = {
    "ours, 16 frames a second": partial(by_ours, 16),
    "ours, 4 a second": partial(by_ours, 4),
    "OpenCV, read all and resize": by_opencv,
}


def seconds_of_side(name: str, path: Path) -> float:
    return float(usage_of([sys.executable, "-m", "benchmarks.speed.decode", "--side", name, str(path)]).out)


def seconds_of_ffmpeg(ffmpeg: str, path: Path, scaling: str) -> float:
    filters = ["-vf", f"fps=16,scale=256:256{scaling}", "-pix_fmt", "rgb24", "-an", "-f", "rawvideo", "-y", os.devnull]
    return usage_of([ffmpeg, "-nostdin", "-v", "error", "-i", str(path), *filters]).cpu


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--ffmpeg", default=shutil.which("ffmpeg"), help="path of the ffmpeg program")
    made.add_argument("--rounds", type=int, default=5)
    made.add_argument("--only", default="", help="part of the names of the videos to measure")
    made.add_argument("--keep", type=Path, help="folder where the test videos are kept, or are already")
    made.add_argument("--side", nargs=2, help="for its own use: run one side once and print its seconds")
    call = made.parse_args()
    if call.side:
        work = SIDES[call.side[0]](Path(call.side[1]))
        start = time.process_time()
        work()
        print(time.process_time() - start)
        return
    if call.ffmpeg is None:
        made.error("no ffmpeg program here: --ffmpeg PATH")
    rows: list[list[Cell]] = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = call.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        for clip in DRY if call.dry else CLIPS:
            if call.only not in clip.name:
                continue
            path = folder / f"{clip.name.replace(' ', '_')}.mp4"
            if not path.exists():
                write_clip(clip, path)
            sides = {
                "peer": partial(seconds_of_ffmpeg, call.ffmpeg, path, ":flags=area"),
                **{name: partial(seconds_of_side, name, path) for name in SIDES},
                "ffmpeg, default scaling": partial(seconds_of_ffmpeg, call.ffmpeg, path, ""),
            }
            times = ask_in_turn(sides, 1 if call.dry else call.rounds)
            peer = times.pop("peer")
            rows.append([clip.name, *(ratio(peer, mine).cell for mine in times.values())])
    report(call, {"video": "", **dict.fromkeys([*SIDES, "ffmpeg, default scaling"], ".2f")}, rows)


if __name__ == "__main__":
    main()
