"""The log of a run, and its picture."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from torch import nn

from bineego.pictures.curves import write_curves
from bineego.runs import RunFolder
from bineego.training import log
from bineego.training.checkpoint import RunState
from bineego.training.epoch import Epoch
from bineego.training.recipe import Recipe, Task


def test_every_epoch_has_its_row_and_the_picture_follows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "write_curves", write_curves)
    folder, state = RunFolder(tmp_path), RunState(recipe={}, resolved={}, data="", network={}, optimiser={})
    rows = log.RunLog(folder, state, ["loss"], Task.TAL, Recipe(epochs=2), events=False)
    pictures = []
    for epoch, loss in ((1, 3.0), (2, 2.0), (2, 1.0)):
        done = Epoch(
            number=epoch, network=nn.Identity(), due=False, lr=0.1, losses={"loss": loss}, seconds=1.0, ended=0.0
        )
        rows.add(done, None)
        pictures.append(folder.curves.read_bytes())
    with folder.log.open() as file:
        found = [(int(row["epoch"]), float(row["loss"])) for row in csv.DictReader(file)]
    assert found == [(1, 3.0), (2, 1.0)]  # what is added again replaces the one before
    assert all(picture.startswith(b"\x89PNG") for picture in pictures)
    assert len(set(pictures)) == 3
