"""A data set that trains in seconds: squares that move left, right, or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

RATE, SECONDS, SIDE = 8, 4, 32
SCENES = ("Kitchen", "Campus")
SPANS = (("left", 0.5, 1.5), ("right", 2.0, 3.5))


def write_video(path: Path, shift: int, *, width: int = SIDE) -> None:
    """A square that moves within `SPANS`; `shift` (pixels) tells videos apart."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"crf": "20", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = width, SIDE, "yuv420p"
        stream.thread_count = 1
        for i in range(RATE * SECONDS):
            now = i / RATE
            picture = np.full((SIDE, width, 3), 40 + 4 * shift, np.uint8)
            moving = next((label for label, start, end in SPANS if start <= now < end), None)
            x = 12 + {"left": -1, "right": 1, None: 0}[moving] * (i % 8)
            picture[8 + shift : 16 + shift, max(0, x) : x + 8] = 220
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


@pytest.fixture(scope="session")
def make_dataset(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Writes a folder in the 360+x layout: `n` recordings, scenes in turn; the last `unannotated` lack their file."""

    def make(n: int = 4, *, unannotated: int = 0, subsets: bool = False, width: int = SIDE) -> Path:
        folder = tmp_path_factory.mktemp("data")
        (folder / "TAL_annotations").mkdir()
        index = []
        for i in range(n):
            write_video(folder / "panoramic" / f"r{i}.mp4", i, width=width)
            entry = {"uuid": f"r{i}", "category": SCENES[i % 2], "performer": i // 2}
            index.append(entry | ({"subset": "val" if i == n - 1 else "train"} if subsets else {}))
            if i < n - unannotated:
                rows = {
                    f"1_{k}": {"duration": [start, end], "action": {"1": label}}
                    for k, (label, start, end) in enumerate(SPANS)
                }
                (folder / "TAL_annotations" / f"r{i}.json").write_text(json.dumps({"metadata": rows}))
        (folder / "index.json").write_text(json.dumps(index))
        return folder

    return make


@pytest.fixture(scope="session")
def tiny(make_dataset: Callable[..., Path]) -> Path:
    return make_dataset()
