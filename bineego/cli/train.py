"""`bineego train`."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from bineego.cli import console
from bineego.errors import UsageError
from bineego.training.options import TrainCall

if TYPE_CHECKING:
    from bineego.types import OnProgress  # NumPy, which `--help` does not need


def train(call: TrainCall) -> None:
    """Train a model on a data set.

    Prints the run's folder. Without DATASET, the data set named in bineego.toml is used.

    Examples:
      bineego train labels.csv --videos my-videos --name first
      bineego train --name first --resume
    """
    if call.dataset is None:
        raise UsageError(
            "no data set to train on",
            remedy='bineego train DATASET, or dataset = "..." in the [train] table of bineego.toml',
        )
    from bineego.training.run import train as run

    with ExitStack() as bars:
        result = run(
            call.dataset,
            options=call,
            on_frames=_bar(bars, "reading videos"),
            on_progress=_bar(bars, "training"),
        )
    if result.is_first:
        print(result.folder)


def _bar(bars: ExitStack, what: str) -> OnProgress:
    """A progress bar that appears when it is first needed and replaces the previous one."""
    bar: list[OnProgress] = []

    def on_progress(done: float, total: float) -> None:
        if not bar:
            bars.close()
            bar.append(bars.enter_context(console.progress(what)))
        bar[0](done, total)

    return on_progress
