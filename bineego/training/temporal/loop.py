"""The training loop of a temporal head: whole epochs, each of which may be the last before a power cut."""

from __future__ import annotations

import contextlib
import functools
import logging
import time
from collections.abc import Generator, Mapping

from bineego.heads.temporal import HeadEnsemble
from bineego.runs import RunFolder
from bineego.training import checkpoint
from bineego.training.checkpoint import RunState
from bineego.training.epoch import Epoch, is_due
from bineego.training.interrupt import Interrupt
from bineego.training.pace import Pace
from bineego.training.recipe import Recipe, Task
from bineego.training.temporal.fit import HeadFit
from bineego.types import OnProgress

log = logging.getLogger(__name__)

LOSSES = {
    "action_loss": "actions", "smoothing_loss": "smoothing", "boundary_loss": "boundaries",
    "proposal_loss": "proposals", "distance_loss": "distances", "scene_loss": "scenes",
}  # fmt: skip
"""Columns of log.csv and the parts of the loss that they hold."""


def loss_columns(task: Task) -> list[str]:
    """Columns of log.csv that hold losses."""
    return ["loss", *(name for name in LOSSES if (task.has_scenes if name == "scene_loss" else task.has_actions))]


class HeadLoop:
    """One run.

    Args:
        fit: the members; they take over what the state says of them.
        recipe: how many epochs, and which are validated.
        folder: where the state is saved.
        state: where to begin.
        on_progress: called with (steps done, steps of all epochs).
    """

    def __init__(
        self,
        fit: HeadFit,
        recipe: Recipe,
        folder: RunFolder,
        state: RunState,
        on_progress: OnProgress | None = None,
    ) -> None:
        self.fit, self.recipe, self.folder, self.state = fit, recipe, folder, state
        self.pace = Pace(fit.n_steps, recipe.epochs, on_progress)
        if state.optimiser:
            fit.load(state.optimiser)

    def epochs(self) -> Generator[Epoch[HeadEnsemble], None, None]:
        """Train all epochs that are left, and give each away once its steps are done; then the state is saved, as
        `bineego.training.loop.Loop.epochs` does. A signal ends the epoch under way, which is begun anew with --resume.
        Close this generator when you leave it early.
        """
        if not self.state.optimiser:
            self._save()
        with contextlib.closing(self.fit), Interrupt() as interrupt:
            self.fit.start()
            while self.fit.epoch < self.recipe.epochs:
                began = time.monotonic()
                self.pace.start()
                place = f"in epoch {self.fit.epoch + 1}; its beginning is saved"
                losses = self.fit.run_epoch(functools.partial(self._ends, interrupt))
                if losses is not None:
                    place = f"after epoch {self.fit.epoch}; the checkpoint is saved"
                    yield self._epoch(losses, began)
                    self._save()
                if interrupt.signum is not None:
                    log.warning("interrupted %s: continue with --resume", place)
                    interrupt.pass_on(interrupt.signum)
                    return

    def _ends(self, interrupt: Interrupt, done: int) -> bool:
        """Whether the epoch under way ends after a step of it, of which `done` are."""
        self.pace.step(self.fit.epoch * self.fit.n_steps + done)
        return interrupt.signum is not None

    def _epoch(self, losses: Mapping[str, float], began: float) -> Epoch[HeadEnsemble]:
        ended, number = time.monotonic(), self.fit.epoch
        return Epoch(
            number=number,
            network=self.fit.ensemble(),
            due=is_due(number, self.recipe),
            lr=self.fit.lr(),
            losses={"loss": losses["loss"], **{column: losses[part] for column, part in LOSSES.items()}},
            seconds=ended - began,
            ended=ended,
        )

    def _save(self) -> None:
        self.state.epoch, self.state.optimiser = self.fit.epoch, self.fit.state()
        checkpoint.save(self.state, self.folder.last)
