"""Decoding to 256x256 RGB: CPU time against the ffmpeg command line and OpenCV, on 30 fps videos that it makes itself.

    python -m benchmarks.speed.decode [--ffmpeg PATH] [--rounds 5]

    the peer     ffmpeg -i V -vf fps=16,scale=256:256:flags=area -f rawvideo; and with ffmpeg's default scaling
    OpenCV       VideoCapture.read of every frame, cv2.resize
    ours         VideoReader, the frames on screen 16 times a second; and 4 times a second, against the same peer

Seconds are user + system over all threads. Those of the Python sides leave out starting Python and its imports; the
pass over the packets, opening and everything else is in.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.common import Cell, Side, asked, in_turn, parser, ratio, report, timed, usage_of, write_clip
from bineego.video.frames import on_screen
from bineego.video.reader import VideoReader

CLIPS: dict[str, dict[str, Any]] = {
    "3840x1920 H.264": {"width": 3840, "height": 1920, "seconds": 10},
    "3840x1920 HEVC": {"width": 3840, "height": 1920, "seconds": 10, "hevc": True},
    "1280x640 H.264": {"width": 1280, "height": 640, "seconds": 40},
    "1280x640 H.264, variable rate": {"width": 1280, "height": 640, "seconds": 40, "variable": True},
    "320x240 H.264": {"width": 320, "height": 240, "seconds": 240},
}
DRY = {"160x96 H.264": {"width": 160, "height": 96, "seconds": 1}}


def by_opencv(path: Path) -> None:
    capture = cv2.VideoCapture(str(path))
    while (read := capture.read())[0]:
        cv2.resize(read[1], (256, 256))


def by_ours(path: Path, rate: float) -> None:
    reader = VideoReader(path)
    for _ in reader.read(np.unique(on_screen(reader.times, np.arange(0, reader.duration, 1 / rate)))):
        pass


def by_ffmpeg(ffmpeg: str, path: Path, scaling: str) -> float:
    filters = ["-vf", f"fps=16,scale=256:256{scaling}", "-pix_fmt", "rgb24", "-an", "-f", "rawvideo", "-y", os.devnull]
    return usage_of([ffmpeg, "-nostdin", "-v", "error", "-i", str(path), *filters]).cpu


def main() -> None:
    made = parser(__doc__, rounds=5)
    made.add_argument("--ffmpeg", default=shutil.which("ffmpeg"), help="path of the ffmpeg program")
    made.set_defaults(clips=CLIPS)
    call = asked(made, clips=DRY)
    if call.ffmpeg is None:
        made.error("no ffmpeg program here: --ffmpeg PATH")
    columns = {"video": ""}
    rows: list[list[Cell]] = []
    with tempfile.TemporaryDirectory() as scratch:
        for name, clip in call.clips.items():
            path = write_clip(Path(scratch) / "clip.mp4", **clip)
            sides: dict[str, Side] = {
                "peer": partial(by_ffmpeg, call.ffmpeg, path, ":flags=area"),
                "ours, 16 frames a second": timed(time.process_time, by_ours, path, 16),
                "ours, 4 a second": timed(time.process_time, by_ours, path, 4),
                "OpenCV, read all and resize": timed(time.process_time, by_opencv, path),
                "ffmpeg, default scaling": partial(by_ffmpeg, call.ffmpeg, path, ""),
            }
            times = in_turn(sides, call.rounds, warm_up=1)
            peer = times.pop("peer")
            columns |= dict.fromkeys(times, ".2f")
            rows.append([name, *(ratio(peer, mine) for mine in times.values())])
    report(call, columns, rows)


if __name__ == "__main__":
    main()
