"""What `localize` gives back, in a notebook and as files."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

import bineego
from bineego import segments
from bineego.evaluation import evaluate
from bineego.inference.localized import Localized


@pytest.fixture
def found() -> Localized:
    table = segments.make(["v"] * 2, ["run <fast>", "jump"], [0.0, 2.0], [1.0, 3.5], [0.9, 0.4])
    return Localized(
        videos=("v", "empty"), predictions=table, scenes={"v": ("Kitchen", 0.8)}, paths=(), results=(), skipped=(),
        files={},
    )  # fmt: skip


def test_a_notebook_shows_it(found: Localized) -> None:
    shown = found._repr_html_()
    assert "2 actions in 2 videos" in shown
    assert "run &lt;fast&gt;" in shown
    assert "Kitchen" in shown
    assert found.plot()._repr_png_().startswith(b"\x89PNG")


def test_candidates_are_no_actions(found: Localized) -> None:
    more = segments.make(["v"] * 3, ["run", "jump", "jump"], [0.0, 2.0, 2.5], [1.0, 3.5, 3.0], [0.9, 0.4, 0.02])
    shown = dataclasses.replace(found, predictions=more)._repr_html_()
    assert "2 actions in 2 videos, 1 more below 0.1" in shown
    assert "0.02" not in shown


@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.boris"])
def test_it_is_saved_in_any_format(found: Localized, tmp_path: Path, name: str) -> None:
    assert found.save(tmp_path / name) == [tmp_path / name]
    table = bineego.read_segments(tmp_path / name)
    assert table["label"].tolist() == found.predictions["label"].tolist()


def test_an_evaluation_too(found: Localized, tmp_path: Path) -> None:
    result = evaluate(found.predictions.drop(columns="score"), found.predictions, curves=True)
    assert "run &lt;fast&gt;" in result._repr_html_()
    assert "<td>1.000</td>" in result._repr_html_()
    result.plot().save(tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    result.save(tmp_path / "score.json")
    assert '"final": 1.0' in (tmp_path / "score.json").read_text()
