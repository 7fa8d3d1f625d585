"""The training loop: epochs of steps, each of which may be the last before a power cut.

Source: report, sections 3.1, 3.2 and 4.2. Shape suffixes: N clips, T frames, H height, W width.
"""

from __future__ import annotations

import contextlib
import copy
import logging
import time
from collections.abc import Generator, Iterator, Mapping, Sequence

import torch
import torch.distributed
from lightning_fabric import Fabric
from torch import nn

from bineego.runs import RunFolder
from bineego.training import checkpoint
from bineego.training.checkpoint import RunState
from bineego.training.clips import ClipBatch, ClipLoader, Clips
from bineego.training.epoch import Epoch, is_due
from bineego.training.guard import NanGuard, memory_errors
from bineego.training.interrupt import Interrupt
from bineego.training.losses import Targets, clip_losses, joint, right_actions
from bineego.training.optimiser import MovingAverage, build_optimiser, lr_factor, set_lr, train_mode
from bineego.training.pace import Pace
from bineego.training.randomness import Purpose, torch_seed
from bineego.training.recipe import Recipe, Task
from bineego.training.sampling import UNKNOWN, Draw, Sampler, shard
from bineego.training.validation import Validation, is_better
from bineego.tsm.network import TSM
from bineego.tsm.preprocess import normalise
from bineego.types import OnProgress

log = logging.getLogger(__name__)


AGREE_EVERY = 10
"""Steps after which several processes agree on whether to save or to stop."""

SUMS = ("action", "n_action", "scene", "n_scene", "right")


def loss_columns(task: Task) -> tuple[str, ...]:
    """What `Epoch.losses` holds."""
    actions = ("action_loss", "train_accuracy") if task.has_actions else ()
    return ("loss", *actions, *(("scene_loss",) if task.has_scenes else ()))


class Loop:
    """One run.

    Args:
        fabric: where it computes; launched.
        network: as initialised, with frozen parts frozen.
        recipe: resolved.
        task: what is learnt.
        clips: the training set.
        sampler: its epochs.
        folder: where the state is saved.
        state: where to begin; its tensors are taken over.
        on_progress: called with (steps done, steps of all epochs).
    """

    def __init__(
        self,
        *,
        fabric: Fabric,
        network: TSM,
        recipe: Recipe,
        task: Task,
        clips: Clips,
        sampler: Sampler,
        folder: RunFolder,
        state: RunState,
        on_progress: OnProgress | None = None,
    ) -> None:
        self.fabric, self.network, self.recipe, self.task = fabric, network, recipe, task
        self.clips, self.sampler, self.folder = clips, sampler, folder
        self.state = state
        self.pace = Pace(sampler.n_steps, recipe.epochs, on_progress if fabric.is_global_zero else None)
        network.load_state_dict(state.network)
        network.to(memory_format=torch.channels_last)
        optimiser = build_optimiser(network, recipe)
        module: nn.Module = torch.compile(network) if recipe.compile else network  # type: ignore[assignment]
        with memory_errors(recipe):
            self.module, self.optimiser = fabric.setup(module, optimiser)
        if state.optimiser:
            self.optimiser.load_state_dict(state.optimiser)
        self.average = MovingAverage(network, recipe.ema) if recipe.ema else None
        if self.average is not None and state.average:
            self.average.load(state.average)
        self.loader = ClipLoader(clips, pin=fabric.device.type == "cuda")
        self.guard = NanGuard(clips.samples, at_once=fabric.device.type == "cpu")
        self._exact = torch.float32 if fabric.device.type == "mps" else torch.float64
        sums = state.sums if fabric.is_global_zero and state.sums else [0.0] * len(SUMS)
        self.sums = torch.tensor(sums, dtype=self._exact, device=fabric.device)
        self.saved_at = self.began_at = time.monotonic()
        self.waited = 0.0

    def epochs(self) -> Generator[Epoch[TSM], None, None]:
        """Train all epochs that are left, and give each away once its steps are done.

        Whoever takes it validates, keeps the best, writes the log; then the state is saved: in this order, so that a
        crash between any two repeats them. On Ctrl-C or SIGTERM the state is saved, then the signal takes its course;
        of several processes only in the first, and the others end without a word.
        Close this generator when you leave it early.
        """
        state = self.state
        with contextlib.closing(self.loader), Interrupt() as interrupt:
            if not state.optimiser:
                self._save()  # so that a run without a state is one that has nothing to lose
            while state.epoch < self.recipe.epochs and not self._stale():
                place = f"in epoch {state.epoch + 1}"
                signum = self._train_epoch(interrupt)
                if signum is None:
                    place = f"after epoch {state.epoch + 1}"
                    yield self._epoch()
                    self._next_epoch()
                    signum, _ = self._agree(interrupt)
                if signum is not None:
                    log.warning("interrupted %s; the checkpoint is saved: continue with --resume", place)
                    if not self.fabric.is_global_zero:
                        raise SystemExit(128 + signum)  # all have agreed to end, and the first one tells of it
                    interrupt.pass_on(signum)
                    return

    def is_best(self, result: Validation | None) -> bool:
        """Count a validation of the epoch under way; whether its network is the best so far."""
        state = self.state
        if result is None:
            return False
        if is_better(result.score, state.best):
            state.best, state.best_epoch, state.stale = result.score, state.epoch + 1, 0
            return True
        state.stale += 1
        return False

    def _stale(self) -> bool:
        return 0 < self.recipe.patience <= self.state.stale

    def _train_epoch(self, interrupt: Interrupt) -> int | None:
        """The steps of this epoch that are left; the signal that interrupted it (and the state is saved), or None."""
        state, world, rank = self.state, self.fabric.world_size, self.fabric.global_rank
        draws = self.sampler.batches(state.epoch)
        self.loader.start(
            part for batch in draws[state.step :] for part in shard(batch, rank, world, self.recipe.parts(world))
        )
        train_mode(self.network, self.recipe)
        self.began_at, self.waited = time.monotonic(), 0.0
        self.pace.start()
        for step in range(state.step, len(draws)):
            self.step(draws[step], step, self.loader)
            state.step = step + 1
            self.pace.step(state.epoch * len(draws) + step + 1)
            if world > 1 and (step + 1) % AGREE_EVERY and step + 1 < len(draws):
                continue
            signum, save = self._agree(interrupt)
            if save or signum is not None:
                self._save()
            if signum is not None:
                return signum
        return None

    def step(self, batch: Sequence[Draw], step: int, source: Iterator[ClipBatch]) -> None:
        """One optimiser step: number `step` of the epoch under way.

        Args:
            batch: its draws, over all devices and parts.
            step: from 0.
            source: gives this device's parts of the batch.

        Raises:
            ResourceExhausted: memory.
            InputInvalid: a clip that cannot be read, or numbers that are none.
        """
        with memory_errors(self.recipe):
            self._step(batch, step, source)

    def _step(self, batch: Sequence[Draw], step: int, source: Iterator[ClipBatch]) -> None:
        recipe, place = self.recipe, f"epoch {self.state.epoch + 1}, step {step + 1}"
        number = self.state.epoch * self.sampler.n_steps + step
        total = recipe.epochs * self.sampler.n_steps
        warmup = round(recipe.warmup * self.sampler.n_steps)
        set_lr(self.optimiser, recipe.effective_lr * lr_factor(number, total, recipe.schedule, warmup))
        torch.manual_seed(torch_seed(Purpose.STEP, recipe.seed, number, self.fabric.global_rank))
        samples = self.clips.samples
        indices = [draw.sample for draw in batch]
        n_actions = int((samples.action[indices] != UNKNOWN).sum()) if self.task.has_actions else 0
        n_scenes = int((samples.scene[indices] != UNKNOWN).sum()) if self.task.has_scenes else 0
        parts = recipe.parts(self.fabric.world_size)
        for part in range(parts):
            before = time.monotonic()
            data = next(source)
            self.waited += time.monotonic() - before
            last = part == parts - 1
            with self.fabric.no_backward_sync(self.module, enabled=not last and self.fabric.world_size > 1):
                self._backward(data, n_actions, n_scenes, place)
        limit = recipe.clip_grad or float("inf")
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), limit)
        self.guard.norm(norm, place)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        if self.average is not None:
            self.average.update(self.network)

    def _backward(self, data: ClipBatch, n_actions: int, n_scenes: int, place: str) -> None:
        device = self.fabric.device
        targets = Targets(*(x.to(device, non_blocking=True) for x in (data.actions, data.scenes, data.weights)))
        scores = self.module(normalise(data.frames.to(device, non_blocking=True), pixels=self.network.trunk.pixels))
        losses = clip_losses(scores, targets, label_smoothing=self.recipe.label_smoothing)
        loss = joint(losses, n_actions, n_scenes, self.recipe.scene_weight)
        # DDP takes the mean of the gradients over the devices; their sum is wanted.
        self.fabric.backward(loss * self.fabric.world_size)
        self.guard.losses(losses, data, place)
        with torch.no_grad():
            counted = targets.weights > 0
            known = counted & (targets.actions if targets.actions.ndim == 1 else targets.actions[:, 0]).ge(0)
            right = loss.new_zeros(())
            if scores.actions is not None:
                right = (right_actions(scores.actions, targets.actions) & known).sum()
            values = (
                losses.actions.sum(), known.sum(), losses.scenes.sum(), (counted & targets.scenes.ge(0)).sum(), right,
            )  # fmt: skip
            self.sums += torch.stack([value.detach().to(self._exact) for value in values])

    def _agree(self, interrupt: Interrupt) -> tuple[int | None, bool]:
        """The signal that came to any process, and whether it is time to save, the same in all of them."""
        due = time.monotonic() - self.saved_at > self.recipe.save_minutes * 60
        signum = interrupt.signum or 0
        if self.fabric.world_size > 1:
            wish = torch.tensor([signum, due], dtype=torch.int32, device=self.fabric.device)
            torch.distributed.all_reduce(wish, torch.distributed.ReduceOp.MAX)
            signum, due = wish.tolist()
        return signum or None, bool(due)

    def _epoch(self) -> Epoch[TSM]:
        """What the steps of the epoch under way came to, over all processes."""
        self.guard.look()
        ended, number = time.monotonic(), self.state.epoch + 1
        sums = self.sums.clone()
        if self.fabric.world_size > 1:
            torch.distributed.all_reduce(sums)
        group = self.optimiser.param_groups[0]
        return Epoch(
            number=number,
            network=self._to_judge(),
            due=is_due(number, self.recipe),
            lr=group["lr"] / group["scale"],
            losses=self._losses(dict(zip(SUMS, sums.tolist(), strict=True))),
            seconds=self.state.seconds + ended - self.began_at,
            waited=self.waited,
            ended=ended,
        )

    def _losses(self, sums: Mapping[str, float]) -> dict[str, float]:
        """In the order of `loss_columns`."""
        actions, scenes = max(1, sums["n_action"]), max(1, sums["n_scene"])
        action, scene = sums["action"] / actions, sums["scene"] / scenes
        losses = {"loss": action + self.recipe.scene_weight * scene}
        if self.task.has_actions:
            losses |= {"action_loss": action, "train_accuracy": sums["right"] / actions}
        return losses | ({"scene_loss": scene} if self.task.has_scenes else {})

    def _next_epoch(self) -> None:
        """The epoch is over: save the state of the beginning of the next one."""
        state = self.state
        if self.fabric.world_size > 1:
            state.stale = self.fabric.broadcast(state.stale)
        state.epoch, state.step, state.seconds = state.epoch + 1, 0, 0.0
        self.sums.zero_()
        self.began_at = time.monotonic()
        self._save()

    def _to_judge(self) -> TSM:
        """The network to validate and keep: with averaged weights where there are some."""
        if self.fabric.world_size > 1:
            for buffer in self.network.buffers():
                torch.distributed.broadcast(buffer, 0)
        if self.average is None:
            return self.network
        averaged = copy.deepcopy(self.network)
        averaged.load_state_dict(self.average.values)
        return averaged

    def _save(self) -> None:
        """Write the state of this moment."""
        self.guard.look()
        sums = self.sums.clone()
        if self.fabric.world_size > 1:
            torch.distributed.all_reduce(sums)
        if self.fabric.is_global_zero:
            state = self.state
            now = time.monotonic()
            state.seconds, self.began_at = state.seconds + now - self.began_at, now
            state.sums = sums.tolist()
            state.network = self.network.state_dict()
            state.optimiser = self.optimiser.state_dict()
            state.average = {} if self.average is None else self.average.state()
            checkpoint.save(state, self.folder.last)
        self.saved_at = time.monotonic()
        self.fabric.barrier()
