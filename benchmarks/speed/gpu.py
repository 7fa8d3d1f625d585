"""What a GPU makes of it: forward, training step and a whole `localize`, against its own rate of matrix products.

    git clone https://github.com/mit-han-lab/temporal-shift-module /some/where
    python -m benchmarks.speed.gpu [--official-tsm /some/where] [--batch 32 --rounds 7] [--dry]

Random weights, 8 x 256 x 256 clips. Sides take turns; ratios and shares are those of each round, median
(smallest-largest).

- forward: ours in bf16, from pinned uint8 frames; the official implementation as published (float32, PyTorch's
  settings as they are), from normalised pictures that already lie on the GPU.
- training: steps of the program's own loop on a ready batch, actions and scenes, bf16 (train_step.py compares it
  with the official one). A batch that the memory does not hold is halved.
- localize: the wall time of the whole verb for a generated video, making the network ready included, against the
  longer of its two parts alone, decoding and network.

Memory is the most that PyTorch took from the device. Without a GPU, or with `--dry`, everything runs on the CPU at tiny
sizes: that tells whether the script works and nothing else.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.accuracy.official_tsm import official_network
from benchmarks.common import Side, Spread, ratio, take_turns
from benchmarks.speed.localize import write_video
from benchmarks.speed.train_step import batches_of_draws, build_loop, our_side, timed_rounds, wait_for
from bineego.errors import ResourceExhausted
from bineego.grid import clip_times, interval_edges
from bineego.inference import LocalizeOptions, localize
from bineego.inference.score import BATCH_CPU, BATCH_DEVICE
from bineego.labels import LabelSet
from bineego.synth import write_dataset
from bineego.training.options import Device
from bineego.tsm.card import ModelCard
from bineego.tsm.config import NetworkConfig, Precision, Trunk
from bineego.tsm.inference_network import compile_network
from bineego.tsm.model_file import Model
from bineego.tsm.network import TSM
from bineego.tsm.preprocess import normalise
from bineego.video.frames import FrameOptions, on_screen
from bineego.video.parallel import read_parallel
from bineego.video.reader import VideoReader

N_FRAMES, N_CLASSES, N_SCENES, T = 8, 39, 28, 0.5


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How much is measured.

    Attributes:
        trunks, trained: networks of the forward, and of the training.
        size: pixels of the frames.
        batch: clips.
        calls: batches (and matrix products) of a side in each round.
        matrix: rows of the matrices.
        rounds: of everything.
        seconds: length of the video.
        picture: its width and height.
    """

    trunks: tuple[Trunk, ...] = (Trunk.RESNET50, Trunk.RESNEXT101_32X8D, Trunk.RESNEXT101_64X4D)
    trained: tuple[Trunk, ...] = (Trunk.RESNET50, Trunk.RESNEXT101_64X4D)
    size: int = 256
    batch: int = 32
    calls: int = 10
    matrix: int = 8192
    rounds: int = 7
    seconds: float = 360.0
    picture: tuple[int, int] = (1280, 640)


DRY = Sizes(
    trunks=(Trunk.RESNET18,), trained=(Trunk.RESNET18,), size=32, batch=4, calls=1, matrix=64, rounds=1, seconds=3.0,
    picture=(64, 32),
)  # fmt: skip


def config_of(trunk: Trunk) -> NetworkConfig:
    return NetworkConfig(trunk=trunk, n_classes=N_CLASSES, n_scenes=N_SCENES, n_frames=N_FRAMES)


def clip_gflop(trunk: Trunk, size: int, *, training: bool) -> float:
    """Multiplications and additions of one clip, in 1e9, counted by PyTorch without computing anything."""
    with torch.device("meta"):
        network, clip = TSM(config_of(trunk)), torch.zeros(1, N_FRAMES, 3, size, size)
    with FlopCounterMode(display=False) as counter, torch.set_grad_enabled(training):
        scores = network(clip)
        if training:
            (scores.actions.sum() + scores.scenes.sum()).backward()
    return float(counter.get_total_flops()) / 1e9


def matrix_side(sizes: Sizes, device: torch.device) -> Side:
    """The chip's best: products of large matrices in bf16."""
    a, b = torch.randn(2, sizes.matrix, sizes.matrix, device=device).to(torch.bfloat16)
    return lambda: [a @ b for _ in range(sizes.calls)]


def matrix_gflops(sizes: Sizes, seconds: float) -> float:
    return sizes.calls * 2 * sizes.matrix**3 / 1e9 / seconds


def clock_of(device: torch.device) -> Callable[[], float]:
    """Wall seconds, once the device has done all it was given."""

    def clock() -> float:
        wait_for(device)
        return time.perf_counter()

    return clock


def memory(device: torch.device, *, fresh: bool = False) -> str:
    """The most memory taken since the last fresh start."""
    if device.type != "cuda":
        return "-"
    if fresh:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
    return f"{torch.cuda.max_memory_reserved(device) / 2**30:.1f} GiB"


def measure_forward(trunk: Trunk, sizes: Sizes, device: torch.device, official: Path | None) -> None:
    """One trunk, ours and the official one."""
    torch.manual_seed(0)
    frames = torch.randint(0, 256, (sizes.batch, N_FRAMES, sizes.size, sizes.size, 3), dtype=torch.uint8)
    frames = frames.pin_memory() if device.type == "cuda" else frames
    memory(device, fresh=True)
    ready = compile_network(TSM(config_of(trunk)).eval(), precision=Precision.BF16, device=device)
    for _ in range(3):
        ready(frames)
    taken = {"ours, bf16": memory(device)}
    sides: dict[str, Side] = {
        "matrix": matrix_side(sizes, device),
        "ours, bf16": lambda: [ready(frames) for _ in range(sizes.calls)],
    }
    if official is not None:
        memory(device, fresh=True)
        network = official_network(official, trunk, N_FRAMES, N_CLASSES).to(device)
        pictures = normalise(frames).contiguous().flatten(1, 2).to(device)
        with torch.inference_mode():
            network(pictures)
        taken["official, fp32"] = memory(device)
        sides["official, fp32"] = lambda: [network(pictures) for _ in range(sizes.calls)]
    with torch.inference_mode():
        times = take_turns(sides, sizes.rounds, warm_up=2, clock=clock_of(device))
    gflop = sizes.calls * sizes.batch * clip_gflop(trunk, sizes.size, training=False)
    for name in taken:
        rate = sizes.calls * sizes.batch / Spread.of(times[name]).median
        line = f"  {trunk:18} {name:16} {rate:8.1f} clips/s  {shares(times['matrix'], times[name], gflop, sizes)}"
        line += f"  {taken[name]:>8}"
        if name.startswith("ours") and official is not None:
            line += f"  {ratio(times['official, fp32'], times[name])} times the official one"
        print(line, flush=True)


def shares(matrix: list[float], seconds: list[float], gflop: float, sizes: Sizes) -> str:
    """The share of the rate of matrix products, round by round."""
    each = [gflop / mine / matrix_gflops(sizes, best) for best, mine in zip(matrix, seconds, strict=True)]
    found = Spread.of(each)
    return f"{found.median:.1%} ({found.low:.1%}-{found.high:.1%}) of the matrix product"


def measure_training(trunk: Trunk, sizes: Sizes, device: torch.device, data: Path, work: Path) -> None:
    """Steps of the training loop, with the largest batch that fits."""
    memory(device, fresh=True)
    try:
        seconds = timed_steps(trunk, sizes, device, data, work)
    except ResourceExhausted:
        if sizes.batch == 1:
            raise
    else:
        matrix = take_turns({"matrix": matrix_side(sizes, device)}, sizes.rounds, clock=clock_of(device))["matrix"]
        gflop = sizes.batch * clip_gflop(trunk, sizes.size, training=True)
        rate = sizes.batch / Spread.of(seconds).median
        line = f"  {trunk:18} batch {sizes.batch:3} {rate:8.1f} clips/s  {shares(matrix, seconds, gflop, sizes)}"
        print(f"{line}  {memory(device):>8}", flush=True)
        return
    print(f"  {trunk:18} batch {sizes.batch:3}: out of memory")
    measure_training(trunk, replace(sizes, batch=sizes.batch // 2), device, data, work)


def timed_steps(trunk: Trunk, sizes: Sizes, device: torch.device, data: Path, work: Path) -> list[float]:
    """Seconds of a step in every round."""
    asked = argparse.Namespace(
        trunk=trunk, size=sizes.size, batch=sizes.batch, workers=0, compile=False,
        precision=Precision.BF16 if device.type == "cuda" else Precision.FP32, device=Device(device.type),
    )  # fmt: skip
    loop = build_loop(data, work, asked)
    try:
        draws = next(batches_of_draws(loop))
        loop.loader.start([draws])
        side = our_side(loop, next(loop.loader), draws)
        return timed_rounds({"ours": side}, loop.fabric.device, sizes.rounds, sizes.calls)["ours"]
    finally:
        loop.loader.close()


def measure_localize(sizes: Sizes, device: torch.device, folder: Path) -> None:
    """The whole verb against its parts."""
    config, frames = config_of(sizes.trunks[0]), FrameOptions(size=sizes.size)
    labels = LabelSet(
        actions=tuple(f"action {i}" for i in range(1, N_CLASSES)), scenes=tuple(f"scene {i}" for i in range(N_SCENES))
    )
    card = ModelCard(name="speed", network=config, labels=labels, interval=T, frames=frames)
    model = Model(network=TSM(config).eval(), card=card)
    options = LocalizeOptions(precision=Precision.BF16, device=device.type)
    path = folder / "video.mp4"
    write_video(path, *sizes.picture, sizes.seconds)
    batch = BATCH_CPU if device.type == "cpu" else BATCH_DEVICE
    decoders = 1 if device.type == "cpu" else os.cpu_count() or 1
    clips = torch.zeros(batch, N_FRAMES, sizes.size, sizes.size, 3, dtype=torch.uint8)
    clips = clips.pin_memory() if device.type == "cuda" else clips
    ready = compile_network(model.clip_network, precision=Precision.BF16, device=device)
    edges = interval_edges(VideoReader(path, frames).duration, T)
    n = len(edges) - 1

    def decode() -> None:
        reader = VideoReader(path, frames)
        wanted = np.unique(on_screen(reader.times, clip_times(edges[:-1], edges[1:], N_FRAMES)))
        found = reader.read(wanted)
        if decoders > 1:
            found = read_parallel(path, frames, wanted, decoders, reader=reader)
        for _ in found:
            pass

    sides: dict[str, Side] = {
        "whole": lambda: localize(path, model=model, options=options),
        "decode": decode,
        "network": lambda: [ready(clips[: min(batch, n - first)]) for first in range(0, n, batch)],
    }
    times = take_turns(sides, min(3, sizes.rounds), clock=clock_of(device))
    longer = [max(parts) for parts in zip(times["decode"], times["network"], strict=True)]
    parts = ", ".join(f"{name} {Spread.of(each).median:.2f} s" for name, each in times.items())
    width, height = sizes.picture
    print(f"  {sizes.seconds:.0f} s of {width}x{height} H.264, {n} intervals, {decoders} decoders: {parts}")
    print(f"  whole / the longer part: {ratio(times['whole'], longer)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--official-tsm", type=Path, help="folder of the official code; without it only ours is timed")
    parser.add_argument("--batch", type=int, help="clips")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float, help="length of the video")
    parser.add_argument("--dry", action="store_true", help="tiny sizes on the CPU: does the script work?")
    args = parser.parse_args()
    dry = args.dry or not torch.cuda.is_available()
    given = {name: getattr(args, name) for name in ("batch", "rounds", "seconds") if getattr(args, name) is not None}
    sizes, device = replace(DRY if dry else Sizes(), **given), torch.device("cpu" if dry else "cuda")
    if dry:
        why = "asked for" if args.dry else "PyTorch finds no GPU"
        print(f"DRY RUN ({why}): tiny sizes on the CPU, whose figures mean nothing")
    name = device.type if dry else torch.cuda.get_device_name(device)
    seconds = take_turns({"matrix": matrix_side(sizes, device)}, sizes.rounds, clock=clock_of(device))["matrix"]
    rate = matrix_gflops(sizes, Spread.of(seconds).median) / 1e3
    print(f"{name}, torch {torch.__version__}, CUDA {torch.version.cuda}, {os.cpu_count()} cores; ", end="")
    print(f"{sizes.matrix} x {sizes.matrix} products in bf16: {rate:.2f} TFLOP/s")
    shape = f"{N_FRAMES} x {sizes.size} x {sizes.size}"
    print(f"\nforward, {sizes.batch} clips of {shape}, {sizes.rounds} rounds", flush=True)
    for trunk in sizes.trunks:
        measure_forward(trunk, sizes, device, args.official_tsm)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        print("\ntraining steps, actions and scenes", flush=True)
        height = max(32, sizes.size)
        length = 4.0 if dry else 10.0
        data = write_dataset(folder / "data", recordings=4, seconds=length, size=(2 * height, height))
        for trunk in sizes.trained:
            measure_training(trunk, sizes, device, data, folder)
        print(f"\nlocalize, {sizes.trunks[0]}", flush=True)
        measure_localize(sizes, device, folder)


if __name__ == "__main__":
    main()
