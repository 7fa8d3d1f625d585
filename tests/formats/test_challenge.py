"""The challenge's web JSON and its two CSV files."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from formats.tools import found, rows, rows_of, write_json
from hypothesis import given
from hypothesis import strategies as st

from bineego import segments
from bineego.errors import InputInvalid
from bineego.formats import challenge, challenge_web, read, windows
from bineego.formats.annotations import Annotations
from bineego.formats.kinds import FileFormat
from bineego.formats.media import Media
from bineego.formats.write import WRITERS, write
from bineego.labels import CHALLENGE_ACTIONS, SCENES


def windows_csv(path: Path, *rows: tuple[str, str]) -> Path:
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([("id", "prediction"), *rows])
    return path


def test_web_page_json(tmp_path: Path) -> None:
    row = {"video_id": "a", "t_start": 9.6, "t_end": "116.3", "label": "speaking"}
    path = write_json(tmp_path / "w.json", [row, row | {"label": 12, "score": None}])
    assert rows_of(path) == [("a", "speaking", 9.6, 116.3)] * 2


def test_without_scores_the_order_of_the_file_counts(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    row = {"video_id": "a", "t_start": 1, "t_end": 2, "label": "x"}
    table = read.read_predictions(write_json(tmp_path / "w.json", [row, row]))
    assert table["score"].tolist() == [1.0, 1.0]
    assert "no scores" in caplog.text
    scored = read.read_predictions(write_json(tmp_path / "w.json", [row | {"score": 0.25}]))
    assert scored["score"].tolist() == [0.25]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"t_end": None}, "not two finite numbers"), ({"label": ""}, "'label' is not a text"),
        ({"video_id": 3}, "'video_id' is not a text"), ({"score": "high"}, "'score' is not a finite number"),
    ],
)  # fmt: skip
def test_wrong_rows_of_the_web_json_are_named(tmp_path: Path, change: dict[str, Any], problem: str) -> None:
    row = {"video_id": "a", "t_start": 1, "t_end": 2, "label": "x"}
    path = write_json(tmp_path / "w.json", [row, row | change])
    with pytest.raises(InputInvalid, match=f"row 2: .*{problem}"):
        rows_of(path)


def test_all_that_is_wrong_with_the_web_json(tmp_path: Path) -> None:
    row = {"video_id": "a", "t_start": 1, "t_end": 2, "label": "walking"}
    odd = [row, row | {"label": "wlking"}, row | {"t_end": 1}, row | {"t_start": "x"}, "row"]
    problems = challenge.problems_of(write_json(tmp_path / "w.json", odd))
    assert [problem.split(": {")[0] for problem in problems] == [
        "row 3: from 1 to 1 s has no length",
        "row 4: 't_start' and 't_end' are not two finite numbers",
        "row 5: no 'video_id': 'row'",
        "label 'wlking' is not one of the challenge's (did you mean 'walking'?)",
    ]
    # Labels of another data set are its own business.
    assert challenge.problems_of(write_json(tmp_path / "w.json", [row | {"label": "typing"}])) == []


def test_web_json_is_written_best_first(tmp_path: Path) -> None:
    challenge_web._write(
        found(("b", "x", 1.0, 2.0, 0.1), ("a", "x", 1.0, 2.0, 0.2), ("a", "y", 3.0, 4.0, 0.9)), tmp_path / "w.json", {}
    )
    assert rows_of(tmp_path / "w.json") == [("a", "y", 3.0, 4.0), ("a", "x", 1.0, 2.0), ("b", "x", 1.0, 2.0)]


def test_windows_have_the_times_of_the_whole_video(tmp_path: Path) -> None:
    path = windows_csv(
        tmp_path / "s.csv", ("u_1_0_10", "[[12, 9.6, 10.0, 0.5]]"),
        ("u_1_10_20", "[[12, 10.0, 20, 0.5], [1, 11, 12.5, 0.25]]"),
        ("u_1_20_30", "[[12, 20.0, 24.5, 0.5]]"), ("v_0_10", "[]"), ("v_10_20", ""),
    )  # fmt: skip
    assert rows(read.read_predictions(path)) == [
        ("u_1", "speaking", 9.6, 24.5, 0.5),
        ("u_1", "walking", 11.0, 12.5, 0.25),
    ]
    assert read.read_annotations(path).videos == ("u_1", "v")


def test_pieces_of_other_scores_stay_apart(tmp_path: Path) -> None:
    path = windows_csv(tmp_path / "s.csv", ("u_0_10", "[[1, 5, 10, 0.5]]"), ("u_10_20", "[[1, 10, 12, 0.6]]"))
    assert len(read.read_predictions(path)) == 2


def test_class_0_is_no_action(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    path = windows_csv(tmp_path / "s.csv", ("u_0_10", "[[0, 0, 5, 0.5], [2, 5, 6, 0.5]]"))
    assert rows_of(path) == [("u", "operating phone", 5.0, 6.0)]
    assert "1 piece of class 0" in caplog.text


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (("u_5_15", "[]"), "line 2: id 'u_5_15' is not"),
        (("u_0_10", "[[35, 1, 2, 0.5]]"), "class id 35 is not from 0"),
        (("u_0_10", "[[1.5, 1, 2, 0.5]]"), "class id 1.5"),
        (("u_0_10", "[[1, 2, 2, 0.5]]"), "has no length"),
        (("u_0_10", "[[1, 9, 11, 0.5]]"), "outside its window of 0 to 10 s"),
        (("u_0_10", "[[1, 9, 10]"), "not a list of"),
        (("u_0_10", "[[1, 9, NaN, 1]]"), "not a list of"),
        (("u_0_10", '[["walking", 8, 9, 1]]'), "not a list of"),
        (("u_20_30", "[[1, 3, 4, 0.5]]"), "counted from the start of the window"),
    ],
)
def test_what_is_wrong_with_a_submission(tmp_path: Path, row: tuple[str, str], problem: str) -> None:
    path = windows_csv(tmp_path / "s.csv", row)
    assert any(problem in text for text in challenge.problems_of(path))
    with pytest.raises(InputInvalid, match=problem):
        read.read_predictions(path)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    path = windows_csv(
        tmp_path / "s.csv", ("u_0_10", "[[35, 1, 2, 0.5], [1, 2, 3]]"), ("u_0_10", "x"), ("v_0_10", "[[1, 2, 3, 1]]")
    )
    problems = challenge.problems_of(path)
    assert len(problems) == 4
    assert any("1 window (u_0_10) in several rows" in problem for problem in problems)
    assert any("some pieces have a score" in problem for problem in problems)
    assert challenge.problems_of(windows_csv(path, ("u_0_10", "[[1, 2, 3, 1]]"))) == []


def test_windows_are_written_for_the_whole_video(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    given_rows = found(("u", "walking", 8.04, 20.3, 0.5), ("u", "alarming", 1.0, 2.0, 0.5), videos=("u", "empty"))
    known = {"u": Media(path=tmp_path / "u.mp4", length=31.0, rate=25, steady=True), "empty": None}
    challenge._write_windows(given_rows, tmp_path / "s.csv", known)
    with (tmp_path / "s.csv").open(newline="") as stream:
        cells = dict(csv.reader(stream))
    assert cells == {
        "id": "prediction", "u_0_10": "[[1, 8.0, 10.0, 0.5]]", "u_10_20": "[[1, 10.0, 20.0, 0.5]]", "u_20_30": "[]",
        "u_30_40": "[]",
    }  # fmt: skip
    assert "1 segment left out: 1 label (alarming) not in the challenge" in caplog.text


TENTHS = st.integers(0, 600).map(lambda n: n / 10)
PIECES = st.lists(
    st.tuples(
        st.sampled_from("ab"), st.sampled_from(CHALLENGE_ACTIONS[:3]), TENTHS, TENTHS, st.sampled_from((0.1, 0.25))
    ),
    max_size=6,
)


@given(PIECES)
def test_joined_pieces_are_cut_into_the_same_pieces(several: list[tuple[Any, ...]]) -> None:
    table = segments.make(*(zip(*several, strict=True) if several else [()] * 5))
    pieces = windows.cut(table)
    again = windows.cut(windows.joined(pieces))
    assert sorted(rows(again)) == sorted(rows(pieces))


def test_scenes_go_there_and_back(tmp_path: Path) -> None:
    given_scenes = Annotations(
        segments=segments.empty(scored=False), videos=(), scenes={"a": "Kitchen", "b": SCENES[27]}
    )
    challenge._write_scenes(given_scenes, tmp_path / "s.csv", {})
    assert read.read_annotations(tmp_path / "s.csv").scenes == given_scenes.scenes
    assert challenge.problems_of(tmp_path / "s.csv") == []
    bad = (tmp_path / "s.csv").read_text().replace("a,0", "a,1")
    (tmp_path / "s.csv").write_text(bad)
    assert challenge.problems_of(tmp_path / "s.csv") == ["line 2: expected one 1 and 27 zeros ('a')"]
    with pytest.raises(InputInvalid, match="not one of the challenge's"):
        challenge._write_scenes(
            Annotations(segments=segments.empty(scored=False), videos=(), scenes={"a": "Moon"}), tmp_path / "s.csv", {}
        )


def test_scenes_of_localize_become_a_submission_and_the_other_way_round(tmp_path: Path) -> None:
    (tmp_path / "scenes.csv").write_text("video_id,scene,score\na,Kitchen,0.9\nb,Campus,0.5\n")
    scenes = read.read_any(tmp_path / "scenes.csv")
    write(scenes, tmp_path / "s.csv", WRITERS[FileFormat.CHALLENGE_SCENES], {})
    back = read.read_any(tmp_path / "s.csv")
    assert back.scenes == {"a": "Kitchen", "b": "Campus"}
    write(back, tmp_path / "again.csv", WRITERS[FileFormat.CSV], {})
    assert (tmp_path / "again.csv").read_text() == "video_id,scene\na,Kitchen\nb,Campus\n"


def test_another_table_is_neither(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("video_id,label,start,end\n")
    with pytest.raises(InputInvalid, match="not a challenge file"):
        challenge.problems_of(tmp_path / "x.csv")
