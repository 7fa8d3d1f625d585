"""The training of a temporal head: several members, each without one fold of the examples, epoch by epoch.

All chance is a pure function of (seed, member, step), and the state between two epochs is all there is: a fit that
goes on from it ends where one that was never stopped does, and so do members that learn in processes of their own.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bineego.errors import WorkerLost
from bineego.heads.config import HeadConfig
from bineego.heads.losses import HeadLosses
from bineego.heads.options import HeadRecipe
from bineego.heads.temporal import HeadEnsemble
from bineego.training.temporal.examples import Example
from bineego.training.temporal.member import make_members
from bineego.training.temporal.processes import MemberProcesses

OnStep = Callable[[int], bool | None]
"""Called with the steps of an epoch that are done; if it says True, the epoch ends there."""

WORTH = 500
"""Steps of a training that are worth starting processes, each of which loads PyTorch first."""

log = logging.getLogger(__name__)


class HeadFit:
    """All members of one head, in training.

    Args:
        config: shape of the head; `members` of them are trained.
        examples: what they learn from.
        folds: the member (N,) that never sees each example; negative = all see it.
        recipe: how they learn.
        device: where.
        widths: features of each kind, in the order of the columns; () = they are of one kind.
        jobs: processes that members may learn in at once, on a CPU, between `start` and `close`; their number changes
            no bit of what is learnt.
    """

    def __init__(
        self,
        config: HeadConfig,
        examples: Sequence[Example],
        folds: NDArray[np.int64],
        recipe: HeadRecipe,
        device: torch.device | str = "cpu",
        widths: Sequence[int] = (),
        jobs: int = 1,
    ) -> None:
        self.config, self.recipe = config, recipe
        self.epoch = 0
        self.members = make_members(config, examples, folds, recipe, device, widths)
        self._jobs = min(jobs, config.members) if torch.device(device).type == "cpu" else 1
        self._start = functools.partial(MemberProcesses, self._jobs, config, examples, folds, recipe, device, widths)
        self._processes: MemberProcesses | None = None

    @property
    def n_steps(self) -> int:
        """Steps of one epoch, over all members."""
        return sum(len(member.draws) for member in self.members)

    def run_epoch(self, on_step: OnStep | None = None) -> dict[str, float] | None:
        """One pass of every member over its examples; the mean of each part of the loss, by name, and `loss`; None if
        `on_step` ended it. What the members are after that is not defined.
        """
        losses = self._learn(on_step or (lambda _done: None))
        if losses is None:
            self.close()
            return None
        self.epoch += 1
        return dict(zip((*HeadLosses._fields, "loss"), losses.mean(0).tolist(), strict=True))

    def _learn(self, on_step: OnStep) -> Tensor | None:
        """The losses of all steps of an epoch, in the order of the members."""
        if self._processes is not None:
            try:
                return self._processes.learn(self.members, self.epoch, on_step)
            except WorkerLost as error:
                self._alone(error)
        losses: list[Tensor] = []
        for member in self.members:
            for position in range(len(member.draws)):
                losses.append(member.step(self.epoch, position))
                if on_step(len(losses)):
                    return None
        return torch.stack(losses)

    def start(self) -> None:
        """Start the processes, if the steps that are left are worth it."""
        if self._jobs > 1 and (self.recipe.epochs - self.epoch) * self.n_steps >= WORTH:
            try:
                self._processes = self._start()
            except WorkerLost as error:
                self._alone(error)

    def _alone(self, error: WorkerLost) -> None:
        log.warning("%s; the members learn one after the other from here on", error.message)
        self.close()

    def close(self) -> None:
        """End the processes, if there are any."""
        if self._processes is not None:
            self._processes.close()
            self._processes = None

    def lr(self) -> float:
        """The learning rate of the last step, or of the first one before it."""
        member = self.members[0]
        return member.lr_at(max(0, self.epoch * len(member.draws) - 1))

    def ensemble(self) -> HeadEnsemble:
        """A copy of the members as they are to be used, on the CPU."""
        ensemble = HeadEnsemble(self.config)
        for mine, member in zip(ensemble.members, self.members, strict=True):
            mine.load_state_dict({name: value.cpu() for name, value in member.weights().items()})
        return ensemble.eval()

    def state(self) -> dict[str, Any]:
        """Everything that `load` needs."""
        return {"epoch": self.epoch, "members": [member.state() for member in self.members]}

    def load(self, state: dict[str, Any]) -> None:
        """Take over a saved state."""
        self.epoch = int(state["epoch"])
        for member, saved in zip(self.members, state["members"], strict=True):
            member.load(saved)
