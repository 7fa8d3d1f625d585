from __future__ import annotations

import json
from pathlib import Path

import pytest

from bineego.errors import InputInvalid
from bineego.formats import read
from bineego.formats.options import LabelOptions

LABELS = ["walking ", "walking", "\u00a0walking", "cafe\u0301", "caf\u00e9"]
TIDY = ["walking", "walking", "walking", "caf\u00e9", "caf\u00e9"]


def csv_of(labels: list[str], score: str = "") -> str:
    head = "video_id,label,start,end" + (",score" if score else "")
    return head + "\n" + "".join(f'a,"{label}",{i},{i + 1}{score}\n' for i, label in enumerate(labels))


def json_of(key: str, labels: list[str]) -> str:
    found = [{"segment": [i, i + 1], "label": label, "score": 0.5} for i, label in enumerate(labels)]
    return json.dumps({key: {"a": found if key == "results" else {"annotations": found}}})


@pytest.mark.parametrize("text", [csv_of(LABELS), json_of("database", LABELS)])
def test_labels_are_composed_on_reading_and_it_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    (tmp_path / "gt").write_text(text)
    assert read.read_annotations(tmp_path / "gt").segments["label"].tolist() == TIDY
    (said,) = caplog.records
    assert "3 labels ('walking ' as 'walking'" in said.getMessage()


@pytest.mark.parametrize("text", [csv_of(LABELS, ",0.5"), json_of("results", LABELS)])
def test_predicted_labels_too(tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str) -> None:
    (tmp_path / "p").write_text(text)
    assert read.read_predictions(tmp_path / "p")["label"].tolist() == TIDY
    assert len(caplog.records) == 1
    found = read.read_predictions(tmp_path / "p", LabelOptions(background="walking"))
    assert found["label"].tolist() == ["caf\u00e9", "caf\u00e9"]


def test_a_label_of_blanks_is_refused(tmp_path: Path) -> None:
    (tmp_path / "gt").write_text(json_of("database", ["x", " "]))
    with pytest.raises(InputInvalid, match="video 'a' at 1 s: label is empty"):
        read.read_annotations(tmp_path / "gt")
