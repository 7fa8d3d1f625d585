"""Shared goldens, and the rules of docs/scoring.md by example, all through the command line."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

TRUTH = "video_id,label,start,end\n"
FOUND = "video_id,label,start,end,score\n"

EXAMPLES = {
    # name: (ground truth, predictions, {label: AP at 0.5, 0.75, 0.95})
    "threshold reached is a match": ("v,a,0,8\n", "v,a,0,6,.9\n", {"a": [1, 1, 0]}),
    "float64 without a tolerance": ("v,a,0,19\n", "v,a,0.1,18.15,.9\n", {"a": [1, 1, 0]}),
    "touching is no overlap": ("v,a,0,10\n", "v,a,10,20,.9\n", {"a": [0, 0, 0]}),
    "another video is no match": ("v,a,0,10\nw,a,50,60\n", "w,a,0,10,.9\n", {"a": [0, 0, 0]}),
    "one segment is found once": (
        "v,a,0,10\nv,a,20,30\n", "v,a,0,10,.9\nv,a,0,10,.8\nv,a,20,30,.7\n", {"a": [5 / 6] * 3},
    ),
    "taken falls through": ("v,a,0,10\nv,a,0,9\n", "v,a,0,10,.9\nv,a,0,10,.8\n", {"a": [1, 1, 0.5]}),
    "greedy, not optimal": ("v,a,0,10\nv,a,0,16\n", "v,a,0,12,.9\nv,a,0,10,.8\n", {"a": [1, 0.5, 0.25]}),
    "equal tIoU takes the later row": ("v,a,0,8\nv,a,2,10\n", "v,a,0,10,.9\nv,a,2,10,.8\n", {"a": [1, 0.5, 0.25]}),
    "equal scores in file order": ("v,a,0,10\n", "v,a,50,60,.9\nv,a,0,10,.9\n", {"a": [0.5] * 3}),
    "precision is interpolated": (
        "v,a,0,10\nv,a,20,30\n", "v,a,50,60,.9\nv,a,0,10,.8\nv,a,20,30,.7\n", {"a": [2 / 3] * 3},
    ),
    "mean over classes, not segments": (
        "v,a,0,1\nv,a,2,3\nv,a,4,5\nv,b,0,1\n", "v,b,0,1,.9\n", {"a": [0, 0, 0], "b": [1, 1, 1]},
    ),
    "unknown label is left out": ("v,a,0,10\n", "v,b,0,10,.9\nv,a,0,10,.8\n", {"a": [1, 1, 1]}),
    "unknown video is a false positive": ("v,a,0,10\n", "w,a,0,10,.9\nv,a,0,10,.8\n", {"a": [0.5] * 3}),
    "nothing and nothing is tIoU 0": ("v,a,5,5\nv,a,0,10\n", "v,a,5,5,.9\nv,a,0,10,.8\n", {"a": [0.25] * 3}),
    "end before start is a false positive": ("v,a,0,10\n", "v,a,10,0,.9\nv,a,0,10,.8\n", {"a": [0.5] * 3}),
    "duplicates count": ("v,a,0,10\nv,a,0,10\n", "v,a,0,10,.9\n", {"a": [0.5] * 3}),
    "ids and labels are texts": (
        "007,1,0,10\n007,01,0,10\n", "7,1,0,10,.9\n007,1,0,10,.8\n", {"01": [0] * 3, "1": [0.5] * 3},
    ),
    "negative scores and times": ("v,a,-9,1\n", "v,a,-9,1,-5\nv,a,50,60,-7\n", {"a": [1, 1, 1]}),
    "no predictions": ("v,a,0,10\n", "", {"a": [0, 0, 0]}),
}  # fmt: skip


@pytest.mark.parametrize("name", EXAMPLES)
def test_rule(name, bineego, tmp_path):
    truth, found, expected = EXAMPLES[name]
    (tmp_path / "truth.csv").write_text(TRUTH + truth)
    (tmp_path / "found.csv").write_text(FOUND + found)
    outcome = bineego("evaluate", tmp_path / "truth.csv", tmp_path / "found.csv", "--json")
    assert outcome.code == 0, outcome.err
    content = json.loads(outcome.out)
    assert set(content) == {"tiou", "mAP", "final", "ap", "scene_top1"}
    assert content["ap"] == {label: pytest.approx(values, abs=1e-12) for label, values in expected.items()}


OTHER_RULES = {"case_072"}
"""A contested case that takes blanks around a label for a part of it; they are none (docs/file-formats.md)."""


def test_shared_goldens(bineego, shared):
    cases = sorted((shared / "goldens" / "evaluate").glob("case_*"))
    cases = [case for case in cases if case.name not in OTHER_RULES]
    assert cases
    for case in cases:
        expected = json.loads((case / "expected.json").read_text(encoding="utf-8"))
        outcome = bineego("evaluate", case / "ground_truth.csv", case / "predictions.csv", "--json")
        assert outcome.code == 0, (case, outcome.err)
        content = json.loads(outcome.out)
        assert content["tiou"] == expected["thresholds"]
        assert content["ap"] == {label: pytest.approx(ap, abs=1e-6) for label, ap in expected["ap"].items()}, case
        assert content["mAP"] == pytest.approx(expected["mAP"], abs=1e-6), case
        assert content["final"] == pytest.approx(expected["final"], abs=1e-6), case


def _as_activitynet(case: Path, folder: Path) -> tuple[Path, Path]:
    database: dict = {}
    results: dict = {}
    with (case / "ground_truth.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            entry = database.setdefault(row["video_id"], {"subset": "validation", "annotations": []})
            entry["annotations"].append({"segment": [row["start"], row["end"]], "label": row["label"]})
    with (case / "predictions.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found = {
                "segment": [float(row["start"]), float(row["end"])],
                "label": row["label"],
                "score": float(row["score"]),
            }
            results.setdefault(row["video_id"], []).append(found)
    truth, predictions = folder / "truth.json", folder / "found.json"
    truth.write_text(json.dumps({"version": "x", "database": database}), encoding="utf-8")
    predictions.write_text(json.dumps({"version": "x", "results": results, "external_data": {}}), encoding="utf-8")
    return truth, predictions


def test_shared_goldens_as_activitynet_files(bineego, shared, tmp_path):
    """Grouped by video the order of equal scores is another one, so only the cases without ties."""
    for case in sorted((shared / "goldens" / "evaluate").glob("case_*")):
        expected = json.loads((case / "expected.json").read_text(encoding="utf-8"))
        if expected["contentious"] or expected["n_predictions"] > 10_000 or expected["n_predictions"] == 0:
            continue
        outcome = bineego("evaluate", *_as_activitynet(case, tmp_path), "--subset", "val", "--json")
        assert outcome.code == 0, (case, outcome.err)
        content = json.loads(outcome.out)
        assert content["ap"] == {label: pytest.approx(ap, abs=1e-6) for label, ap in expected["ap"].items()}, case


def test_as_a_process(tmp_path):
    truth, found, expected = EXAMPLES["taken falls through"]
    (tmp_path / "truth.csv").write_text(TRUTH + truth)
    (tmp_path / "found.csv").write_text(FOUND + found)
    command = [sys.executable, "-m", "bineego", "evaluate", "truth.csv", "found.csv", "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["ap"] == expected
    assert done.stderr == ""
