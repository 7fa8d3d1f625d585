"""Events are written, read back by TensorBoard's own reader, and asked for only where they can be."""

from __future__ import annotations

import csv
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bineego.errors import UsageError
from bineego.training import Recipe, RunOptions, tensorboard, train


def test_without_the_extra_it_is_said_before_work(
    tiny: Path, recipe: Recipe, options: RunOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)  # an import of it fails
    monkeypatch.delitem(sys.modules, "torch.utils.tensorboard", raising=False)
    with pytest.raises(UsageError, match=r"pip install 'bineego\[tensorboard\]'") as caught:
        train(tiny, name="a", recipe=recipe, options=replace(options, tensorboard=True))
    assert caught.value.exit_code == 2
    assert not options.runs.exists()


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """(step, value) of every scalar by name, as TensorBoard shows them."""
    event_accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    found = event_accumulator.EventAccumulator(str(folder))
    found.Reload()
    return {tag: [(event.step, event.value) for event in found.Scalars(tag)] for tag in found.Tags()["scalars"]}


def test_the_log_is_read_back(tiny: Path, recipe: Recipe, options: RunOptions) -> None:
    pytest.importorskip("tensorboard")
    train(tiny, name="a", recipe=recipe, options=replace(options, tensorboard=True))
    found = scalars(options.runs / "a" / "tensorboard")
    with (options.runs / "a" / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert set(found) == set(rows[0]) - {"epoch"}
    for name, events in found.items():
        assert [step for step, _ in events] == [1, 2]
        assert [value for _, value in events] == pytest.approx([float(row[name]) for row in rows], rel=1e-4), name


def test_a_row_that_is_written_again_replaces_the_one_before(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    for epoch, loss in ((1, 3.0), (2, 9.0), (2, 2.0), (3, 1.0)):
        tensorboard.write_row(tmp_path, {"epoch": epoch, "loss": loss, "mAP_unfitted": None})
    assert scalars(tmp_path) == {"loss": [(1, 3.0), (2, 2.0), (3, 1.0)]}
