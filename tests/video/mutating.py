"""Videos of six codecs with one thing wrong, and how much of that is noticed."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from video.making import write_video

from bineego.errors import BineegoError
from bineego.video.check import examine
from bineego.video.frames import FrameOptions
from bineego.video.reader import VideoReader

X264 = {"x264-params": "keyint=25:bframes=2:log-level=none", "threads": "1"}
X265 = {"x265-params": "keyint=25:bframes=2:log-level=none:pools=1"}
MPEG = {"g": "12", "bf": "2"}
VP9 = {"g": "25", "cpu-used": "8"}
AV1 = {"g": "25", "preset": "12"}
FILES: dict[str, dict[str, Any]] = {
    "h264.mp4": {"options": X264},
    "h264.ts": {"options": X264},
    "hevc.mp4": {"codec": "libx265", "options": X265},
    "hevc.mkv": {"codec": "libx265", "options": X265},
    "mpeg4.mp4": {"codec": "mpeg4", "options": MPEG},
    "mpeg4.mkv": {"codec": "mpeg4", "options": MPEG},
    "mpeg2.ts": {"codec": "mpeg2video", "options": MPEG},
    "mpeg2.mkv": {"codec": "mpeg2video", "options": MPEG},
    "vp9.webm": {"codec": "libvpx-vp9", "options": VP9},
    "vp9.mp4": {"codec": "libvpx-vp9", "options": VP9},
    "av1.mkv": {"codec": "libsvtav1", "options": AV1},
    "av1.mp4": {"codec": "libsvtav1", "options": AV1},
}


def _flipped(data: bytearray, at: int, length: int, rng: np.random.Generator) -> None:
    data[at] ^= 1 << int(rng.integers(8))


def _overwritten(data: bytearray, at: int, length: int, rng: np.random.Generator) -> None:
    length = min(length, len(data) - at)
    data[at : at + length] = rng.integers(0, 256, length, np.uint8).tobytes()


def _zeroed(data: bytearray, at: int, length: int, rng: np.random.Generator) -> None:
    length = min(length, len(data) - at)
    data[at : at + length] = bytes(length)


def _cut_out(data: bytearray, at: int, length: int, rng: np.random.Generator) -> None:
    del data[at : at + length]


def _inserted(data: bytearray, at: int, length: int, rng: np.random.Generator) -> None:
    data[at:at] = rng.integers(0, 256, length, np.uint8).tobytes()


def _cut_off(data: bytearray, at: int, length: int, rng: np.random.Generator) -> None:
    del data[max(200, at) :]


MUTATIONS: dict[str, Callable[[bytearray, int, int, np.random.Generator], None]] = {
    "one bit flipped": _flipped,
    "overwritten": _overwritten,
    "zeroed": _zeroed,
    "cut out": _cut_out,
    "inserted": _inserted,
    "cut off": _cut_off,
}

Content = list[tuple[float, str]]


def read(path: Path) -> tuple[Content | None, bool]:
    """Times and pictures (None where it is refused), and whether the reader noticed damage."""
    try:
        reader = VideoReader(path, FrameOptions(size=64), threads=1)
        content = [(round(time, 5), hashlib.md5(picture.tobytes()).hexdigest()) for _, picture, time in reader.read()]
    except BineegoError:
        return None, True
    return content, bool(reader.damage)


def examined(path: Path) -> bool:
    """Whether the examination notices damage."""
    try:
        return bool(examine(path))
    except BineegoError:
        return True


def measure(folder: Path, of_each: int, seed: int) -> list[dict[str, Any]]:
    """Every mutation: its file, codec and kind, whether it is harmful, and who noticed it.

    Args:
        of_each: mutations of each of `FILES`, their kinds in turn. A clean file comes first, as the kind "none".
    """
    rng = np.random.default_rng(seed)
    found: list[dict[str, Any]] = []
    for name, how in FILES.items():
        source = write_video(folder / name, width=64, height=64, rate=25, **how)
        clean, noticed = read(source)
        codec, content = name.split(".")[0], source.read_bytes()
        found.append(
            {"codec": codec, "kind": "none", "harmful": False, "read": noticed, "strict": noticed or examined(source)}
        )
        kinds = list(MUTATIONS)
        for number in range(of_each):
            kind = kinds[len(found) % len(kinds)]
            data = bytearray(content)
            MUTATIONS[kind](data, int(rng.integers(0, len(data))), int(rng.choice([1, 4, 50, 500])), rng)
            path = folder / f"{number}_{name}"
            path.write_bytes(data)
            got, noticed = read(path)
            found.append(
                {
                    "codec": codec,
                    "kind": kind,
                    "harmful": got != clean,
                    "read": noticed,
                    "strict": noticed or examined(path),
                }
            )
    return found


def shares(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Harmful mutations, and the shares noticed by a read to the end and with `--strict`: in all, by codec, by kind."""
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for each in found:
        if each["harmful"]:
            for group in ("all", each["codec"], each["kind"]):
                groups[group].append(each)
    return {
        "mutations": sum(each["kind"] != "none" for each in found),
        "alarms of clean files": sum(each["strict"] for each in found if each["kind"] == "none"),
        "shares": {
            group: {
                "harmful": len(members),
                **{how: round(float(np.mean([each[how] for each in members])), 3) for how in ("read", "strict")},
            }
            for group, members in groups.items()
        },
    }


def main(folder: Path, result: Path, of_each: int = 25, seed: int = 2) -> None:
    """Measure, and write the shares as JSON."""
    logging.disable(logging.CRITICAL)
    os.environ.setdefault("SVT_LOG", "1")
    result.write_text(json.dumps(shares(measure(folder, of_each, seed)), indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
