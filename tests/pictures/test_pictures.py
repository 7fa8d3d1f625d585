"""Pictures are written, are PNGs of the right shape, and show something."""

from __future__ import annotations

from pathlib import Path

import matplotlib.image as mpimg
import numpy as np
import pandas as pd
import pytest

from bineego import segments
from bineego.errors import InputInvalid
from bineego.pictures.canvas import label_colours
from bineego.pictures.curves import write_curves
from bineego.pictures.timeline import MAX_VIDEOS, write_timeline


def colours_in(path: Path) -> int:
    pixels = mpimg.imread(path)[..., :3].reshape(-1, 3)
    return len(np.unique((pixels * 255).astype(np.uint8), axis=0))


def test_timeline_shows_the_colour_of_every_label(tmp_path: Path) -> None:
    truth = segments.make(["a", "a", "b"], ["eating", "drinking", "eating"], [0, 2, 1], [9, 4, 5])
    found = segments.make(["a"], ["walking"], [1.0], [3.0], [1.0])
    write_timeline(truth, found, tmp_path / "t.png")
    pixels = mpimg.imread(tmp_path / "t.png")[..., :3]
    for colour in label_colours(["eating", "drinking", "walking"]).values():
        assert (np.abs(pixels - np.array(colour[:3])).max(axis=-1) < 0.01).sum() > 100


def test_timeline_of_nothing_and_of_too_much(tmp_path: Path) -> None:
    write_timeline(segments.empty(scored=False), segments.empty(scored=True), tmp_path / "empty.png")
    many = [f"v{i}" for i in range(3 * MAX_VIDEOS)]
    table = segments.make(many, many, [0.0] * len(many), [1.0] * len(many))
    write_timeline(table, segments.empty(scored=True), tmp_path / "many.png")
    assert mpimg.imread(tmp_path / "many.png").shape[0] < 2500
    assert mpimg.imread(tmp_path / "empty.png").shape[0] > 50


def test_curves_leave_out_columns_the_log_lacks(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    pd.DataFrame({"epoch": [1, 2], "loss": [2.0, 1.0], "mAP_unfitted": [None, 0.5]}).to_csv(log, index=False)
    write_curves(log, tmp_path / "c.png")
    assert colours_in(tmp_path / "c.png") > 10


def test_curves_of_a_foreign_file(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("a,b\n1,2\n")
    with pytest.raises(InputInvalid, match="epoch"):
        write_curves(log, tmp_path / "c.png")
    assert not (tmp_path / "c.png").exists()
