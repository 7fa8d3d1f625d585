"""Long videos and many of them: flat memory, several processes."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from bineego.inference import LocalizeOptions, localize
from bineego.labels import LabelSet
from bineego.tsm.card import ModelCard
from bineego.tsm.config import NetworkConfig, Precision, Trunk
from bineego.tsm.model_file import save_model
from bineego.tsm.network import TSM
from bineego.video.frames import FrameOptions

SIZE = 32


@pytest.fixture(scope="module")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    config = NetworkConfig(trunk=Trunk.RESNET18, n_classes=4, n_scenes=2, n_frames=8)
    labels = LabelSet(actions=("jump", "run", "wave"), scenes=("indoors", "outdoors"))
    card = ModelCard(name="tiny", network=config, labels=labels, interval=0.5, frames=FrameOptions(size=SIZE))
    path = tmp_path_factory.mktemp("run") / "model.safetensors"
    save_model(path, TSM(config), card)
    return path


def write_video(path: Path, seconds: float, fps: int = 8) -> Path:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 255, (16, 90, 160, 3), np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps, options={"crf": "30", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 160, 90, "yuv420p"
        for i in range(round(seconds * fps)):
            frame = av.VideoFrame.from_ndarray(noise[i % 16], format="rgb24")
            frame.pts, frame.time_base = i, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


CHILD = """
import json, resource, sys
import torch
torch.set_num_threads(2)
from bineego.inference import LocalizeOptions, localize
from bineego.tsm.config import Precision
found = localize(sys.argv[1], model=sys.argv[2], options=LocalizeOptions(precision=Precision.FP32))
print(json.dumps({"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, "rows": len(found.predictions)}))
"""


def peak_of(video: Path, model_file: Path) -> int:
    """Peak resident memory of localizing, kB."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(video), str(model_file)], capture_output=True, text=True, check=True
    )
    return int(json.loads(done.stdout)["peak"])


def test_memory_does_not_grow_with_length(model_file: Path, tmp_path: Path) -> None:
    """Peak at 20 minutes within 10 % of that at 2 minutes (issue: the whole system, localizing)."""
    short = peak_of(write_video(tmp_path / "short.mp4", 120), model_file)
    long = peak_of(write_video(tmp_path / "long.mp4", 1200), model_file)
    print(f"peak: {short / 1024:.0f} MiB at 2 minutes, {long / 1024:.0f} MiB at 20")
    assert long < 1.1 * short


def test_several_processes_give_the_same(model_file: Path, tmp_path: Path) -> None:
    videos = tmp_path / "videos"
    videos.mkdir()
    for i, seconds in enumerate((6, 2, 4)):
        write_video(videos / f"v{i}.mp4", seconds)
    (videos / "bad.mp4").write_bytes(b"no video")
    good = [videos / f"v{i}.mp4" for i in range(3)]
    progress: list[tuple[float, float]] = []
    alone = localize(good, model=model_file, options=LocalizeOptions(precision=Precision.FP32))
    both = localize(
        good,
        model=model_file,
        options=LocalizeOptions(precision=Precision.FP32, jobs=2),
        on_progress=lambda done, total: progress.append((done, total)),
    )
    columns = ["video_id", "label", "start", "end"]
    assert both.predictions[columns].equals(alone.predictions[columns])
    assert both.predictions["score"].to_numpy() == pytest.approx(alone.predictions["score"].to_numpy(), abs=1e-5)
    assert progress[-1][0] == pytest.approx(progress[-1][1])
