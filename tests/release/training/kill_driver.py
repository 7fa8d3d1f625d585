"""Trains; argument 4 is the save that is broken off by SIGKILL half way (0 = none)."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import torch

from bineego.training import Recipe, RunOptions, train

data, name, cache, broken = sys.argv[1:]
torch.set_num_threads(1)
torch_save, saves = torch.save, 0


def save(content: object, path: Path) -> None:
    global saves
    saves += 1
    torch_save(content, path)
    if saves == int(broken):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        os.kill(os.getpid(), signal.SIGKILL)


torch.save = save  # type: ignore[assignment]
train(
    data,
    name=name,
    recipe=Recipe(
        trunk="mobilenet_v2", init="random", size=16, frames=2, epochs=3, batch_size=4, workers=1, ema=0.9,
        save_minutes=1e-9,
    ),
    options=RunOptions(cache=Path(cache), device="cpu", jobs=1, resume=(Path("runs") / name).exists()),
)  # fmt: skip
