"""The network's forward on this machine's CPU against the official TSM implementation in float32, same weights.

    git clone https://github.com/mit-han-lab/temporal-shift-module /some/where
    python -m benchmarks.speed.forward --official-tsm /some/where [--trunk resnet50 --batch 4 --rounds 5]

Prints two comparisons, each in a process of its own because the allocator's setting cannot be taken back:
- "as shipped": the official code under the C library's defaults; ours with the setting it makes for itself. The two
  take turns, each in its own process.
- "both tuned": the setting on both sides, in one process, taking turns.
Pictures are 256x256, 8 frames a clip. Ours starts from uint8 frames, the official code from normalised ones. The
machine's matrix products (2048 x 2048) are measured between the rounds, and our rate is given as a share of them.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from benchmarks.accuracy.official_tsm import official_network
from bineego.tsm.allocator import keep_memory
from bineego.tsm.config import NetworkConfig, Precision, Trunk
from bineego.tsm.inference_network import compile_network
from bineego.tsm.network import TSM
from bineego.tsm.preprocess import normalise
from bineego.tsm.state_file import trunk_names

N_FRAMES, SIZE, N_CLASSES, N_SCENES = 8, 256, 39, 28
MATRIX = 2048
TARGETS = {
    ("as shipped", "fp32"): 2.4,
    ("as shipped", "bf16"): 4.5,
    ("both tuned", "fp32"): 1.2,
    ("both tuned", "bf16"): 2.2,
}
TARGET_SHARE = 0.8  # of the bf16 matrix-product rate


@dataclasses.dataclass
class Sides:
    """What is timed, by name; each runs one batch."""

    runs: dict[str, Callable[[], object]]
    gflop: float


def build(folder: Path, trunk: Trunk, batch: int, names: list[str]) -> Sides:
    """The networks of `names`, with the same weights."""
    torch.manual_seed(0)
    official = official_network(folder, trunk, N_FRAMES, N_CLASSES)
    network = TSM(NetworkConfig(trunk=trunk, n_classes=N_CLASSES, n_scenes=N_SCENES)).eval()
    state = official.state_dict()
    ours = {new: state[name] for name, new in trunk_names(state).items()}
    network.trunk.load_state_dict({name: ours[name] for name in network.trunk.state_dict()})
    frames = torch.randint(0, 256, (batch, N_FRAMES, SIZE, SIZE, 3), dtype=torch.uint8)
    pictures = normalise(frames).contiguous().flatten(1, 2)
    runs: dict[str, Callable[[], object]] = {"official": lambda: official(pictures)}
    for precision in (Precision.FP32, Precision.BF16):
        if precision.value in names:
            ready = compile_network(network, precision=precision)
            runs[precision.value] = functools.partial(ready, frames)
    for name in [name for name in runs if name not in names]:
        del runs[name]
    for size, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        if f"matmul {size}" in names:
            a, b = torch.randn(2, MATRIX, MATRIX).to(dtype)
            runs[f"matmul {size}"] = functools.partial(torch.matmul, a, b)
    return Sides(runs, batch * clip_gflop(network))


def clip_gflop(network: TSM) -> float:
    """Multiplications and additions of one clip, in 1e9, counted by PyTorch."""
    from torch.utils.flop_counter import FlopCounterMode

    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, N_FRAMES, 3, SIZE, SIZE))
    return float(counter.get_total_flops()) / 1e9


def work(args: argparse.Namespace) -> None:
    """A worker process: builds its sides, then times one round for every line it reads."""
    if args.tuned:
        keep_memory()
    torch.set_num_threads(args.threads)
    sides = build(args.official_tsm, args.trunk, args.batch, args.worker.split(","))
    with torch.inference_mode():
        for run in sides.runs.values():
            for _ in range(2):
                run()
        print(json.dumps({"gflop": sides.gflop}), flush=True)
        for _ in sys.stdin:
            times = {}
            for name, run in sides.runs.items():
                repeats = 5 if "matmul" in name else 1
                start = time.perf_counter()
                for _ in range(repeats):
                    run()
                times[name] = (time.perf_counter() - start) / repeats
            print(json.dumps(times), flush=True)


class Worker:
    """A process that times what it is told to, when it is told to."""

    def __init__(self, args: argparse.Namespace, names: list[str], *, tuned: bool) -> None:
        command = [
            sys.executable, "-m", __spec__.name, "--official-tsm", str(args.official_tsm), "--trunk", args.trunk,
            "--batch", str(args.batch), "--threads", str(args.threads), "--worker", ",".join(names),
            *(["--tuned"] if tuned else []),
        ]  # fmt: skip
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.gflop = self._read()["gflop"]

    def _read(self) -> dict[str, float]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("a worker process failed; its message is above")
        found: dict[str, float] = json.loads(line)
        return found

    def round(self) -> dict[str, float]:
        """Seconds of each side, once."""
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return self._read()

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def compare(args: argparse.Namespace, title: str) -> bool:
    """One table; True if the targets are met."""
    rates = ["matmul fp32", "matmul bf16"]
    if title == "as shipped":
        workers = [
            Worker(args, ["official"], tuned=False),
            Worker(args, ["fp32"], tuned=True),
            Worker(args, ["bf16"], tuned=True),
            Worker(args, rates, tuned=True),
        ]
    else:
        workers = [Worker(args, ["official", "fp32", "bf16", *rates], tuned=True)]
    times: dict[str, list[float]] = {}
    for _ in range(args.rounds):
        for worker in workers:
            for name, seconds in worker.round().items():
                times.setdefault(name, []).append(seconds)
    gflop = workers[0].gflop
    for worker in workers:
        worker.close()
    peak = {name: 2 * MATRIX**3 / 1e9 / statistics.median(times[name]) for name in rates}
    print(f"\n{title}: {args.trunk}, batch {args.batch}, {gflop / args.batch:.1f} GFLOP a clip, {args.rounds} rounds")
    print(f"  matrix products: fp32 {peak['matmul fp32']:.0f}, bf16 {peak['matmul bf16']:.0f} GFLOP/s")
    met = True
    for name in ("official", "fp32", "bf16"):
        each = times[name]
        median = statistics.median(each)
        # Each round's own ratio: what slows the machine slows both sides of it.
        ratios = [theirs / ours for theirs, ours in zip(times["official"], each, strict=True)]
        ratio, rate = statistics.median(ratios), gflop / median
        share = rate / peak["matmul bf16" if name == "bf16" else "matmul fp32"]
        line = f"  {name:8} {median * 1e3:8.0f} ms ({min(each) * 1e3:.0f}-{max(each) * 1e3:.0f})  {ratio:5.2f}x"
        line += f" ({min(ratios):.2f}-{max(ratios):.2f})  {rate:5.0f} GFLOP/s = {share:.0%} of the matrix product"
        target = TARGETS.get((title, name)) if args.trunk == Trunk.RESNET50 and args.batch == 4 else None
        if target is not None:
            met &= ratio >= target
            line += f"  target {target}x: {'met' if ratio >= target else 'MISSED'}"
        if target is not None and name == "bf16":
            met &= share >= TARGET_SHARE
            line += f", {TARGET_SHARE:.0%} of the matrix product: {'met' if share >= TARGET_SHARE else 'MISSED'}"
        print(line, flush=True)
    return met


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--official-tsm", type=Path, required=True, help="folder of the official code")
    parser.add_argument("--trunk", type=Trunk, action="append", help="default: resnet50 and both ResNeXt-101")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--tuned", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    trunks = args.trunk or [Trunk.RESNET50, Trunk.RESNEXT101_32X8D, Trunk.RESNEXT101_64X4D]
    if args.worker:
        args.trunk = trunks[0]
        work(args)
        return 0
    libc = " ".join(platform.libc_ver())
    print(f"torch {torch.__version__}, {args.threads} threads, {torch.backends.cpu.get_cpu_capability()}, {libc}")
    met = True
    for args.trunk in trunks:
        for title in ("as shipped", "both tuned"):
            met &= compare(args, title)
    print("\nall targets met" if met else "\nNOT all targets met")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
