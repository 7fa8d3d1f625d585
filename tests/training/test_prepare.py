from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bineego.errors import InputInvalid
from bineego.training import Recipe, RunOptions
from bineego.training.prepare import gather, plan
from bineego.training.recipe import Labels
from bineego.training.untaught import report_covered


def test_annotations_in_milliseconds_are_refused(
    make_dataset: Callable[..., Path], recipe: Recipe, options: RunOptions
) -> None:
    folder = make_dataset(2)
    for path in (folder / "TAL_annotations").iterdir():
        document = json.loads(path.read_text())
        for row in document["metadata"].values():
            row["duration"] = [1000 * second for second in row["duration"]]
        path.write_text(json.dumps(document))
    with pytest.raises(InputInvalid, match=r"look like milliseconds.*4\.00 s long(.|\n)*--time-unit ms"):
        plan(folder, recipe, options)
    assert plan(folder, recipe, replace(options, time_unit="ms")).train


def test_an_action_that_no_interval_teaches_is_told(
    make_dataset: Callable[..., Path], recipe: Recipe, options: RunOptions, caplog: pytest.LogCaptureFixture
) -> None:
    folder = make_dataset(2)
    for path in (folder / "TAL_annotations").iterdir():
        rows = {"1": ([0, 2], "long"), "2": ([0, 2], "twin"), "3": ([2.9, 3.1], "short")}
        metadata = {key: {"duration": times, "action": {"1": label}} for key, (times, label) in rows.items()}
        path.write_text(json.dumps({"metadata": metadata}))
    recipe = replace(recipe, interval=1.0, split="none")
    gather(plan(folder, recipe, options), recipe, options)
    text = caplog.text
    assert "action 'short' labels no training interval (0 of 8 intervals)" in text
    assert "at most 0.20 s long, the intervals 1 s; a shorter --interval would teach it" in text
    assert text.count("'long' labels no") + text.count("'twin' labels no") == 1
    assert "4): its segments are covered by other actions; --labels several (multi-label) would teach it. 67 %" in text
    caplog.clear()
    recipe = replace(recipe, labels="several")
    gather(plan(folder, recipe, options), recipe, options)
    assert "'twin' labels no" not in caplog.text
    assert "'short' labels no" in caplog.text


def test_moments_are_learnt_as_stretches(
    make_dataset: Callable[..., Path], recipe: Recipe, options: RunOptions
) -> None:
    folder = make_dataset(2)
    for path in (folder / "TAL_annotations").iterdir():
        row = {"duration": [1.5, 1.5], "action": {"1": "blink"}}
        path.write_text(json.dumps({"metadata": {"1": row}}))
    planned = plan(folder, replace(recipe, split="none"), replace(options, tolerance=0.5))
    tables = [r.segments for r in planned.train if r.segments is not None]
    assert [table[["start", "end"]].to_numpy().tolist() for table in tables] == [[[1.0, 2.0]]] * 2


def test_an_action_that_others_cover_is_told_to_the_temporal_head(
    make_dataset: Callable[..., Path], recipe: Recipe, options: RunOptions, caplog: pytest.LogCaptureFixture
) -> None:
    folder = make_dataset(2)
    for path in (folder / "TAL_annotations").iterdir():
        rows = {"1": ([0, 2], "long"), "2": ([0, 2], "twin"), "3": ([2.9, 3.1], "short")}
        metadata = {key: {"duration": times, "action": {"1": label}} for key, (times, label) in rows.items()}
        path.write_text(json.dumps({"metadata": metadata}))
    train = plan(folder, replace(recipe, split="none"), options).train
    report_covered(train, Labels.SINGLE)
    assert caplog.text.count("is never the label of any moment") == 1
    caplog.clear()
    report_covered(train, Labels.SEVERAL)
    assert not caplog.text
