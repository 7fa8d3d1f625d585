"""From a video to its score track, against OpenCV read-all + the official TSM, one interval at a time in float32.

    git clone https://github.com/mit-han-lab/temporal-shift-module /some/where
    python -m benchmarks.speed.localize --official-tsm /some/where [--seconds 120] [--only 640x320] [--rounds 3]

The peer reads every frame with `cv2.VideoCapture`, resizes it to 256 x 256 and feeds the eight frames of each interval
to the official network. t = 0.5, ResNet-50, random weights (time does not depend on them). Each side runs in a process
of its own (the official one under the C library's allocator, ours with the setting it makes for itself), taking turns.
Set-up (imports, the network, ours from its file, one warm-up clip) is left out of the ratio and given beside it, as are
our parts each run alone: the whole should cost hardly more than both
(docs/facts.md: on two cores both fill the machine).
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.common import Cell, Clip, Spread, Worker, parser, peak_memory, ratio, report, serve, write_clip

START = time.perf_counter()
T, N_FRAMES, N_CLASSES, RATE = 0.5, 8, 39, 30
SIZES = {"640x320": (640, 320), "3840x1920": (3840, 1920)}
Sides = Mapping[str, Callable[[Path], object]]


def official_side(folder: Path, size: int) -> Sides:
    """The peer as a function of a video's path."""
    import cv2
    import numpy as np
    import torch

    from benchmarks.accuracy.official_tsm import official_network
    from bineego.tsm.config import Trunk
    from bineego.tsm.preprocess import normalise

    torch.manual_seed(0)
    network = official_network(folder, Trunk.RESNET50, N_FRAMES, N_CLASSES)  # in evaluation mode

    @torch.inference_mode()
    def run(path: Path) -> None:
        capture = cv2.VideoCapture(str(path))
        frames = []
        while (read := capture.read())[0]:
            frames.append(cv2.resize(read[1], (size, size))[:, :, ::-1])
        for i in range(int(len(frames) / RATE / T + 1e-6)):
            at = ((i + (np.arange(N_FRAMES) + 0.5) / N_FRAMES) * T * RATE).astype(int)
            clip = torch.from_numpy(np.stack([frames[k] for k in at]))[None]
            network(normalise(clip).flatten(1, 2))

    with torch.inference_mode():
        network(torch.zeros(1, N_FRAMES * 3, size, size))
    return {"whole": run}


def write_model(path: Path, *, size: int, trunk: str = "resnet50") -> None:
    """A file such as training leaves."""
    import torch

    from bineego.labels import LabelSet
    from bineego.tsm.card import ModelCard
    from bineego.tsm.config import NetworkConfig, Trunk
    from bineego.tsm.model_file import save_model
    from bineego.tsm.network import TSM
    from bineego.video.frames import FrameOptions

    torch.manual_seed(0)
    config = NetworkConfig(trunk=Trunk(trunk), n_classes=N_CLASSES)
    labels = LabelSet(actions=tuple(f"action {i}" for i in range(1, N_CLASSES)))
    card = ModelCard(name="speed", network=config, labels=labels, interval=T, frames=FrameOptions(size=size))
    save_model(path, TSM(config), card)


def our_side(model_file: Path, precision: str) -> Sides:
    """Ours, whole and in parts."""
    import numpy as np
    import torch

    from bineego.grid import clip_times, interval_edges
    from bineego.inference.score import BATCH_CPU, ClipScorer
    from bineego.tsm.allocator import keep_memory
    from bineego.tsm.config import Precision
    from bineego.tsm.inference_network import compile_for_inference
    from bineego.tsm.model_file import load_model
    from bineego.video.frames import on_screen
    from bineego.video.reader import VideoReader

    keep_memory()
    model = load_model(model_file)
    card = model.card
    network = compile_for_inference(model, precision=Precision(precision))
    scorer = ClipScorer(network, card)
    clips = torch.zeros(BATCH_CPU, N_FRAMES, card.frames.size, card.frames.size, 3, dtype=torch.uint8)
    network(clips[:1])

    def decode(path: Path) -> None:
        reader = VideoReader(path, card.frames)
        edges = interval_edges(reader.duration, T)
        for _ in reader.read(np.unique(on_screen(reader.times, clip_times(edges[:-1], edges[1:], N_FRAMES)))):
            pass

    def forward(path: Path) -> None:
        n = len(interval_edges(VideoReader(path, card.frames).duration, T)) - 1
        for first in range(0, n, BATCH_CPU):
            network(clips[: min(BATCH_CPU, n - first)])

    return {"whole": lambda path: scorer.score(path, path.stem), "decode": decode, "network": forward}


def work(call: argparse.Namespace) -> None:
    """A worker process: set up, then one measurement for every question."""
    import torch

    torch.set_num_threads(call.threads)
    official = call.worker == "official"
    sides = official_side(call.official_tsm, call.size) if official else our_side(call.model, call.worker)

    def measure(what: str, path: str) -> dict[str, float]:
        start = time.perf_counter()
        sides[what](Path(path))
        return {"seconds": time.perf_counter() - start, "peak": peak_memory()}

    serve({"set_up": time.perf_counter() - START}, measure)


def start_worker(name: str, call: argparse.Namespace) -> Worker:
    given = ["--worker", name, "--threads", str(call.threads), "--model", str(call.model), *["--dry"] * call.dry]
    given += [] if call.official_tsm is None else ["--official-tsm", str(call.official_tsm)]
    return Worker("benchmarks.speed.localize", given)


def measure_size(call: argparse.Namespace, size: str, video: Path) -> list[list[Cell]]:
    """Rows of one size of the picture."""
    names = [*(["official"] if call.official_tsm else []), "fp32", "bf16"]
    workers = {name: start_worker(name, call) for name in names}
    times: dict[tuple[str, str], list[float]] = {}
    peaks: dict[str, float] = {}
    for _ in range(call.rounds):
        for name, worker in workers.items():
            for what in ("whole",) if name == "official" else ("whole", "decode", "network"):
                found = worker.ask(what, str(video))
                times.setdefault((name, what), []).append(found["seconds"])
                peaks.setdefault(name, found["peak"])  # of the first whole
    rows: list[list[Cell]] = []
    for name, worker in workers.items():
        whole = times[name, "whole"]
        row: list[Cell] = [None, None, None]
        if name != "official":
            decode, network = times[name, "decode"], times[name, "network"]
            peer = times.get(("official", "whole"))
            row = [peer and ratio(peer, whole).cell,
                   f"{Spread.of(decode).median:.1f} + {Spread.of(network).median:.1f} s",
                   ratio(whole, [a + b for a, b in zip(decode, network, strict=True)]).cell]  # fmt: skip
        rows.append([size, name, Spread.of(whole).median, *row, worker.ready["set_up"], peaks[name]])
        worker.close()
    return rows


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--official-tsm", type=Path, help="folder of the official code; without it only ours is timed")
    made.add_argument("--seconds", type=int, default=120)
    made.add_argument("--only", choices=SIZES, nargs="+", default=list(SIZES))
    made.add_argument("--rounds", type=int, default=3)
    made.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    made.add_argument("--worker", help="for its own use")
    made.add_argument("--model", type=Path, help="for its own use")
    call = made.parse_args()
    call.size = 32 if call.dry else 256
    if call.worker:
        work(call)
        return
    if call.dry:
        call.seconds, call.only, call.rounds = 3, ["640x320"], 1
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        call.model = folder / "model.safetensors"
        write_model(call.model, size=call.size, trunk="resnet18" if call.dry else "resnet50")
        for size in call.only:
            width, height = (64, 32) if call.dry else SIZES[size]
            clip = Clip(name=size, width=width, height=height, seconds=call.seconds)
            rows += measure_size(call, size, write_clip(clip, folder / f"{size}.mp4"))
    columns = {"video": "", "side": "", "seconds": ".0f", "times the peer": ".2f", "decode + network, each alone": "",
               "whole / both": ".2f", "set-up s": ".1f", "peak MiB": ".0f"}  # fmt: skip
    report(call, columns, rows, note=f"{call.seconds} s of video, {call.rounds} rounds.")


if __name__ == "__main__":
    main()
