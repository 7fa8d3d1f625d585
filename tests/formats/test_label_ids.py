"""Labels that a file gives by number, and the maps of their names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from formats.tools import rows, rows_of, write_json

from bineego.errors import InputInvalid
from bineego.formats import read

ROWS = [{"segment": [1, 2], "label_id": 0}, {"segment": ["3.5", "4"], "label_id": "1"}]
NAMED = [("a", "walk", 1.0, 2.0), ("a", "run", 3.5, 4.0)]


def truth(**more: Any) -> dict[str, Any]:
    return {"database": {"a": {"annotations": ROWS}}, **more}


@pytest.mark.parametrize(
    "names",
    [
        {"label_map": {"walk": 0, "run": 1}},
        {"classes": {"0": "walk", "1": "run"}},
        {"labels": ["walk", "run"]},
        {"categories": [{"id": 1, "name": "run"}, {"id": 0, "name": "walk"}]},
        {"taxonomy": [{"nodeId": 0, "nodeName": "walk", "parentName": None}, {"nodeId": 1, "nodeName": "run"}]},
    ],
)
def test_a_map_in_the_file(tmp_path: Path, names: dict[str, Any]) -> None:
    assert rows_of(write_json(tmp_path / "a.json", truth(**names))) == NAMED


@pytest.mark.parametrize(
    ("name", "content"),
    [("classes.txt", "walk\nrun\n"), ("category_idx.txt", "walk\r\nrun"), ("label_map.json", '{"walk": 0, "run": 1}')],
)
def test_a_map_beside_the_file(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    assert rows_of(write_json(tmp_path / "a.json", truth())) == NAMED


def test_rows_that_have_both_are_a_map_too(tmp_path: Path) -> None:
    both = [{"segment": [0, 1], "label": "walk", "label_id": 0}, {"segment": [0, 1], "label": "run", "label_id": 1}]
    path = write_json(tmp_path / "a.json", {"database": {"a": {"annotations": ROWS}, "b": {"annotations": both}}})
    assert rows_of(path)[:2] == NAMED


def test_predictions(tmp_path: Path) -> None:
    results = {"a": [row | {"score": 0.5} for row in ROWS]}
    path = write_json(tmp_path / "p.json", {"results": results, "label_map": ["walk", "run"]})
    assert rows(read.read_predictions(path)) == [(*row, 0.5) for row in NAMED]


def test_numbers_without_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputInvalid, match=r"labels are numbers.*\n.*label_map"):
        rows_of(write_json(tmp_path / "a.json", truth()))
    with pytest.raises(InputInvalid, match="'label_id' '1' is not in the map of 1 labels"):
        rows_of(write_json(tmp_path / "a.json", truth(labels=["walk"])))


def test_actionformer_s_file_is_read_by_its_names(tmp_path: Path) -> None:
    row = {"segment": [1, 2], "segment(frames)": [30, 60], "label": "walk", "label_id": 0}
    assert rows_of(write_json(tmp_path / "a.json", {"database": {"a": {"annotations": [row]}}})) == NAMED[:1]
