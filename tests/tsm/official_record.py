"""Weights and clips that follow a formula of integers, and the official TSM's logits of them, recorded: the pair needs
no weights file, and the tests hold our forward against it without the official code.

    git clone https://github.com/mit-han-lab/temporal-shift-module /some/where
    PYTHONPATH=.:tests python tests/tsm/official_record.py /some/where      # writes data/official_tsm.npz anew
"""

from __future__ import annotations

import sys
import zlib
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.accuracy.official_tsm import N_CLIPS, N_FRAMES, OFFICIAL, official_logits, official_network
from bineego.tsm.state_file import trunk_names

SIZE = 64
RECORD = Path(__file__).parent / "data" / "official_tsm.npz"


def formula(name: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Numbers in [0, 1) that depend on the name and the position only: the same on every machine, for ever."""
    x = np.arange(int(np.prod(shape)), dtype=np.uint64) + np.uint64(zlib.crc32(name.encode()))
    for multiplier in (0x7FEB352D, 0x846CA68B):  # a mixing function on 32 bits
        x = ((x ^ (x >> np.uint64(16))) * np.uint64(multiplier)) & np.uint64(0xFFFFFFFF)
    return ((x ^ (x >> np.uint64(16))) >> np.uint64(8)).astype(np.float64).reshape(shape) / 2**24


def formula_weight(name: str, like: Tensor) -> Tensor:
    """A weight of a size that keeps activations moderate through 33 residual blocks."""
    u = formula(name, tuple(like.shape))
    if name.endswith("num_batches_tracked"):
        return torch.tensor(0)
    if like.ndim == 4:
        u = (2 * u - 1) * np.sqrt(6.0 / np.prod(like.shape[1:]))
    elif name.endswith("running_var"):
        u = 0.5 + u
    elif like.ndim == 1 and name.endswith("weight"):
        u = 0.25 + 0.5 * u
    elif like.ndim == 2:
        u = (2 * u - 1) / 10
    else:
        u = (u - 0.5) / 5
    return torch.from_numpy(np.ascontiguousarray(u)).to(like.dtype)


def formula_clips() -> Tensor:
    """Input of the recorded pairs, (N_CLIPS, N_FRAMES, 3, SIZE, SIZE)."""
    return torch.from_numpy(4 * formula("clips", (N_CLIPS, N_FRAMES, 3, SIZE, SIZE)) - 2).float()


def record(folder: Path) -> None:
    """Store the official logits for weights and clips by formula, all trunks."""
    logits: dict[str, NDArray[np.float32]] = {}
    for trunk in OFFICIAL:
        official = official_network(folder, trunk, N_FRAMES)
        state = official.state_dict()
        names = {name: f"trunk.{ours}" for name, ours in trunk_names(state).items()}
        names |= {"new_fc.weight": "action_head.weight", "new_fc.bias": "action_head.bias"}
        official.load_state_dict({name: formula_weight(names[name], tensor) for name, tensor in state.items()})
        logits[trunk.value] = official_logits(official, formula_clips()).numpy()
    np.savez_compressed(RECORD, **logits)


if __name__ == "__main__":
    record(Path(sys.argv[1]))
