"""EfficientNet-Lite0's features on this machine's CPU: PyTorch plain, folded, folded and fused, and OpenVINO.

    python -m benchmarks.speed.lite0_engines [--size 128 160 --batch 16 --rounds 7]

All engines start from the same uint8 frames and give the final features and the coarse maps of the last layer but some;
one thread each, taking turns; CPU seconds. OpenVINO takes part where it is installed.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.common import Cell, Spread, parser, ratio, report, take_turns
from bineego.tsm.allocator import keep_memory
from bineego.tsm.config import NetworkConfig, Trunk
from bineego.tsm.feature_network import GRID
from bineego.tsm.folded_trunk import FoldedTrunk
from bineego.tsm.network import TSM
from bineego.tsm.weights import init_trunk

Engine = Callable[[], tuple[NDArray[np.float32], NDArray[np.float32]]]
N_FINE = 11
"""Blocks before the picture shrinks a last time."""


class Plain(nn.Module):
    """The trunk as it is trained, from pixels to both features."""

    def __init__(self, trunk: Any) -> None:
        super().__init__()
        self.trunk = trunk

    def forward(self, frames_BHWC: Tensor) -> tuple[Tensor, Tensor]:
        """Final features and coarse maps."""
        mean, deviation = (torch.tensor(values) for values in self.trunk.pixels)
        x = self.trunk.conv_stem(((frames_BHWC.float() - mean) / deviation).permute(0, 3, 1, 2))
        for number, block in enumerate(self.trunk.blocks):
            x = block(x, 1)
            if number == N_FINE - 1:
                middle = x
        return self.trunk.conv_last(x).mean((2, 3)), functional.adaptive_avg_pool2d(middle, GRID).flatten(1)


def engines(size: int, batch: int) -> dict[str, Engine]:
    """All that are here, by name."""
    network = TSM(NetworkConfig(trunk=Trunk.EFFICIENTNET_LITE0, n_classes=2, shift=False)).eval()
    init_trunk(network, "imagenet")
    frames = torch.randint(0, 256, (batch, size, size, 3), dtype=torch.uint8)

    def plain(layout: torch.memory_format) -> Engine:
        module = Plain(network.trunk).to(memory_format=layout).eval()

        @torch.inference_mode()
        def run() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
            final, middle = module(frames)
            return final.numpy(), middle.numpy()

        return run

    def folded(fused: bool) -> Engine:
        trunk = FoldedTrunk(network.trunk, dtype=torch.float32, device=torch.device("cpu"), fused=fused)

        @torch.inference_mode()
        def run() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
            middle, last = trunk.maps(frames[:, None])
            return last.mean((2, 3)).numpy(), functional.adaptive_avg_pool2d(middle, GRID).flatten(1).numpy()

        return run

    found = {
        "PyTorch": plain(torch.contiguous_format),
        "PyTorch, channels last": plain(torch.channels_last),
        "folded": folded(False),
        "folded and fused": folded(True),
    }
    if importlib.util.find_spec("openvino"):
        found["OpenVINO"] = _openvino(Plain(network.trunk).eval(), frames)
    return found


def _openvino(module: nn.Module, frames: Tensor) -> Engine:
    openvino = importlib.import_module("openvino")

    model = openvino.convert_model(module, example_input=frames, input=[tuple(frames.shape)])
    hints = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(model, "CPU", hints)

    def run() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        answer = compiled(frames.numpy())
        return answer[0], answer[1]

    return run


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--size", type=int, nargs="+", default=[128, 160])
    made.add_argument("--batch", type=int, default=16)
    made.add_argument("--rounds", type=int, default=7)
    call = made.parse_args()
    if call.dry:
        call.size, call.batch, call.rounds = [32], 2, 1
    keep_memory()
    torch.set_num_threads(1)
    rows: list[list[Cell]] = []
    for size in call.size:
        sides = engines(size, call.batch)
        wanted = sides["PyTorch"]()
        times = take_turns(sides, call.rounds, warm_up=3)
        for name, run in sides.items():
            difference = max(float(np.abs(a - b).max()) for a, b in zip(run(), wanted, strict=True))
            rate = call.batch / Spread.of(times[name]).median
            rows.append([f"{size} x {size}", name, rate, ratio(times["PyTorch"], times[name]).cell, difference])
    columns = {"frames": "", "engine": "", "frames/s": ".0f", "times plain PyTorch": ".2f", "largest difference": ".0e"}
    report(call, columns, rows, note=f"{call.batch} frames a call, one thread, {call.rounds} rounds.")


if __name__ == "__main__":
    main()
