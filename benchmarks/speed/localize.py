"""From a video to its score track, against OpenCV read-all + the official TSM, one interval at a time in float32.

    git clone https://github.com/mit-han-lab/temporal-shift-module /some/where
    python -m benchmarks.speed.localize --official-tsm /some/where [--seconds 120] [--device cuda --decoders 16]

The peer reads every frame with `cv2.VideoCapture`, resizes it to 256 x 256 and feeds the eight frames of each interval
to the official network. t = 0.5, ResNet-50, random weights (time does not depend on them). Each side runs in a process
of its own, the official one under the C library's allocator, ours with the setting it makes for itself. Set-up (Python,
imports, the network, one warm-up clip) is given beside the ratio, as are our parts each run alone. "Temporal head"
makes the features that it reads, motion among them: all but milliseconds of its work.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import tempfile
import time
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch

from benchmarks import common
from benchmarks.accuracy.official_tsm import official_network
from benchmarks.common import Cell, Runs, elsewhere, ratio
from bineego.features.extraction import make_maker
from bineego.features.kinds import Kind
from bineego.features.options import FeatureOptions
from bineego.grid import clip_times, interval_edges
from bineego.inference.score import BATCH_CPU, BATCH_DEVICE, ClipScorer
from bineego.labels import LabelSet
from bineego.tsm.allocator import keep_memory
from bineego.tsm.card import ModelCard
from bineego.tsm.config import NetworkConfig, Precision, Trunk
from bineego.tsm.inference_network import compile_for_inference
from bineego.tsm.model_file import load_model, save_model
from bineego.tsm.network import TSM
from bineego.tsm.preprocess import normalise
from bineego.video.frames import FrameOptions, on_screen
from bineego.video.parallel import ParallelReader
from bineego.video.reader import VideoReader

T, N_FRAMES, N_CLASSES, RATE = 0.5, 8, 39, 30
SIZES, DRY = {"640x320": (640, 320), "3840x1920": (3840, 1920)}, {"64x32": (64, 32)}
PEER, HEAD, WHOLE, PARTS = "official", "temporal head", "whole", ("decode", "network")


def write_model(path: Path, *, size: int, trunk: Trunk) -> Path:
    """A file such as training leaves."""
    torch.manual_seed(0)
    config = NetworkConfig(trunk=trunk, n_classes=N_CLASSES)
    labels = LabelSet(actions=tuple(f"action {i}" for i in range(1, N_CLASSES)))
    card = ModelCard(name="speed", network=config, labels=labels, interval=T, frames=FrameOptions(size=size))
    save_model(path, TSM(config), card)
    return path


def official(folder: Path, size: int, device: str) -> Runs:
    """The peer as a function of a video's path."""
    network = official_network(folder, Trunk.RESNET50, N_FRAMES, N_CLASSES).to(device)  # in evaluation mode
    with torch.inference_mode():
        network(torch.zeros(1, N_FRAMES * 3, size, size, device=device))

    @torch.inference_mode()
    def run(path: Path) -> None:
        capture = cv2.VideoCapture(str(path))
        frames = []
        while (read := capture.read())[0]:
            frames.append(cv2.resize(read[1], (size, size))[:, :, ::-1])
        for i in range(int(len(frames) / RATE / T + 1e-6)):
            at = ((i + (np.arange(N_FRAMES) + 0.5) / N_FRAMES) * T * RATE).astype(int)
            clip = normalise(torch.from_numpy(np.stack([frames[k] for k in at]))[None]).flatten(1, 2)
            network(clip.to(device)).cpu()

    return {WHOLE: run}


def ours(model_file: Path, precision: str, device: str, decoders: int) -> Runs:
    """Ours, whole and in parts."""
    model = load_model(model_file)
    card = model.card
    network = compile_for_inference(model, precision=Precision(precision), device=device)
    scorer = ClipScorer(network, card, decoders=decoders)
    batch = BATCH_CPU if device == "cpu" else BATCH_DEVICE
    clips = torch.zeros(batch, N_FRAMES, card.frames.size, card.frames.size, 3, dtype=torch.uint8)
    network(clips)

    def decode(path: Path) -> None:
        reader = VideoReader(path, card.frames)
        edges = interval_edges(reader.duration, T)
        wanted = np.unique(on_screen(reader.times, clip_times(edges[:-1], edges[1:], N_FRAMES)))
        for _ in (ParallelReader(reader, decoders) if decoders > 1 else reader).read(wanted):
            pass

    def forward(path: Path) -> None:
        n = len(interval_edges(VideoReader(path, card.frames).duration, T)) - 1
        answers = [network(clips[: min(batch, n - first)]) for first in range(0, n, batch)]
        for answer in answers:
            answer.actions.cpu()  # type: ignore[union-attr]

    return {WHOLE: lambda path: scorer.score(path, path.stem), "decode": decode, "network": forward}


def features(device: str) -> Runs:
    """What a temporal head reads of a video."""
    kinds = [kind for kind in Kind if kind is not Kind.SOUND]
    maker = make_maker(FeatureOptions(), kinds, device)
    return {WHOLE: lambda path: list(maker.track(path, path.stem))}


def build(call: argparse.Namespace, model: Path, name: str) -> Runs:
    torch.set_num_threads(os.cpu_count() or 1)
    if name == PEER:
        return official(call.official_tsm, call.size, call.device)
    keep_memory()
    return features(call.device) if name == HEAD else ours(model, name, call.device, call.decoders)


def measure(call: argparse.Namespace, size: str, video: Path, model: Path) -> list[list[Cell]]:
    """Rows of one size of the picture."""
    names = [*[PEER] * (call.official_tsm is not None), "fp32", "bf16", HEAD]
    began, sides = {}, {}
    with contextlib.ExitStack() as stack:
        own = {name: stack.enter_context(common.own_process(build, call, model, name)) for name in names}
        for name, process in own.items():
            began[name] = common.timed(time.perf_counter, partial(common.apart, os.getpid, own=process))()
            for what in (WHOLE,) if name in (PEER, HEAD) else (WHOLE, *PARTS):
                sides[name, what] = elsewhere(process, what, video)
        times = common.in_turn(sides, call.rounds)
        peaks = {name: common.apart(common.peak_memory, own=process) for name, process in own.items()}
    rows: list[list[Cell]] = []
    for name in names:
        whole, row = times[name, WHOLE], list[Cell]([None, None, None])
        if name not in (PEER, HEAD):
            peer, parts = times.get((PEER, WHOLE)), [times[name, part] for part in PARTS]
            both = [decode + network for decode, network in zip(*parts, strict=True)]
            alone = " + ".join(f"{statistics.median(part):.1f}" for part in parts)
            row = [peer and ratio(peer, whole), f"{alone} s", ratio(whole, both)]
        seconds = statistics.median(whole)
        rows.append([size, name, seconds, call.seconds / seconds, *row, began[name], peaks[name]])
    return rows


def main() -> None:
    made = common.parser(__doc__, rounds=3)
    made.add_argument("--official-tsm", type=Path, help="folder of the official code; without it only ours is timed")
    made.add_argument("--seconds", type=int, default=120)
    made.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    made.add_argument("--decoders", type=int, default=1, help="processes that decode one video")
    made.set_defaults(sizes=SIZES, size=256, trunk=Trunk.RESNET50)
    call = common.asked(made, seconds=3, sizes=DRY, size=32, trunk=Trunk.RESNET18)
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        model = write_model(folder / "model.safetensors", size=call.size, trunk=call.trunk)
        for name, (width, height) in call.sizes.items():
            video = common.write_clip(folder / f"{name}.mp4", width, height, call.seconds)
            rows += measure(call, name, video, model)
    columns = {
        "video": "", "side": "", "seconds": ".1f", "times real time": ".1f", "times the peer": ".2f",
        "decode + network, each alone": "", "whole / both": ".2f", "set-up s": ".1f", "peak MiB": ".0f",
    }  # fmt: skip
    note = f"{call.seconds} s of video, {call.rounds} rounds, {call.decoders} decoders."
    common.report(call, columns, rows, note=note)


if __name__ == "__main__":
    main()
