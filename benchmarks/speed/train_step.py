"""A training step against the official TSM's, and how much of ours is spent waiting for clips.

    git clone https://github.com/mit-han-lab/temporal-shift-module /some/where
    python -m benchmarks.speed.train_step --official-tsm /some/where [--trunk resnet50 --batch 32 --device cuda]

Three measurements in one process, on a generated data set:

- steps on ready batches, both sides in turn, from the copy to the device to SGD with momentum. Batches lie in host
  memory as the loaders deliver them (ours: uint8 pictures, the official one's: normalised floats). Ours is `Loop.step`:
  two heads, a guard against numbers that are none, repeatable algorithms. The official one is that of its main.py: one
  head, cudnn.benchmark, `loss.item()` in each step, float32; where ours is bfloat16, it is timed under autocast too. On
  a CPU the allocator's setting that `train` makes holds for both sides.
- clips from the frame cache, read by worker processes while nothing is learnt, against what the steps take.
- both together: the share of the time in which a step waits for clips, the device being idle.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.backends import cudnn

from benchmarks.accuracy.official_tsm import official_network
from benchmarks.common import Cell, Side, asked, in_turn, parser, ratio, report, spread
from bineego.runs import RunFolder
from bineego.synth import write_dataset
from bineego.training.clips import ClipBatch, Clips
from bineego.training.device import build_fabric
from bineego.training.loop import Loop
from bineego.training.options import Device, RunOptions
from bineego.training.prepare import gather, plan
from bineego.training.recipe import Recipe
from bineego.training.repeatable import repeatable
from bineego.training.sampling import Draw, Sampler
from bineego.training.start import first_state, in_use, new_network
from bineego.tsm.allocator import keep_memory
from bineego.tsm.config import Precision, Trunk
from bineego.tsm.precision import training_precision
from bineego.tsm.preprocess import normalise
from bineego.tsm.weights import init_trunk


def build_loop(data: Path, work: Path, call: argparse.Namespace) -> Loop:
    """The training loop as `train` builds it, ready for its first step."""
    recipe = Recipe(
        trunk=call.trunk, init="random", size=call.size, batch_size=call.batch, precision=call.precision, split="none",
        accumulate=1, lr=1e-4,  # small: the same batch is learnt again and again
    )  # fmt: skip
    options = RunOptions(cache=work / "frames", device=call.device, jobs=1)
    chosen = plan(data, recipe, options)
    material = gather(chosen, recipe, options)
    fabric = build_fabric(options, recipe.precision)
    fabric.launch()
    network = new_network(chosen, recipe)
    state = first_state(network, recipe, chosen.task, init_trunk(network, recipe.init))
    recipe = in_use(recipe, chosen.task, state)
    network.train()
    clips = Clips(material.samples, material.cache, recipe, material.panoramas)
    sampler = Sampler.of(material.samples.keys(chosen.task), recipe)
    return Loop(
        fabric=fabric, network=network, recipe=recipe, task=chosen.task, clips=clips, sampler=sampler,
        folder=RunFolder(work / "run"), state=state,
    )  # fmt: skip


def batches_of_draws(loop: Loop) -> Iterator[list[Draw]]:
    """Full batches, without end: a training so long that its epochs' ends do not count."""
    draws = (draw for epoch in itertools.count() for part in loop.sampler.batches(epoch) for draw in part)
    while True:
        yield list(itertools.islice(draws, loop.recipe.batch_size))


def official_step(folder: Path, loop: Loop, batch: ClipBatch, *, autocast: bool) -> Callable[[], None]:
    """The official step on the same clips."""
    device, recipe = loop.fabric.device, loop.recipe
    n_classes = loop.network.config.n_classes
    network = official_network(folder, Trunk(recipe.trunk), recipe.frames, n_classes, training=True).to(device)
    optimiser = torch.optim.SGD(network.parameters(), 1e-4, momentum=recipe.momentum, weight_decay=recipe.weight_decay)
    criterion = nn.CrossEntropyLoss().to(device)
    pictures = _as_loaded(normalise(batch.frames).contiguous().flatten(1, 2), device)
    targets = _as_loaded(batch.actions.clamp_min(0), device)

    def step() -> None:
        inputs, wanted = pictures.to(device, non_blocking=True), targets.to(device, non_blocking=True)
        with torch.autocast(device.type, torch.bfloat16, enabled=autocast):
            loss = criterion(network(inputs), wanted)
        loss.item()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), recipe.clip_grad)
        optimiser.step()
        optimiser.zero_grad()

    return step


def _as_loaded(tensor: Tensor, device: torch.device) -> Tensor:
    return tensor.pin_memory() if device.type == "cuda" else tensor


def wait_for(device: torch.device) -> None:
    """Until the device has done all it was given."""
    if device.type != "cpu":
        torch.accelerator.synchronize()


def seconds(
    step: Callable[[], None], settings: Callable[[], AbstractContextManager[object]], steps: int, device: torch.device
) -> float:
    """Of one step, in the mean of several."""
    with settings():
        wait_for(device)
        start = time.perf_counter()
        for _ in range(steps):
            step()
        wait_for(device)
        return (time.perf_counter() - start) / steps


def under_way(loop: Loop, call: argparse.Namespace, use: Callable[[list[Draw]], object]) -> Iterator[float]:
    """Seconds of each round in which `use` takes batches from the loader, whose workers have been at work for a while:
    what they had ready before the clock is used up."""
    skip = max(3, 2 * loop.loader.workers + 1)
    wanted = list(itertools.islice(batches_of_draws(loop), skip + call.rounds * call.steps))
    loop.loader.start(wanted)
    batches = iter(wanted)
    for draws in itertools.islice(batches, skip):
        use(draws)
    for _ in range(call.rounds):
        start, loop.waited = time.perf_counter(), 0.0
        for draws in itertools.islice(batches, call.steps):
            use(draws)
        yield time.perf_counter() - start


def measure(loop: Loop, call: argparse.Namespace) -> list[list[Cell]]:
    """All three measurements."""
    device, draws = loop.fabric.device, next(batches_of_draws(loop))
    precision = training_precision(call.precision, device)
    if device.type == "cpu":
        keep_memory()
    loop.loader.start([draws])
    batch = next(loop.loader)
    ready = itertools.repeat(batch)
    sides: dict[str, Side] = {
        "ours": partial(seconds, lambda: loop.step(draws, 0, ready), repeatable, call.steps, device)
    }
    ways = {"official, fp32": False} | ({"official, autocast": True} if precision is Precision.BF16 else {})
    for name, autocast in ways.items() if call.official_tsm is not None else ():
        step = official_step(call.official_tsm, loop, batch, autocast=autocast)
        sides[name] = partial(seconds, step, partial(cudnn.flags, enabled=True, benchmark=True), call.steps, device)
    times = in_turn(sides, call.rounds, warm_up=1)
    ours = statistics.median(times["ours"])

    def learn(draws: list[Draw]) -> None:
        loop.step(draws, 0, loop.loader)
        wait_for(device)  # what then passes until the next batch is there is time in which the device idles

    reading = [call.steps * ours / took for took in under_way(loop, call, lambda _: next(loop.loader))]
    with repeatable():
        waiting = [100 * loop.waited / took for took in under_way(loop, call, learn)]
    what = f"{call.trunk}, {call.batch} clips of {call.size} px, {precision}"
    rows: list[list[Cell]] = [[what, "ours", 1e3 * ours, None, spread(reading), spread(waiting)]]
    for name in list(times)[1:]:
        rows.append([what, name, 1e3 * statistics.median(times[name]), ratio(times[name], times["ours"]), None, None])
    return rows


def main() -> None:
    made = parser(__doc__, rounds=7)
    made.add_argument("--official-tsm", type=Path, help="folder of the official code; without it only ours is timed")
    made.add_argument("--trunk", type=Trunk, default=Trunk.RESNET50)
    made.add_argument("--batch", type=int, default=32, help="clips of 8 frames")
    made.add_argument("--size", type=int, default=256, help="pixels")
    made.add_argument("--device", type=Device, default=Device.AUTO)
    made.add_argument("--precision", type=Precision, default=Precision.AUTO, help="of ours")
    made.add_argument("--steps", type=int, default=5, help="of each side in each round")
    made.set_defaults(length=10.0)
    call = asked(made, trunk=Trunk.RESNET18, batch=2, size=32, steps=1, length=4.0)
    with tempfile.TemporaryDirectory() as scratch:
        work, height = Path(scratch), max(32, call.size // 2 * 2)
        data = write_dataset(work / "data", recordings=4, seconds=call.length, size=(2 * height, height), jobs=1)
        loop = build_loop(data, work, call)
        with contextlib.closing(loop.loader):
            rows = measure(loop, call)
    columns = {"what": "", "side": "", "ms a step": ".0f", "ours is times as fast": ".2f",
               "clips from the cache, times the steps'": ".0f", "% waiting for clips": ".1f"}  # fmt: skip
    report(call, columns, rows, note=f"{torch.get_num_threads()} threads, {call.rounds} rounds of {call.steps} steps.")


if __name__ == "__main__":
    main()
