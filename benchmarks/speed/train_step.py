"""A training step against the official TSM's, and how much of ours is spent waiting for clips.

    git clone https://github.com/mit-han-lab/temporal-shift-module /some/where
    python -m benchmarks.speed.train_step --official-tsm /some/where [--trunk resnet50 --batch 32 --device cuda]

Without `--official-tsm` only ours is measured. Three measurements in one process, on a generated data set:

- steps on ready batches, both sides in turn. A batch lies in host memory as its loader delivers it (ours: uint8
  pictures, the official one's: normalised floats; pinned where there is a GPU). A step is: copy to the device, forward,
  loss, backward, gradient clipped at 20, SGD with momentum. Ours is the program's own (`Loop.step`): two heads, a guard
  against numbers that are none, repeatable algorithms. The official one is that of its main.py: one head,
  cudnn.benchmark, `loss.item()` in each step, float32; where ours is bfloat16, it is timed under autocast too. On a CPU
  the allocator's setting that `train` makes holds for both sides.
- clips from the frame cache (JPEG, in the system's memory), read by worker processes while nothing is learnt, against
  what the steps take.
- both together: the share of the time in which a step waits for clips, the device being idle.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import itertools
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmarks.accuracy.official_tsm import official_network
from benchmarks.common import Cell, Spread, ask_in_turn, parser, ratio, report
from bineego.runs import RunFolder
from bineego.synth import write_dataset
from bineego.training.checkpoint import RunState
from bineego.training.clips import ClipBatch, Clips
from bineego.training.device import build_fabric
from bineego.training.loop import Loop
from bineego.training.options import Device, RunOptions
from bineego.training.prepare import gather, plan
from bineego.training.randomness import Purpose, generator
from bineego.training.recipe import Recipe
from bineego.training.repeatable import repeatable
from bineego.training.sampling import Draw, Sampler, expected_draws
from bineego.tsm.allocator import keep_memory
from bineego.tsm.config import Precision, Trunk
from bineego.tsm.device import choose_device
from bineego.tsm.network import TSM
from bineego.tsm.precision import training_precision
from bineego.tsm.preprocess import normalise

WARM_UP = 3  # steps of each side before its time is taken


@dataclasses.dataclass(frozen=True)
class Stepper:
    """One side of the comparison: `step` takes one step, under `settings`."""

    step: Callable[[], object]
    settings: Callable[[], AbstractContextManager[object]]


def build_loop(data: Path, work: Path, call: argparse.Namespace) -> Loop:
    """The training loop as `train` builds it, ready for its first step."""
    recipe = Recipe(
        trunk=call.trunk, init="random", size=call.size, batch_size=call.batch, workers=call.workers,
        precision=call.precision, compile=call.compile, split="none", head_lr=1.0,
        lr=1e-4,  # small: the same batch is learnt again and again
    )  # fmt: skip
    options = RunOptions(cache=work / "frames", device=call.device, jobs=1)
    chosen = plan(data, recipe, options)
    found = gather(chosen, recipe, options)
    recipe = dataclasses.replace(recipe, task=chosen.task)
    fabric = build_fabric(options, recipe.precision)
    fabric.launch()
    network = TSM(chosen.network_config(recipe))
    loop = Loop(
        fabric=fabric,
        network=network,
        recipe=recipe,
        task=chosen.task,
        clips=Clips(found.samples, found.cache, recipe, found.panoramas),
        sampler=Sampler(expected=expected_draws(found.samples.keys(chosen.task)), batch_size=call.batch, seed=0),
        folder=RunFolder(work / "run"),
        state=RunState(recipe={}, resolved={}, data="", network=network.state_dict(), optimiser={}),
    )
    network.train()
    return loop


def batches_of_draws(loop: Loop) -> Iterator[list[Draw]]:
    """Full batches of random intervals, without end: a training so long that its epochs' ends do not count."""
    n, size = len(loop.clips.samples), loop.recipe.batch_size
    draws = (
        Draw(int(sample), epoch)
        for epoch in itertools.count()
        for sample in generator(Purpose.ORDER, 0, epoch).permutation(n)
    )
    while True:
        yield list(itertools.islice(draws, size))


def ours(loop: Loop, batch: ClipBatch, draws: Sequence[Draw]) -> Stepper:
    """Our step on a batch that is there."""
    ready = itertools.repeat(batch)
    return Stepper(lambda: loop.step(draws, 0, ready), repeatable)


def official(folder: Path, loop: Loop, batch: ClipBatch, *, autocast: bool) -> Stepper:
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

    return Stepper(step, _official_settings)


def _as_loaded(tensor: Tensor, device: torch.device) -> Tensor:
    return tensor.pin_memory() if device.type == "cuda" else tensor


@contextlib.contextmanager
def _official_settings() -> Iterator[None]:
    before = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = True
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = before


def wait_for(device: torch.device) -> None:
    """Until the device has done all it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def timed_steps(sides: dict[str, Stepper], device: torch.device, call: argparse.Namespace) -> dict[str, list[float]]:
    """Wall seconds of a step by side, once for each round."""

    def seconds(side: Stepper, steps: int) -> float:
        with side.settings():
            wait_for(device)
            start = time.perf_counter()
            for _ in range(steps):
                side.step()
            wait_for(device)
            return (time.perf_counter() - start) / steps

    for side in sides.values():
        seconds(side, WARM_UP)
    return ask_in_turn({name: partial(seconds, side, call.steps) for name, side in sides.items()}, call.rounds)


def loader_rates(loop: Loop, call: argparse.Namespace) -> list[float]:
    """Clips per second that the workers read, once for each round, with nothing else to do."""
    skip = _in_flight(loop)
    loop.loader.start(itertools.islice(batches_of_draws(loop), skip + call.rounds * call.steps))
    for _ in range(skip):
        next(loop.loader)
    rates = []
    for _ in range(call.rounds):
        start = time.perf_counter()
        clips = sum(len(next(loop.loader).samples) for _ in range(call.steps))
        rates.append(clips / (time.perf_counter() - start))
    return rates


def waiting_shares(loop: Loop, call: argparse.Namespace) -> list[float]:
    """The share of a step with its loader that is spent waiting for clips, once for each round.

    The device is waited for after every step: what then passes until the next batch is there is time in which it idles.
    """
    steps, skip = call.steps, max(WARM_UP, _in_flight(loop))
    wanted = list(itertools.islice(batches_of_draws(loop), skip + call.rounds * steps))
    loop.loader.start(wanted)
    shares = []
    with repeatable():
        for number, draws in enumerate(wanted):
            if number >= skip and (number - skip) % steps == 0:
                start, loop.waited = time.perf_counter(), 0.0
            loop.step(draws, 0, loop.loader)
            wait_for(loop.fabric.device)
            if number >= skip and (number - skip) % steps == steps - 1:
                shares.append(loop.waited / (time.perf_counter() - start))
    return shares


def _in_flight(loop: Loop) -> int:
    """Batches that the workers have ready or under way: they were begun before the clock."""
    return 2 * loop.loader.workers + 1


def measure(loop: Loop, precision: Precision, call: argparse.Namespace) -> list[list[Cell]]:
    """All three measurements."""
    draws = next(batches_of_draws(loop))
    loop.loader.start([draws])
    batch = next(loop.loader)
    sides = {"ours": ours(loop, batch, draws)}
    if call.official_tsm is not None:
        sides["official, fp32"] = official(call.official_tsm, loop, batch, autocast=False)
        if precision is Precision.BF16:
            sides["official, autocast"] = official(call.official_tsm, loop, batch, autocast=True)
    times = timed_steps(sides, loop.fabric.device, call)
    step = Spread.of(times["ours"]).median
    clips = Spread.of([rate * step / call.batch for rate in loader_rates(loop, call)]).cell
    waiting = Spread.of([100 * share for share in waiting_shares(loop, call)]).cell
    what = f"{call.trunk}, {call.batch} clips of {call.size} px, {precision}"
    rows: list[list[Cell]] = [[what, "ours", 1e3 * step, None, clips, waiting]]
    for name in list(times)[1:]:
        rows.append(
            [what, name, 1e3 * Spread.of(times[name]).median, ratio(times[name], times["ours"]).cell, None, None]
        )
    return rows


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--official-tsm", type=Path, help="folder of the official code; without it only ours is timed")
    made.add_argument("--trunk", type=Trunk, default=Trunk.RESNET50)
    made.add_argument("--batch", type=int, default=32, help="clips of 8 frames")
    made.add_argument("--size", type=int, default=256, help="pixels")
    made.add_argument("--device", type=Device, default=Device.AUTO)
    made.add_argument("--precision", type=Precision, default=Precision.AUTO, help="of ours")
    made.add_argument("--compile", action="store_true", help="compile our network")
    made.add_argument("--workers", type=int, help="processes that read clips; default: as in training")
    made.add_argument("--rounds", type=int, default=7)
    made.add_argument("--steps", type=int, default=5, help="of each side in each round")
    call = made.parse_args()
    if call.dry:
        call.trunk, call.batch, call.size, call.rounds, call.steps = Trunk.RESNET18, 2, 32, 1, 1
    device = choose_device(call.device)
    if device.type == "cpu":
        keep_memory()
    with tempfile.TemporaryDirectory() as scratch:
        work, height = Path(scratch), max(32, call.size // 2 * 2)
        seconds = 4.0 if call.dry else 10.0
        data = write_dataset(work / "data", recordings=4, seconds=seconds, size=(2 * height, height), jobs=1)
        with contextlib.closing((loop := build_loop(data, work, call)).loader):
            rows = measure(loop, training_precision(call.precision, device), call)
    columns = {"what": "", "side": "", "ms a step": ".0f", "ours is times as fast": ".2f",
               "clips from the cache, times the steps'": ".0f", "% waiting for clips": ".1f"}  # fmt: skip
    report(call, columns, rows, note=f"{torch.get_num_threads()} threads, {call.rounds} rounds of {call.steps} steps.")


if __name__ == "__main__":
    main()
