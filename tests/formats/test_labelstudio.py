"""Label Studio's exports, and tasks with pre-annotations for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from formats.tools import found, media, rows, rows_of, write_json

from bineego.errors import InputInvalid
from bineego.formats import labelstudio, read
from bineego.formats.options import LabelOptions, TimeUnit


def timeline(label: str, start: int, end: int, **more: Any) -> dict[str, Any]:
    value = {"ranges": [{"start": start, "end": end}], "timelinelabels": [label]}
    return {"type": "timelinelabels", "from_name": "actions", "to_name": "video", "value": value} | more


def series(label: str, start: Any, end: Any) -> dict[str, Any]:
    value = {"start": start, "end": end, "instant": False, "timeserieslabels": [label]}
    return {"type": "timeserieslabels", "from_name": "actions", "to_name": "ts", "value": value}


def task(*results: dict[str, Any], video: str = "/data/upload/1/1a2b3c4d-kitchen.mp4", **data: Any) -> dict[str, Any]:
    return {"id": 7, "data": {"video": video, **data}, "annotations": [{"result": list(results)}], "predictions": []}


def test_frames_are_counted_from_1_with_both_ends_at_the_real_rate(tmp_path: Path) -> None:
    path = write_json(tmp_path / "e.json", [task(timeline("walk", 1, 30), timeline("run", 31, 60))])
    assert rows_of(path, media=media("kitchen", rate=30)) == [
        ("kitchen", "walk", 0.0, 1.0),
        ("kitchen", "run", 1.0, 2.0),
    ]
    with pytest.raises(InputInvalid, match=r"task 7, result 1: .*frame rate of 'kitchen' is unknown\n.*--videos"):
        rows_of(path)


def test_the_rate_of_the_task_is_that_of_its_count(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write_json(tmp_path / "e.json", [task(timeline("walk", 1, 25), fps=25)])
    assert rows_of(path) == [("kitchen", "walk", 0.0, 1.0)]
    assert rows_of(path, media=media("kitchen", rate=30)) == [("kitchen", "walk", 0.0, 1.0)]
    assert "the task counts 25 frames per second, but the video has 30.000" in caplog.text


def test_a_variable_rate_is_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write_json(tmp_path / "e.json", [task(timeline("walk", 1, 30))])
    rows_of(path, media=media("kitchen", rate=30, steady=False))
    assert "1 video (kitchen) with a variable frame rate" in caplog.text


def test_time_series_have_times(tmp_path: Path) -> None:
    path = write_json(tmp_path / "e.json", [task(series("walk", 1.5, "2.75"))])
    assert rows_of(path) == [("kitchen", "walk", 1.5, 2.75)]
    assert rows_of(path, how=LabelOptions(time_unit=TimeUnit.MILLISECONDS)) == [("kitchen", "walk", 0.0015, 0.00275)]
    dates = write_json(tmp_path / "d.json", [task(series("walk", "2024-01-01", "2024-01-02"))])
    with pytest.raises(InputInvalid, match="task 7, result 1: no range with two numbers"):
        rows_of(dates)


@pytest.mark.parametrize(
    ("address", "video"),
    [
        ("/data/upload/1/1a2b3c4d-kitchen.mp4", "kitchen"),
        ("/data/local-files/?d=lab/day%201/my%20clip.MP4", "my clip"),
        ("s3://bucket/a/b.c.mp4", "b.c"),
        ("https://host/x/1a2b3c4d-kitchen.mp4?token=1", "1a2b3c4d-kitchen"),
        ("kitchen.webm", "kitchen"),
    ],
)
def test_the_video_is_told_by_its_address(tmp_path: Path, address: str, video: str) -> None:
    path = write_json(tmp_path / "e.json", [task(series("walk", 1, 2), video=address)])
    assert read.read_annotations(path).videos == (video,)


def test_json_min(tmp_path: Path) -> None:
    short = [{"video": "/data/upload/1/1a2b3c4d-kitchen.mp4", "id": 1, "annotator": 1,
              "videoLabels": [{"ranges": [{"start": 26, "end": 50}], "timelinelabels": ["walk", "talk"]}]}]  # fmt: skip
    path = write_json(tmp_path / "e.json", short)
    found_rows = rows_of(path, media=media("kitchen"))
    assert found_rows == [("kitchen", "walk", 1.0, 2.0), ("kitchen", "talk", 1.0, 2.0)]


def test_what_is_no_timed_label_is_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    boxes = {"type": "videorectangle", "value": {"sequence": [], "labels": ["Man"]}}
    choice = {"type": "choices", "value": {"choices": ["good"]}}
    path = write_json(tmp_path / "e.json", [task(series("walk", 1, 2), boxes, choice, choice)])
    assert len(rows_of(path)) == 1
    assert "ignored: 1 videorectangle, 2 choices" in caplog.text


def test_who_annotated_what(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Nobody yet: not annotated. An empty answer: all background. Two answers: joined, unless one is the truth."""
    nobody = {"id": 1, "data": {"video": "a.mp4"}, "annotations": [], "predictions": [{"result": []}]}
    empty = {"id": 2, "data": {"video": "b.mp4"}, "annotations": [{"result": []}]}
    two = {"id": 3, "data": {"video": "c.mp4"}, "annotations": [
        {"result": [series("walk", 1, 3)]}, {"result": [series("walk", 2, 4)]},
        {"was_cancelled": True, "result": [series("walk", 8, 9)]},
    ]}  # fmt: skip
    path = write_json(tmp_path / "e.json", [nobody, empty, two])
    assert read.read_annotations(path).videos == ("b", "c")
    assert rows_of(path) == [("c", "walk", 1.0, 4.0)]
    assert "1 video (c) annotated more than once" in caplog.text
    two["annotations"][1]["ground_truth"] = True
    assert rows_of(write_json(path, [two])) == [("c", "walk", 2.0, 4.0)]


def test_one_control_of_several_can_be_named(tmp_path: Path) -> None:
    path = write_json(tmp_path / "e.json", [task(series("walk", 1, 2), series("happy", 1, 2) | {"from_name": "mood"})])
    assert len(rows_of(path)) == 2
    assert rows_of(path, how=LabelOptions(columns="label=mood")) == [("kitchen", "happy", 1.0, 2.0)]


@pytest.mark.parametrize(
    ("result", "problem"),
    [
        ({"type": "timelinelabels", "value": {"ranges": [], "timelinelabels": ["x"]}}, "'ranges' is not a list"),
        ({"type": "timelinelabels", "value": {"ranges": [{"start": 1}], "timelinelabels": ["x"]}}, "no range with two"),
        ({"type": "timelinelabels", "value": {"ranges": [{"start": 1, "end": 2}]}}, "'timelinelabels' is not a list"),
        (series("", 1, 2), "is not a list of labels"),
        (series("x", float("nan"), 2), "no range with two numbers"),
        ("x", "expected a result"),
    ],
)
def test_what_is_doubtful_is_refused_with_its_place(tmp_path: Path, result: Any, problem: str) -> None:
    path = write_json(tmp_path / "e.json", [task(result)])
    with pytest.raises(InputInvalid, match=f"task 7, result 1: .*{problem}"):
        rows_of(path, media=media("kitchen"))


def test_predictions_go_there_and_back(tmp_path: Path) -> None:
    known = media("my clip", "b", rate=30000 / 1001)
    step = 1001 / 30000
    given = found(
        ("my clip", "walk", 0.0, 30 * step, 0.9), ("my clip", "run", 10 * step, 11 * step, 0.1), videos=("my clip", "b")
    )
    labelstudio._write(given, tmp_path / "ls.json", known)
    again = read.read_predictions(tmp_path / "ls.json", media=known)
    assert [row[:2] + row[4:] for row in rows(again)] == [row[:2] + row[4:] for row in rows(given.segments)]
    assert again[["start", "end"]].to_numpy() == pytest.approx(given.segments[["start", "end"]].to_numpy())


def test_labels_are_written_as_pre_annotations_too(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    given = found(("a", "walk", 0.0, 2.0), videos=("a", "empty"))
    labelstudio._write(given, tmp_path / "ls.json", media("a", "empty"))
    again = read.read_annotations(tmp_path / "ls.json")
    assert rows(again.segments) == [("a", "walk", 0.0, 2.0)]
    assert again.videos == ("a", "empty")
    assert "no task has been annotated" in caplog.text
    with pytest.raises(InputInvalid, match="not predictions"):
        read.read_predictions(tmp_path / "ls.json")


def test_predictions_are_not_taken_for_labels(tmp_path: Path) -> None:
    labelstudio._write(found(("a", "walk", 0.0, 2.0, 0.5)), tmp_path / "ls.json", media("a"))
    with pytest.raises(InputInvalid, match="predictions, not annotations: no task has been annotated"):
        rows_of(tmp_path / "ls.json")


def test_a_video_without_a_rate_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(InputInvalid, match=r"frame rate of 'a' is unknown\n.*--videos"):
        labelstudio._write(found(("a", "walk", 0.0, 2.0)), tmp_path / "ls.json", {"a": None})


def test_of_several_predictions_the_last_one_is_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    one, two = ({"result": [series("walk", 1, 2)], "score": score} for score in (0.25, 0.75))
    path = write_json(tmp_path / "e.json", [{"data": {"video": "a.mp4"}, "predictions": [one, two]}])
    assert rows(read.read_predictions(path)) == [("a", "walk", 1.0, 2.0, 0.75)]
    assert "1 task with several predictions" in caplog.text
