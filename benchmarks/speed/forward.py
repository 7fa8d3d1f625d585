"""The network's forward on this machine against the official TSM implementation in float32, same weights.

    git clone https://github.com/mit-han-lab/temporal-shift-module /some/where
    python -m benchmarks.speed.forward --official-tsm /some/where [--trunk resnet50 --batch 4 --rounds 7]

"As shipped" is the official code under the C library's defaults and ours with the allocator's setting that it makes for
itself, each in a process of its own since the setting cannot be taken back; "tuned" is the setting on both sides. Clips
are 8 x 256 x 256; ours starts from uint8 frames, the official code from normalised ones. Matrix products of the machine
(2048 x 2048) take turns with both, and our rate in bf16 is given as a share of theirs.
"""

from __future__ import annotations

import argparse
import functools
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.accuracy.official_tsm import official_network
from benchmarks.common import Cell, Spread, Worker, parser, ratio, report, serve
from bineego.tsm.allocator import keep_memory
from bineego.tsm.config import NetworkConfig, Precision, Trunk
from bineego.tsm.inference_network import compile_network
from bineego.tsm.network import TSM
from bineego.tsm.preprocess import normalise
from bineego.tsm.state_file import trunk_names

N_FRAMES, N_CLASSES, N_SCENES = 8, 39, 28
TRUNKS = (Trunk.RESNET50, Trunk.RESNEXT101_32X8D, Trunk.RESNEXT101_64X4D)
PRODUCT = {"matmul fp32": torch.float32, "matmul bf16": torch.bfloat16}
APART = (["official"], ["fp32"], ["bf16"], [*PRODUCT])
"""Sides of "as shipped", process by process."""


def config_of(trunk: Trunk) -> NetworkConfig:
    return NetworkConfig(trunk=trunk, n_classes=N_CLASSES, n_scenes=N_SCENES, n_frames=N_FRAMES)


def clip_gflop(trunk: Trunk, size: int, *, training: bool = False) -> float:
    """Multiplications and additions of one clip, in 1e9, counted by PyTorch without computing anything."""
    with torch.device("meta"):
        network, clip = TSM(config_of(trunk)).eval(), torch.zeros(1, N_FRAMES, 3, size, size)
    with FlopCounterMode(display=False) as counter, torch.set_grad_enabled(training):
        scores = network(clip)
        if training:
            (scores.actions.sum() + scores.scenes.sum()).backward()
    return float(counter.get_total_flops()) / 1e9


def build(call: argparse.Namespace, names: Sequence[str]) -> dict[str, Callable[[], object]]:
    """What is timed, with the same weights; each runs one batch or one product."""
    torch.manual_seed(0)
    device = torch.device(call.device)
    runs: dict[str, Callable[[], object]] = {}
    frames = torch.randint(0, 256, (call.batch, N_FRAMES, call.size, call.size, 3), dtype=torch.uint8)
    network = TSM(config_of(call.trunk[0])).eval()
    if call.official_tsm is not None:
        official = official_network(call.official_tsm, call.trunk[0], N_FRAMES, N_CLASSES).to(device)
        pictures = normalise(frames).contiguous().flatten(1, 2).to(device)
        state = official.state_dict()
        ours = {new: state[name] for name, new in trunk_names(state).items()}
        network.trunk.load_state_dict({name: ours[name] for name in network.trunk.state_dict()})
        runs["official"] = lambda: official(pictures)
    for precision in (Precision.FP32, Precision.BF16):
        if precision.value in names:
            ready = compile_network(network, precision=precision, device=device)
            runs[precision.value] = functools.partial(ready, frames)
    for name, dtype in PRODUCT.items():
        a, b = torch.randn(2, call.matrix, call.matrix, device=device).to(dtype)
        runs[name] = functools.partial(torch.matmul, a, b)
    return {name: run for name, run in runs.items() if name in names}


def work(call: argparse.Namespace) -> None:
    """A worker process: builds its sides, then times one round whenever it is asked."""
    if call.tuned:
        keep_memory()
    torch.set_num_threads(call.threads)
    runs = build(call, call.worker)

    def one_round() -> dict[str, float]:
        times = {}
        for name, run in runs.items():
            repeats = 5 if name in PRODUCT else 1
            start = time.perf_counter()
            for _ in range(repeats):
                run()
            if call.device == "cuda":
                torch.cuda.synchronize()
            times[name] = (time.perf_counter() - start) / repeats
        return times

    with torch.inference_mode():
        one_round()
        one_round()
        serve({}, one_round)


def measure(call: argparse.Namespace, trunk: Trunk, *, tuned: bool) -> dict[str, list[float]]:
    """Seconds of every side in every round."""
    settings = {"trunk": trunk, "threads": call.threads, "batch": call.batch, "device": call.device}
    given = [word for name, value in settings.items() for word in (f"--{name}", str(value))] + ["--dry"] * call.dry
    given += [] if call.official_tsm is None else ["--official-tsm", str(call.official_tsm)]
    groups = [[name for group in APART for name in group]] if tuned else APART
    workers = []
    for names in groups:
        setting = ["--tuned"] if tuned or "official" not in names else []
        workers.append(Worker("benchmarks.speed.forward", [*given, *setting, "--worker", *names]))
    times: dict[str, list[float]] = {}
    for _ in range(call.rounds):
        for worker in workers:
            for name, seconds in worker.ask().items():
                times.setdefault(name, []).append(seconds)
    for worker in workers:
        worker.close()
    return times


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--official-tsm", type=Path, help="folder of the official code; without it only ours is timed")
    made.add_argument("--trunk", type=Trunk, nargs="+", default=list(TRUNKS))
    made.add_argument("--batch", type=int, default=4)
    made.add_argument("--rounds", type=int, default=7)
    made.add_argument("--threads", type=int, default=torch.get_num_threads())
    made.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    made.add_argument("--worker", nargs="+", help="for its own use: sides to time")
    made.add_argument("--tuned", action="store_true", help="for its own use")
    call = made.parse_args()
    call.size, call.matrix = (32, 64) if call.dry else (256, 2048)
    if call.worker:
        work(call)
        return
    if call.dry:
        call.trunk, call.rounds, call.batch = [Trunk.RESNET18], 1, 1
    rows: list[list[Cell]] = []
    for trunk in call.trunk:
        columns: list[Cell] = []
        for tuned in (False, True):
            times = measure(call, trunk, tuned=tuned)
            peer = times.get("official")
            columns += [peer and ratio(peer, times[name]).cell for name in ("fp32", "bf16")]
        work_done, product = call.batch * clip_gflop(trunk, call.size), 2 * call.matrix**3 / 1e9
        shares = [
            100 * (work_done / mine) / (product / best)
            for mine, best in zip(times["bf16"], times["matmul bf16"], strict=True)
        ]
        rows.append([trunk.value, *columns, Spread.of(shares).cell])
    names = [f"{precision}, {setting}" for setting in ("as shipped", "tuned") for precision in ("fp32", "bf16")]
    columns_of = {"trunk": "", **dict.fromkeys(names, ".2f"), "% of the bf16 matrix product": ".0f"}
    report(call, columns_of, rows, note=f"{call.threads} threads, {call.rounds} rounds, batch {call.batch}.")


if __name__ == "__main__":
    main()
