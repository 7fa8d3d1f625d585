"""EPIC-KITCHENS: annotations and results."""

from __future__ import annotations

from pathlib import Path

import pytest
from formats.tools import rows, rows_of, write_json

from bineego.errors import InputInvalid
from bineego.formats import read
from bineego.formats.options import LabelOptions

ROW = {"verb": 0, "noun": 2, "action": "0,2", "score": 0.9, "segment": [0.5, 2.1]}


def results(path: Path, *several: object) -> Path:
    return write_json(
        path / "r.json", {"version": "0.1", "challenge": "action_detection", "results": {"P01_11": several}}
    )


def test_results_are_labelled_by_number(tmp_path: Path) -> None:
    assert rows(read.read_predictions(results(tmp_path, ROW))) == [("P01_11", "0,2", 0.5, 2.1, 0.9)]
    for columns, label in (("label=verb", "0"), ("label=noun_class", "2"), ("label=verb_class+noun_class", "0 2")):
        table = read.read_predictions(results(tmp_path, ROW), LabelOptions(columns=columns))
        assert table["label"].tolist() == [label]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"segment": [1]}, "'segment' is not two"),
        ({"score": None}, "'score' is not a finite"),
        ({"action": []}, "no 'action'"),
    ],
)
def test_wrong_rows_are_named(tmp_path: Path, change: dict[str, object], problem: str) -> None:
    with pytest.raises(InputInvalid, match=rf"results\['P01_11'\], row 2: {problem}"):
        read.read_predictions(results(tmp_path, ROW, ROW | change))


def test_they_are_no_annotations(tmp_path: Path) -> None:
    with pytest.raises(InputInvalid, match="predictions, not annotations"):
        rows_of(results(tmp_path, ROW))


def test_the_sample_files(shared: Path) -> None:
    annotations = read.read_annotations(shared / "data/annotations/EPIC_100_validation.csv").segments
    assert len(annotations) == 200
    assert tuple(annotations.iloc[0]) == ("P01_11", "take plate", 0.78, 2.15)
    how = LabelOptions(columns="label=verb_class+noun_class")
    assert read.read_annotations(shared / "data/annotations/EPIC_100_validation.csv", how).segments["label"][0] == "0 2"
    assert rows(read.read_predictions(shared / "data/annotations/epic_submission.json")) == [
        ("P01_11", "0,2", 0.5, 2.1, 0.9)
    ]
