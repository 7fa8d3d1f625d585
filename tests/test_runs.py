"""The folders of runs, and which one is meant."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from bineego.errors import ModelError
from bineego.runs import RunFolder, find_model, newest_model, newest_validation


def test_which_model(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    runs = tmp_path / "runs"
    with pytest.raises(ModelError, match="no model"):
        find_model(None, runs)
    for age, name in ((2, "old"), (1, "new")):
        path = runs / name / "model.safetensors"
        path.parent.mkdir(parents=True)
        path.write_bytes(b"")
        os.utime(path, (1e9 - age, 1e9 - age))
    with caplog.at_level(logging.INFO, logger="bineego"):
        assert find_model(None, runs) == runs / "new" / "model.safetensors"
    assert "newest run" in caplog.text
    assert find_model("old", runs) == runs / "old" / "model.safetensors"
    assert find_model(runs / "old", runs) == runs / "old" / "model.safetensors"
    with pytest.raises(ModelError, match="no such run") as error:
        find_model("odl", runs)
    assert "old" in str(error.value)


def make_run(runs: Path, name: str, *, model: float | None, val: float | None) -> RunFolder:
    run = RunFolder(runs / name)
    for paths, when in (((run.model,), model), ((run.ground_truth, run.predictions), val)):
        for path in paths if when is not None else ():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")
            os.utime(path, (when, when))
    return run


def test_newest_means_the_same_to_localize_and_evaluate(tmp_path: Path) -> None:
    assert newest_validation(tmp_path / "none") is None
    a = make_run(tmp_path, "a", model=1e9, val=1e9 + 5)
    b = make_run(tmp_path, "b", model=1e9 + 1, val=1e9 + 2)
    assert (newest_model(tmp_path), newest_validation(tmp_path)) == (a.model, a)
    make_run(tmp_path, "killed", model=None, val=None).path.mkdir()
    assert newest_model(tmp_path) == a.model
    c = make_run(tmp_path, "c", model=1e9 + 9, val=None)  # no action to validate
    assert (newest_model(tmp_path), newest_validation(tmp_path)) == (c.model, a)
    os.utime(b.model, (1e9 + 10, 1e9 + 10))
    assert (newest_model(tmp_path), newest_validation(tmp_path)) == (b.model, b)
