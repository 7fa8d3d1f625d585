from __future__ import annotations

import json
from pathlib import Path

import matplotlib.image as mpimg
import numpy as np
import pytest

from bineego import segments
from bineego.errors import UsageError
from bineego.evaluation import evaluate
from bineego.pictures.precision_recall import write_precision_recall


def result(n_classes: int, *, curves: bool = True):
    names = [f"class_$x${i}" for i in range(n_classes)]
    truth = segments.make(["v"] * n_classes, names, np.arange(n_classes), np.arange(n_classes) + 1.0)
    return evaluate(truth, truth.iloc[1:].assign(score=0.5), curves=curves)


def test_png_has_a_panel_for_each_threshold_and_survives_any_label(tmp_path: Path) -> None:
    for n in (1, 30):
        write_precision_recall(result(n), tmp_path / "curves.png")
        height, width = mpimg.imread(tmp_path / "curves.png").shape[:2]
        assert width == 3 * height


def test_json_has_the_points(tmp_path: Path) -> None:
    write_precision_recall(result(3), tmp_path / "curves.json")
    content = json.loads((tmp_path / "curves.json").read_text())
    assert content["class_$x$0"][0] == {"tiou": 0.5, "recall": [], "precision": [], "score": []}
    assert content["class_$x$1"][2] == {"tiou": 0.95, "recall": [1.0], "precision": [1.0], "score": [0.5]}


def test_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        write_precision_recall(result(2), tmp_path / "curves.txt")
    with pytest.raises(UsageError):
        write_precision_recall(result(2, curves=False), tmp_path / "curves.png")
