"""The demo from drawing to its page, small."""

from __future__ import annotations

from pathlib import Path

import pytest

from bineego.demo import DemoOptions, run_demo
from bineego.toml import read_toml
from bineego.training.head_choice import asked_head
from bineego.training.options import train_call
from bineego.training.recipe import Head


@pytest.mark.parametrize("paper", [False, True])
def test_the_demo_leaves_all_it_promises(tmp_path: Path, paper: bool) -> None:
    small = DemoOptions(recordings=6, seconds=8.0, head_epochs=1, paper=paper, size=32, frames=2, epochs=1)
    done = run_demo(tmp_path / "demo", options=small)
    temporal = ["temporal head, decoded as the paper does", "temporal head"]
    assert list(done.scores)[:2] == temporal
    assert ("ensemble (paper)" in done.scores) == paper
    assert done.picture.is_file()
    assert done.page.is_file()
    settings = read_toml(done.folder / "bineego.toml")
    assert asked_head(train_call(settings["train"], None, None)) is Head.TEMPORAL
    assert (done.folder / settings["evaluate"]["predictions"]).is_file()
