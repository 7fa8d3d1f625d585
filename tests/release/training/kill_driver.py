"""Trains a head; the last argument is the save that is broken off by SIGKILL half way (0 = none)."""

from __future__ import annotations

import io
import os
import signal
import sys
from pathlib import Path
from typing import BinaryIO

import torch

from bineego.training import Recipe, RunOptions, train
from bineego.training.temporal import member

data, head, name, cache, broken = sys.argv[1:]
torch.set_num_threads(1)
torch_save, saves = torch.save, 0
member.LEAST_DRAWS = 4  # few steps: it is the moments between them that count


def save(content: object, stream: BinaryIO) -> None:
    global saves
    saves += 1
    if saves < int(broken) or not int(broken):
        torch_save(content, stream)
        return
    whole = io.BytesIO()
    torch_save(content, whole)
    stream.write(whole.getvalue()[: whole.tell() // 2])
    stream.flush()
    os.kill(os.getpid(), signal.SIGKILL)


torch.save = save  # type: ignore[assignment]
place = {"runs": Path("runs"), "device": "cpu", "jobs": 1, "resume": (Path("runs") / name).exists()}
if head == "temporal":
    train(data, name=name, head=head, epochs=3, features=Path(cache), **place)
else:
    recipe = Recipe(
        trunk="mobilenet_v2", init="random", size=16, frames=2, epochs=3, batch_size=4, workers=1, ema=0.9,
        save_minutes=1e-9,
    )  # fmt: skip
    train(data, name=name, recipe=recipe, options=RunOptions(cache=Path(cache), **place))
