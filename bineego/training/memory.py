"""What the first step of a training will need, before it is taken: shapes are followed through the network, no number
is computed."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor

from bineego import words
from bineego.errors import ResourceExhausted
from bineego.training.optimisation import Optimizer
from bineego.training.recipe import Recipe
from bineego.tsm.config import NetworkConfig
from bineego.tsm.network import TSM

log = logging.getLogger(__name__)

ROOM = 1.15
"""Factor for what is not counted: gradients on their way back, the allocator's gaps (measured: docs/performance.md)."""

CGROUPS = ((Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),)
MEMINFO = Path("/proc/meminfo")


def check_memory(config: NetworkConfig, recipe: Recipe, device: torch.device, world: int = 1) -> None:
    """Refuse a training whose first step cannot fit into the memory that is free.

    Raises:
        ResourceExhausted: with what it needs and what there is.
    """
    clips = -(-recipe.batch_size // (recipe.parts(world) * world))
    need, free = step_bytes(config, recipe, clips), free_bytes(device)
    if free is None:
        return
    step = f"a step of {words.many(clips, 'clip')}"
    log.info("memory: %s needs %s; %s is free", step, words.size(need), words.size(free))
    if need > free:
        smaller = max(16, recipe.size * 5 // 8)
        less = f"--accumulate {recipe.parts(world) * 2}, " if clips > 1 else ""
        raise ResourceExhausted(
            f"{step} of {recipe.frames} frames of {recipe.size} px needs {words.size(need)} of memory, "
            f"but only {words.size(free)} is free",
            remedy=f"try --size {smaller}, {less}a smaller --trunk, or --head temporal",
        )


def step_bytes(config: NetworkConfig, recipe: Recipe, clips: int) -> int:
    """Memory of a step: weights, their gradients, the optimiser's numbers, what the way back needs, and the clips."""
    with torch.device("meta"):
        network = TSM(config).train()
        side = int(recipe.size * (1.8 if recipe.keep_aspect else 1))
        frames = torch.empty(clips, recipe.frames, 3, recipe.size, side)
    weights = {id(p): p for p in network.parameters()}
    copies = 2 + (2 if recipe.optimizer is Optimizer.ADAMW else 1) + (1 if recipe.ema else 0)
    kept = _saved_bytes(network, frames, weights)
    own = sum(_bytes(p) for p in weights.values()) * copies
    return int((own + kept + 1.25 * _bytes(frames)) * ROOM)


def _saved_bytes(network: TSM, frames: Tensor, weights: Mapping[int, Tensor]) -> int:
    """Bytes of all tensors that the way back through the network will need, weights apart."""
    storages: dict[int, tuple[Tensor, int]] = {}  # with a tensor of each, so that no address is used twice

    def pack(tensor: Tensor) -> Tensor:
        if id(tensor) not in weights:
            storage = tensor.untyped_storage()
            storages.setdefault(storage._cdata, (tensor, storage.nbytes()))
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        scores = network(frames)
    del scores
    return sum(size for _, size in storages.values())


def _bytes(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()


def free_bytes(device: torch.device) -> int | None:
    """Memory that a process can still take on a device; None where nobody says."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    if device.type != "cpu":
        return None
    return min(_free_of_system(), default=None)


def _free_of_system() -> Iterator[int]:
    for line in MEMINFO.read_text().splitlines() if MEMINFO.is_file() else ():
        if line.startswith("MemAvailable:"):
            yield int(line.split()[1]) * 1024
    for limit, used in CGROUPS:
        if limit.is_file() and used.is_file() and (text := limit.read_text().strip()).isdecimal():
            yield max(0, int(text) - int(used.read_text()))
