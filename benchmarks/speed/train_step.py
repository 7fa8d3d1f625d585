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

Ratios are those of each round, median (smallest-largest): what slows the machine slows all sides of a round.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmarks.accuracy.official_tsm import official_network
from bineego.runs import RunFolder
from bineego.synth import write_dataset
from bineego.training.checkpoint import RunState
from bineego.training.clips import ClipBatch, Clips
from bineego.training.device import build_fabric, repeatable
from bineego.training.loop import Loop
from bineego.training.options import Device, RunOptions
from bineego.training.prepare import gather, plan
from bineego.training.randomness import Purpose, generator
from bineego.training.recipe import Recipe
from bineego.training.sampling import Draw, Sampler, expected_draws
from bineego.tsm.allocator import keep_memory
from bineego.tsm.config import Precision, Trunk
from bineego.tsm.device import choose_device
from bineego.tsm.network import TSM
from bineego.tsm.precision import training_precision
from bineego.tsm.preprocess import normalise

RECORDINGS, SECONDS = 4, 10.0
WARM_UP = 3  # steps of each side before its time is taken
TARGET_WAITING = 0.05


@dataclasses.dataclass(frozen=True)
class Side:
    """One side of the comparison: `step` takes one step, under `settings`."""

    step: Callable[[], object]
    settings: Callable[[], AbstractContextManager[object]]


def build_loop(data: Path, work: Path, args: argparse.Namespace) -> Loop:
    """The training loop as `train` builds it, ready for its first step."""
    recipe = Recipe(
        trunk=args.trunk,
        init="random",
        size=args.size,
        batch_size=args.batch,
        lr=1e-4,  # small: the same batch is learnt again and again
        head_lr=1.0,
        workers=args.workers,
        precision=args.precision,
        compile=args.compile,
        split="none",
    )
    options = RunOptions(cache=work / "frames", device=args.device, jobs=1)
    chosen = plan(data, recipe, options)
    found = gather(chosen, recipe, options)
    recipe = dataclasses.replace(recipe, task=chosen.task)
    fabric = build_fabric(options, recipe.precision)
    fabric.launch()
    network = TSM(chosen.network_config(recipe))
    state = RunState(recipe={}, resolved={}, data="", network=network.state_dict(), optimiser={})
    loop = Loop(
        fabric=fabric,
        network=network,
        recipe=recipe,
        task=chosen.task,
        clips=Clips(found.samples, found.cache, recipe, found.panoramas),
        sampler=Sampler(expected=expected_draws(found.samples.keys(chosen.task)), batch_size=args.batch, seed=0),
        folder=RunFolder(work / "run"),
        state=state,
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


def our_side(loop: Loop, batch: ClipBatch, draws: Sequence[Draw]) -> Side:
    """Our step on a batch that is there."""
    ready = itertools.repeat(batch)
    return Side(lambda: loop.step(draws, 0, ready), repeatable)


def official_side(folder: Path, loop: Loop, batch: ClipBatch, *, autocast: bool) -> Side:
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

    return Side(step, _official_settings)


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


def timed_rounds(sides: dict[str, Side], device: torch.device, rounds: int, steps: int) -> dict[str, list[float]]:
    """Seconds of a step by side, once for each round."""
    times: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name, side in sides.items():
            with side.settings():
                wait_for(device)
                start = time.perf_counter()
                n = WARM_UP if number == 0 else steps
                for _ in range(n):
                    side.step()
                wait_for(device)
                if number:
                    times[name].append((time.perf_counter() - start) / n)
    return times


def loader_rates(loop: Loop, rounds: int, steps: int) -> list[float]:
    """Clips per second that the workers read, once for each round, with nothing else to do."""
    skip = _in_flight(loop)
    loop.loader.start(itertools.islice(batches_of_draws(loop), skip + rounds * steps))
    for _ in range(skip):
        next(loop.loader)
    rates = []
    for _ in range(rounds):
        start = time.perf_counter()
        clips = sum(len(next(loop.loader).samples) for _ in range(steps))
        rates.append(clips / (time.perf_counter() - start))
    return rates


def together(loop: Loop, rounds: int, steps: int) -> tuple[list[float], list[float]]:
    """Seconds of a step with its loader, and the share of them spent waiting for clips, once for each round.

    The device is waited for after every step: what then passes until the next batch is there is time in which it idles.
    """
    skip = max(WARM_UP, _in_flight(loop))
    wanted = list(itertools.islice(batches_of_draws(loop), skip + rounds * steps))
    loop.loader.start(wanted)
    seconds, shares = [], []
    with repeatable():
        for number, draws in enumerate(wanted):
            if number >= skip and (number - skip) % steps == 0:
                start, loop.waited = time.perf_counter(), 0.0
            loop.step(draws, 0, loop.loader)
            wait_for(loop.fabric.device)
            if number >= skip and (number - skip) % steps == steps - 1:
                passed = time.perf_counter() - start
                seconds.append(passed / steps)
                shares.append(loop.waited / passed)
    return seconds, shares


def _in_flight(loop: Loop) -> int:
    """Batches that the workers have ready or under way: they were begun before the clock."""
    return 2 * loop.loader.workers + 1


def spread(values: Sequence[float], form: str) -> str:
    """Median (smallest-largest)."""
    return f"{statistics.median(values):{form}} ({min(values):{form}}-{max(values):{form}})"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--official-tsm", type=Path, help="folder of the official code; without it only ours is measured"
    )
    parser.add_argument("--trunk", type=Trunk, default=Trunk.RESNET50)
    parser.add_argument("--batch", type=int, default=32, help="clips of 8 frames")
    parser.add_argument("--size", type=int, default=256, help="pixels")
    parser.add_argument("--device", type=Device, default=Device.AUTO)
    parser.add_argument("--precision", type=Precision, default=Precision.AUTO, help="of ours")
    parser.add_argument("--compile", action="store_true", help="compile our network")
    parser.add_argument("--workers", type=int, help="processes that read clips; default: as in training")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=5, help="of each side in each round")
    args = parser.parse_args()
    device = choose_device(args.device)
    precision = training_precision(args.precision, device)
    if device.type == "cpu":
        keep_memory()
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        height = max(32, args.size // 2 * 2)
        data = write_dataset(work / "data", recordings=RECORDINGS, seconds=SECONDS, size=(2 * height, height), jobs=1)
        with contextlib.closing((loop := build_loop(data, work, args)).loader):
            return measure(loop, precision, args)


def measure(loop: Loop, precision: Precision, args: argparse.Namespace) -> int:
    """All three measurements, printed; the exit code."""
    device = loop.fabric.device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    print(
        f"torch {torch.__version__}, {name}, {torch.get_num_threads()} threads; {args.trunk}, {args.batch} clips of "
        f"{loop.recipe.frames} frames of {args.size} px, {args.rounds} rounds of {args.steps} steps"
    )
    draws = next(batches_of_draws(loop))
    loop.loader.start([draws])
    batch = next(loop.loader)
    ours = f"ours, {precision}{', compiled' if args.compile else ''}"
    sides = {ours: our_side(loop, batch, draws)}
    if args.official_tsm is not None:
        sides["official, fp32"] = official_side(args.official_tsm, loop, batch, autocast=False)
        if precision is Precision.BF16:
            sides["official, autocast"] = official_side(args.official_tsm, loop, batch, autocast=True)
    times = timed_rounds(sides, device, args.rounds, args.steps)
    print("\nsteps on ready batches")
    for side, each in times.items():
        line = f"  {side:24} {spread([t * 1e3 for t in each], '.1f')} ms a step"
        line += f", {args.batch / statistics.median(each):.1f} clips/s"
        if side != ours:
            line += f"; ours is {spread([a / b for a, b in zip(each, times[ours], strict=True)], '.2f')} times as fast"
        print(line, flush=True)
    step = statistics.median(times[ours])
    rates = loader_rates(loop, args.rounds, args.steps)
    print(f"\nclips from the frame cache, {loop.loader.workers} worker processes")
    print(f"  {spread(rates, '.1f')} clips/s, {spread([r * step / args.batch for r in rates], '.2f')} times the steps'")
    seconds, shares = together(loop, args.rounds, args.steps)
    waiting = statistics.median(shares)
    verdict = "met" if waiting < TARGET_WAITING else "MISSED"
    print("\nboth together")
    slower = spread([s / step for s in seconds], ".2f")
    print(f"  {spread([s * 1e3 for s in seconds], '.1f')} ms a step, {slower} times one on a ready batch")
    print(f"  waiting for clips {spread(shares, '.1%')} of it; target below {TARGET_WAITING:.0%}: {verdict}")
    return 0 if waiting < TARGET_WAITING else 1


if __name__ == "__main__":
    sys.exit(main())
