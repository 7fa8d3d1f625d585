"""Members in processes of their own: the same bits, and none is lost with a process."""

import logging
import os
import signal
from pathlib import Path

import pytest
import torch

from bineego.heads.options import HeadRecipe
from bineego.training.repeatable import one_thread
from bineego.training.temporal import fit as fit_module
from bineego.training.temporal.fit import HeadFit
from tests.training.temporal.test_fit import CONFIG, EXAMPLES, FOLDS, same, weights

RECIPE = HeadRecipe(epochs=2, members=2, ema=0.9)


@pytest.fixture(autouse=True)
def worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit_module, "WORTH", 1)


def trained(jobs: int, stop_at: int = 0) -> tuple[HeadFit, list[dict[str, float] | None]]:
    head = HeadFit(CONFIG, EXAMPLES, FOLDS, RECIPE, jobs=jobs)
    seen: list[int] = []

    def on_step(done: int) -> bool:
        seen.append(done)
        return len(seen) == stop_at

    head.start()
    with one_thread():
        losses = [head.run_epoch(on_step) for _ in range(1 if stop_at else RECIPE.epochs)]
    head.close()
    assert seen[: head.n_steps] == list(range(1, 1 + (stop_at or head.n_steps)))
    return head, losses


def test_their_number_changes_no_bit():
    (one, losses), (other, again) = trained(1), trained(3)
    assert losses == again
    assert same(weights(one), weights(other))
    torch.testing.assert_close(one.state(), other.state(), rtol=0, atol=0)


def test_an_epoch_that_is_ended_early_gives_no_losses():
    assert trained(2, stop_at=3)[1] == [None]


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the processes in /proc")
def test_a_process_that_dies_costs_time_only(caplog):
    undisturbed, losses = trained(1)
    head = HeadFit(CONFIG, EXAMPLES, FOLDS, RECIPE, jobs=2)

    def kill_one(done: int) -> None:
        own = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
        if done == 5 and (started := own.read_text().split()):
            os.kill(int(started[-1]), signal.SIGKILL)

    head.start()
    with one_thread(), caplog.at_level(logging.WARNING):
        assert [head.run_epoch(kill_one) for _ in range(RECIPE.epochs)] == losses
    assert same(weights(head), weights(undisturbed))
    assert "signal 9" in caplog.text
