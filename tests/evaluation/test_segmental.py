"""Accuracy over time, edit score and F1: real answers with published figures, and the definitions in loops."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bineego import segments
from bineego.evaluation import evaluate
from bineego.evaluation.segmental import segmental
from bineego.spans import merge_runs

PUBLISHED = {
    "salads-mid-edtcn": (68.0, 63.9, 52.6, 64.7),
    "gtea-edtcn": (73.2, 68.5, 55.6, 63.7),
    "salads-mid-svm": (28.7, 22.7, 15.4, 54.9),
    "salads-eval-svm": (39.0, 33.6, 25.6, 68.1),
    "gtea-svm": (44.2, 38.2, 28.0, 53.7),
}
"""F1 at 0.1, 0.25 and 0.5 and accuracy, means over the videos, in percent."""


def table(video: str, labels: np.ndarray, step: float, *, scored: bool) -> pd.DataFrame:
    """The segments of labels of steps; 0 = background."""
    runs = merge_runs(labels, np.ones(len(labels)), np.arange(len(labels) + 1) * step)
    names = [f"action {label}" for label in runs.labels]
    return segments.make([video] * len(runs), names, runs.starts, runs.ends, runs.scores if scored else None)


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_answers_have_their_published_figures(shared: Path, name: str) -> None:
    with np.load(shared / "goldens" / "tracks" / f"{name}.npz") as file:
        step = json.loads(str(file["meta"]))["seconds_per_step"]
        truth = {key.removeprefix("truth_"): file[key] for key in file if key.startswith("truth_")}
        found = {key.removeprefix("published_"): file[key] for key in file if key.startswith("published_")}
    result = segmental(
        segments.concat([table(video, labels, step, scored=False) for video, labels in truth.items()], scored=False),
        segments.concat([table(video, labels, step, scored=True) for video, labels in found.items()], scored=True),
        list(truth),
        lengths={video: len(labels) * step for video, labels in truth.items()},
    )
    assert [round(100 * value, 1) for value in (*result.f1, result.accuracy)] == list(PUBLISHED[name])
    if name == "salads-mid-edtcn":
        assert [round(100 * value, 1) for value in result.summed_f1] == [67.1, 63.0, 51.9]


def runs_of(labels: list[int]) -> list[tuple[int, int, int]]:
    """(label, first, end) of the actions."""
    found, i = [], 0
    while i < len(labels):
        j = i
        while j < len(labels) and labels[j] == labels[i]:
            j += 1
        if labels[i]:
            found.append((labels[i], i, j))
        i = j
    return found


def edit_in_loops(a: list[int], b: list[int]) -> float:
    distance = np.zeros((len(a) + 1, len(b) + 1), int)
    distance[:, 0], distance[0] = np.arange(len(a) + 1), np.arange(len(b) + 1)
    for i in range(len(a)):
        for j in range(len(b)):
            distance[i + 1, j + 1] = min(
                distance[i, j + 1] + 1, distance[i + 1, j] + 1, distance[i, j] + (a[i] != b[j])
            )
    return 1 - distance[-1, -1] / max(len(a), len(b)) if a or b else 1.0


def f1_in_loops(truth: list[int], found: list[int], threshold: float) -> float:
    right, predicted = runs_of(truth), runs_of(found)
    used: set[int] = set()
    for label, start, end in predicted:
        overlaps = [
            max(0, min(end, e) - max(start, s)) / (max(end, e) - min(start, s)) * (label == k) for k, s, e in right
        ]
        if overlaps and max(overlaps) >= threshold:
            used.add(int(np.argmax(overlaps)))
    whole = len(right) + len(predicted)
    return 2 * len(used) / whole if whole else 1.0


steps = st.lists(st.integers(0, 3), min_size=1, max_size=25)


@given(st.lists(st.tuples(steps, steps), min_size=1, max_size=3), st.sampled_from([0.1, 0.2, 1.4]))
def test_it_is_what_the_definitions_say(videos: list[tuple[list[int], list[int]]], step: float) -> None:
    pairs = [(a[:n], b[:n]) for a, b in videos for n in [min(len(a), len(b))]]
    names = [f"v{i}" for i in range(len(pairs))]
    named = list(zip(names, pairs, strict=True))
    result = segmental(
        segments.concat([table(v, np.array(a), step, scored=False) for v, (a, _) in named], scored=False),
        segments.concat([table(v, np.array(b), step, scored=True) for v, (_, b) in named], scored=True),
        names,
        lengths={v: len(a) * step for v, (a, _) in named},
    )
    assert result.accuracy == pytest.approx(np.mean([np.mean(np.equal(a, b)) for a, b in pairs]))
    edits = [edit_in_loops([k for k, *_ in runs_of(a)], [k for k, *_ in runs_of(b)]) for a, b in pairs]
    assert result.edit == pytest.approx(np.mean(edits))
    for threshold, value in zip(result.tiou, result.f1, strict=True):
        assert value == pytest.approx(np.mean([f1_in_loops(a, b, threshold) for a, b in pairs]))
    assert result.summed_accuracy == pytest.approx(
        np.mean([x == y for a, b in pairs for x, y in zip(a, b, strict=True)])
    )
    for hits, false, missed in zip(result.hits, result.false, result.missed, strict=True):
        assert hits + false == sum(len(runs_of(b)) for _, b in pairs)
        assert hits + missed == sum(len(runs_of(a)) for a, _ in pairs)


def of_rows(*rows: tuple[str, float, float, float]) -> pd.DataFrame:
    labels, starts, ends, scores = zip(*rows, strict=True)
    return segments.make(["v"] * len(rows), labels, starts, ends, scores)


def test_the_best_prediction_and_the_shorter_segment_are_on_top() -> None:
    truth = of_rows(("a", 0, 10, 1), ("b", 4, 6, 1)).drop(columns="score")
    found = of_rows(("b", 4, 6, 0.9), ("a", 0, 10, 0.8), ("c", 0, 10, 0.1))
    result = segmental(truth, found)
    assert (result.accuracy, result.edit, result.f1) == (1.0, 1.0, (1.0, 1.0, 1.0))


def test_time_that_is_ignored_counts_on_neither_side() -> None:
    truth = of_rows(("a", 0, 4, 1)).drop(columns="score")
    found = of_rows(("a", 0, 4, 0.9), ("b", 6, 8, 0.9))
    ignored = of_rows(("?", 5, 8, 1)).drop(columns="score")
    result = segmental(truth, found, ignored=ignored)
    assert (result.accuracy, result.edit, result.false) == (1.0, 1.0, (0, 0, 0))
    assert segmental(truth, found).accuracy == pytest.approx(6 / 8)


def test_a_video_without_actions_counts() -> None:
    truth = of_rows(("a", 0, 4, 1)).drop(columns="score")
    assert segmental(truth, of_rows(("a", 0, 4, 0.9)), ["v", "empty"]).f1 == (1.0, 1.0, 1.0)
    wrong = segments.make(["v", "empty"], ["a", "a"], [0, 0], [4, 4], [0.9, 0.9])
    result = segmental(truth, wrong, ["v", "empty"])
    assert (result.accuracy, result.edit, result.f1[0]) == (0.5, 0.5, 0.5)


def test_evaluate_prints_both_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bineego) -> None:
    monkeypatch.chdir(tmp_path)
    Path("truth.csv").write_text("video_id,label,start,end\nv,a,0,4\nw,a,0,2\nw,b,2,4\n")
    Path("found.csv").write_text("video_id,label,start,end,score\nv,a,0,4,0.9\nw,a,0,4,0.8\n")
    asked = bineego("evaluate", "truth.csv", "found.csv", "--segmental", "--json")
    assert asked.code == 0
    content = json.loads(asked.out)["segmental"]
    result = evaluate("truth.csv", "found.csv", segmental=True)
    assert result.segmental is not None
    assert result.segmental.to_json() == content
    assert content["accuracy"] == 0.75
    assert content["edit"] == 0.75
    assert content["f1"] == dict.fromkeys(("0.1", "0.25", "0.5"), pytest.approx((1 + 2 / 3) / 2))
    assert content["summed"] == {
        "accuracy": 0.75, "f1": {"0.1": 0.8, "0.25": 0.8, "0.5": 0.8}, "hits": {"0.1": 2, "0.25": 2, "0.5": 2},
        "false": {"0.1": 0, "0.25": 0, "0.5": 0}, "missed": {"0.1": 1, "0.25": 1, "0.5": 1},
    }  # fmt: skip
    shown = bineego("evaluate", "truth.csv", "found.csv", "--segmental").out
    assert "mean over videos" in shown
    assert "counts summed" in shown
    assert "segmental" not in json.loads(bineego("evaluate", "truth.csv", "found.csv", "--json").out)
