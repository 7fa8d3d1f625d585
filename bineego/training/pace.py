"""What a run tells while it steps: its progress, and how long the rest will take."""

from __future__ import annotations

import logging
import time

from bineego.types import OnProgress
from bineego.words import duration

log = logging.getLogger(__name__)

TIMED_STEPS = (2, 10)
"""Steps of a run between which its speed is measured, to say how long all will take, as the first one does roughly."""


class Pace:
    """The steps of a run, as they are done.

    Args:
        n_steps: of an epoch.
        epochs: of the whole run.
        on_progress: called with (steps done, steps of all epochs).
    """

    def __init__(self, n_steps: int, epochs: int, on_progress: OnProgress | None = None) -> None:
        self.n_steps, self.n_all, self.on_progress = n_steps, n_steps * epochs, on_progress
        self._times: list[float] = []

    def start(self) -> None:
        """Steps begin; the first call counts."""
        self._times = self._times or [time.monotonic()]

    def step(self, done: int) -> None:
        """A step is over; `done` of all epochs' steps are."""
        if self.on_progress is not None:
            self.on_progress(done, self.n_all)
        if len(self._times) > TIMED_STEPS[1]:
            return
        self._times.append(time.monotonic())
        timed = len(self._times) - 1
        if timed == 1:
            self._say(self._times[1] - self._times[0], "for the first step", done)
        elif timed == TIMED_STEPS[1]:
            first = TIMED_STEPS[0]
            self._say((self._times[timed] - self._times[first]) / (timed - first), "per step", done)

    def _say(self, seconds: float, what: str, done: int) -> None:
        log.info(
            "%.2f s %s; about %s per epoch, %s for the rest, plus validation",
            seconds, what, duration(seconds * self.n_steps), duration(seconds * (self.n_all - done)),
        )  # fmt: skip
