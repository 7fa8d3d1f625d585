"""Projects of BORIS, read as it saves them and written as it opens them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from formats.tools import found, media, rows, rows_of, write_json

from bineego.errors import InputInvalid
from bineego.formats import boris, read
from bineego.formats.boris_project import project
from bineego.formats.options import LabelOptions


def observation(events: list[list[Any]], *files: str, lengths: tuple[float, ...] = (), **more: Any) -> dict[str, Any]:
    info = {"length": dict(zip(files, lengths, strict=False)), "fps": {}}
    return {"type": "MEDIA", "file": {"1": list(files), "2": []}, "time offset": 0.0, "media_info": info,
            "events": events} | more  # fmt: skip


def write(path: Path, **observations: Any) -> Path:
    ethogram = {
        "0": {"type": "State event", "code": "walk"},
        "1": {"type": "Point event", "code": "blink"},
        "2": {"type": "State event with coding map", "code": "rest"},
    }
    return write_json(path / "p.boris", {"behaviors_conf": ethogram, "observations": observations})


def test_a_state_is_its_start_and_its_stop_and_a_point_is_a_moment(tmp_path: Path) -> None:
    path = write(
        tmp_path, a=observation([[1.5, "", "walk", "", ""], [2, "", "blink", "", ""], [4, "", "walk", "", ""]], "v.mp4")
    )
    assert rows_of(path) == [("v", "walk", 1.5, 4.0), ("v", "blink", 2.0, 2.0)]


def test_the_time_offset_is_taken_off(tmp_path: Path) -> None:
    events = [[11.1, "", "walk", "", ""], [13.3, "", "walk", "", ""]]
    path = write(tmp_path, a=observation(events, "C:\\lab\\my clip.MP4", **{"time offset": 10}))
    assert rows_of(path) == [("my clip", "walk", 1.1, 3.3)]


def test_times_run_on_through_the_media_files(tmp_path: Path) -> None:
    events = [[t, "", code, "", ""] for code, times in {
        "walk": (5, 12), "rest": (10, 25), "blink": (10,),
    }.items() for t in times]  # fmt: skip
    path = write(tmp_path, a=observation(events, "a.mp4", "b.mp4", "c.mp4", lengths=(10, 10, 10)))
    assert sorted(rows_of(path)) == [
        ("a", "walk", 5.0, 10.0), ("b", "blink", 0.0, 0.0), ("b", "rest", 0.0, 10.0), ("b", "walk", 0.0, 2.0),
        ("c", "rest", 0.0, 5.0),
    ]  # fmt: skip


def test_a_length_that_the_project_lacks_is_that_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, a=observation([[61, "", "walk", "", ""], [62, "", "walk", "", ""]], "a.mp4", "b.mp4"))
    with pytest.raises(InputInvalid, match=r"length of 'a.mp4'.*\n.*--videos"):
        rows_of(path)
    assert rows_of(path, media=media("a")) == [("b", "walk", 1.0, 2.0)]


def test_states_are_paired_by_subject_and_modifier(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    events = [[0, "Anna", "walk", "", ""], [1, "Bernd", "walk", "fast|left", ""],
              [2, "Anna", "walk", "", ""], [3, "Bernd", "walk", "fast|left", ""], [7, "Anna", "walk", "", ""],
              [8, "Anna", "walk", "", ""]]  # fmt: skip
    path = write(tmp_path, a=observation(events, "v.mp4"))
    # Equal labels of two subjects that overlap are one.
    assert rows_of(path) == [("v", "walk", 0.0, 3.0), ("v", "walk", 7.0, 8.0)]
    assert "1 segment joined with overlapping events of the same label" in caplog.text
    assert "2 subjects (Anna, Bernd)" in caplog.text
    assert "1 modifier (fast|left)" in caplog.text
    joined = rows_of(path, how=LabelOptions(columns="label=behavior+modifier"))
    assert joined == [("v", "walk", 0.0, 2.0), ("v", "walk fast left", 1.0, 3.0), ("v", "walk", 7.0, 8.0)]


def test_equal_labels_that_touch_stay_two(tmp_path: Path) -> None:
    events = [[0, "A", "walk", "", ""], [5, "A", "walk", "", ""], [5, "B", "walk", "", ""], [8, "B", "walk", "", ""]]
    assert len(rows_of(write(tmp_path, a=observation(events, "v.mp4")))) == 2


def test_an_observation_without_events_is_all_background(tmp_path: Path) -> None:
    one = [[0, "", "walk", "", ""], [1, "", "walk", "", ""]]
    path = write(tmp_path, a=observation([], "empty.mp4"), b=observation(one, "v.mp4"))
    assert read.read_annotations(path).videos == ("empty", "v")


def test_observations_of_pictures_and_live_ones_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    one = [[0, "", "walk", "", ""], [1, "", "walk", "", ""]]
    path = write(
        tmp_path, a=observation([], type="IMAGES"), b=observation(one, type="LIVE"), c=observation(one, "v.mp4"),
        d=observation(one, "v.mp4"),
    )  # fmt: skip
    assert rows_of(path) == [("b", "walk", 0.0, 1.0), ("v", "walk", 0.0, 1.0)]
    assert "of pictures skipped" in caplog.text
    assert "1 observation (b) recorded live" in caplog.text
    assert "1 video (v) in several observations" in caplog.text


def test_times_counted_from_the_creation_of_the_file(tmp_path: Path) -> None:
    events = [[1.7e9 + 1, "", "walk", "", ""], [1.7e9 + 2.5, "", "walk", "", ""]]
    one = observation(events, "v.mp4", media_creation_date_as_offset=True)
    one["media_info"]["media_creation_time"] = {"v.mp4": 1.7e9}
    assert rows_of(write(tmp_path, a=one)) == [("v", "walk", 1.0, 2.5)]
    two = observation(events, "v.mp4", "w.mp4", lengths=(9, 9), media_creation_date_as_offset=True)
    with pytest.raises(InputInvalid, match="creation"):
        rows_of(write(tmp_path, a=two))


@pytest.mark.parametrize(
    ("events", "problem"),
    [
        ([[1.5, "Anna", "walk", "", ""]], r"observation 'a': 'walk' of 'Anna' starts at 1.5 s and never stops"),
        ([[1, "", "fly", "", ""]], r"event 1: the ethogram has no behaviour 'fly'"),
        ([[None, "", "walk", "", ""]], "event 1: its time is not a finite number: None"),
        ([["NaN", "", "walk", "", ""]], "event 1: its time is not a finite number"),
        ([{"t": 1}], "event 1: expected"),
        ({"0": [1, "", "walk"]}, "'events' is not a list"),
    ],
)
def test_what_is_doubtful_is_refused_with_its_place(tmp_path: Path, events: Any, problem: str) -> None:
    with pytest.raises(InputInvalid, match=problem):
        rows_of(write(tmp_path, a=observation(events, "v.mp4")))


def test_predictions_go_there_and_back(tmp_path: Path) -> None:
    given = found(
        ("a", "walk", 0.0, 5.0, 0.9), ("a", "walk", 3.0, 6.0, 0.8), ("a", "run", 3.0, 6.125, 1e-7),
        ("a", "walk", 5.0, 8.0, 0.7), ("b", "blink", 2.0, 2.0, 0.5), videos=("a", "b", "empty"),
    )  # fmt: skip
    path = tmp_path / "out.boris"
    boris._write(given, path, {})
    assert sorted(rows(read.read_predictions(path))) == sorted(rows(given.segments))
    # As labels, events of two subjects at one time are one.
    labels = read.read_annotations(path)
    assert sorted(rows(labels.segments))[:3] == [
        ("a", "run", 3.0, 6.125),
        ("a", "walk", 0.0, 8.0),
        ("b", "blink", 2.0, 2.0),
    ]
    assert set(labels.videos) == {"a", "b", "empty"}


def test_corrected_predictions_are_labels(tmp_path: Path) -> None:
    """Somebody adds an event of their own: no score, no prediction."""
    events = [
        [0, "", "walk", "", "score 0.9"],
        [1, "", "walk", "", ""],
        [2, "", "rest", "", "sure"],
        [3, "", "rest", "", ""],
    ]
    path = write(tmp_path, a=observation(events, "v.mp4"))
    with pytest.raises(InputInvalid, match=r"no score|'rest' at 2 s"):
        read.read_predictions(path)
    assert rows_of(path) == [("v", "walk", 0.0, 1.0), ("v", "rest", 2.0, 3.0)]


def test_the_project_names_its_media_and_says_so_if_they_are_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from bineego.formats.media import Media

    (tmp_path / "vid").mkdir()
    file = tmp_path / "vid" / "a.mp4"
    file.touch()
    known = {"a": Media(path=file, length=9.5, rate=25.0, steady=True), "b": None}
    made = project(found(("a", "walk", 0.0, 1.0), ("b", "walk", 0.0, 1.0)), tmp_path / "p.boris", known)
    assert made["observations"]["a"]["file"]["1"] == ["vid/a.mp4"]
    assert made["observations"]["a"]["media_info"]["length"] == {"vid/a.mp4": 9.5}
    assert made["observations"]["b"]["file"]["1"] == ["b"]
    assert "1 video (b) without a file" in caplog.text
    again = project(found(("a", "walk", 0.0, 1.0), ("b", "walk", 0.0, 1.0)), tmp_path / "p.boris", known)
    assert again == made
