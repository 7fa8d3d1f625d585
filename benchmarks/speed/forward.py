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
import contextlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.accuracy.official_tsm import official_network
from benchmarks.common import Cell, Runs, Side, asked, elsewhere, in_turn, own_process, parser, ratio, report
from bineego.tsm.allocator import keep_memory
from bineego.tsm.config import NetworkConfig, Precision, Trunk
from bineego.tsm.inference_network import compile_network
from bineego.tsm.network import TSM
from bineego.tsm.preprocess import normalise
from bineego.tsm.state_file import trunk_names

N_FRAMES, N_CLASSES, N_SCENES = 8, 39, 28
TRUNKS = [Trunk.RESNET50, Trunk.RESNEXT101_32X8D, Trunk.RESNEXT101_64X4D]
OFFICIAL, OURS = "official", (Precision.FP32, Precision.BF16)
PRODUCTS = {"matmul fp32": torch.float32, "matmul bf16": torch.bfloat16}
REPEATS = 5  # of a product in a round


def config_of(trunk: Trunk) -> NetworkConfig:
    return NetworkConfig(trunk=trunk, n_classes=N_CLASSES, n_scenes=N_SCENES, n_frames=N_FRAMES)


def clip_gflop(trunk: Trunk, size: int) -> float:
    """Multiplications and additions of one clip, in 1e9, counted by PyTorch without computing anything."""
    with torch.device("meta"):
        network, clip = TSM(config_of(trunk)).eval(), torch.zeros(1, N_FRAMES, 3, size, size)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(clip)
    return float(counter.get_total_flops()) / 1e9


def build(call: argparse.Namespace, trunk: Trunk, *, tuned: bool) -> Runs:
    """All that is timed, with the same weights."""
    if tuned:
        keep_memory()
    torch.set_num_threads(call.threads)
    torch.manual_seed(0)
    frames = torch.randint(0, 256, (call.batch, N_FRAMES, call.size, call.size, 3), dtype=torch.uint8)
    network = TSM(config_of(trunk)).eval()
    runs: dict[str, Callable[[], object]] = {}
    if call.official_tsm is not None:
        official = official_network(call.official_tsm, trunk, N_FRAMES, N_CLASSES).to(call.device)
        state = official.state_dict()
        ours = {new: state[name] for name, new in trunk_names(state).items()}
        network.trunk.load_state_dict({name: ours[name] for name in network.trunk.state_dict()})
        runs[OFFICIAL] = partial(official, normalise(frames).contiguous().flatten(1, 2).to(call.device))
    for precision in OURS:
        runs[precision] = partial(compile_network(network, precision=precision, device=call.device), frames)
    for name, dtype in PRODUCTS.items():
        runs[name] = partial(torch.matmul, *torch.randn(2, call.matrix, call.matrix, device=call.device).to(dtype))
    repeats = {name: REPEATS if name in PRODUCTS else 1 for name in runs}
    return {name: partial(again, run, repeats[name], call.device) for name, run in runs.items()}


def again(run: Callable[[], object], repeats: int, device: str) -> None:
    """Run something to its end, several times."""
    with torch.inference_mode():
        for _ in range(repeats):
            run()
    if device == "cuda":
        torch.cuda.synchronize()


def measure(call: argparse.Namespace, trunk: Trunk, *, tuned: bool) -> dict[str, list[float]]:
    """Seconds of every side in every round; the products' too where all is tuned alike."""
    peer = [OFFICIAL] * (call.official_tsm is not None)
    groups = [[*peer, *OURS, *PRODUCTS]] if tuned else [[name] for name in (*peer, *OURS)]
    sides: dict[str, Side] = {}
    with contextlib.ExitStack() as stack:
        for group in groups:
            own = stack.enter_context(own_process(partial(build, call, trunk, tuned=tuned or group != peer)))
            sides |= {name: elsewhere(own, name) for name in group}
        return in_turn(sides, call.rounds, warm_up=2)


def main() -> None:
    made = parser(__doc__, rounds=7)
    made.add_argument("--official-tsm", type=Path, help="folder of the official code; without it only ours is timed")
    made.add_argument("--trunk", type=Trunk, nargs="+", default=TRUNKS)
    made.add_argument("--batch", type=int, default=4)
    made.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    made.set_defaults(threads=torch.get_num_threads(), size=256, matrix=2048)
    call = asked(made, trunk=[Trunk.RESNET18], batch=1, size=32, matrix=64)
    rows: list[list[Cell]] = []
    for trunk in call.trunk:
        row: list[Cell] = []
        for tuned in (False, True):
            times = measure(call, trunk, tuned=tuned)
            peer = times.get(OFFICIAL)
            row += [peer and ratio(peer, times[precision]) for precision in OURS]
        share = 100 * call.batch * clip_gflop(trunk, call.size) / (REPEATS * 2 * call.matrix**3 / 1e9)
        rows.append([trunk.value, *row, ratio([share * product for product in times["matmul bf16"]], times["bf16"])])
    names = [f"{precision}, {setting}" for setting in ("as shipped", "tuned") for precision in OURS]
    columns = {"trunk": "", **dict.fromkeys(names, ".2f"), "% of the bf16 matrix product": ".0f"}
    report(call, columns, rows, note=f"{call.threads} threads, {call.rounds} rounds, batch {call.batch}.")


if __name__ == "__main__":
    main()
