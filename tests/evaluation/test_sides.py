"""Two files that name and measure things differently: brought together, told, or refused with the cause."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from bineego import segments
from bineego.errors import InputInvalid
from bineego.evaluation.scoring import evaluate
from bineego.formats.annotations import Annotations

TRUTH = "video_id,label,start,end\n"
FOUND = "video_id,label,start,end,score\n"


def final(folder: Path, truth: str, found: str, **given: object) -> float:
    (folder / "t.csv").write_text(truth if truth[:1] == "{" else TRUTH + truth, encoding="utf-8")
    (folder / "p.csv").write_text(found if found[:1] == "{" else FOUND + found, encoding="utf-8")
    return evaluate(folder / "t.csv", folder / "p.csv", **given).final


@pytest.mark.parametrize(
    ("there", "here"),
    [("a.mp4", "a"), ("a", "a.MOV"), ("P01/a", "a"), ("caf\u00e9", "cafe\u0301"), ('" a"', "a"), ("C:\\x\\a.avi", "a")],
)
def test_videos_are_matched_where_one_fits(tmp_path: Path, there: str, here: str) -> None:
    assert final(tmp_path, f"{there},x,0,5\nb,x,0,5\n", f"{here},x,0,5,1\nb,x,0,5,1\n") == 1


@pytest.mark.parametrize(
    ("truth", "found", "cause"),
    [
        ("b,x,0,5\n", "v_b,x,0,5,1\n", "'v_b' and 'b' differ by 'v_'"),
        ("b,x,0,5\nb,y,7,9\n", "b,0,0,5,1\nb,1,7,9,1\n", "'0', '1' are numbers, not names like 'x', 'y'"),
        ("b,x,0,5\n", "B,x,0,5,1\n", "case"),
        ("b,x,0,5\n", "b,X,0,5,1\n", "case"),
        ("b,x,0,5\n", "b.features,x,0,5,1\n", "'.features'"),
    ],
)
def test_nothing_in_common_is_no_score(tmp_path: Path, truth: str, found: str, cause: str) -> None:
    with pytest.raises(InputInvalid, match=cause):
        final(tmp_path, truth, found)


def test_swapped_arguments_are_told(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(TRUTH + "a,x,0,5\n")
    (tmp_path / "p.csv").write_text(FOUND + "a,x,0,5,1\n")
    (tmp_path / "t.json").write_text(json.dumps({"database": {"a": {"annotations": []}}}))
    (tmp_path / "p.json").write_text(json.dumps({"results": {"a": []}}))
    for truth, found in (("t.csv", "p.csv"), ("t.json", "p.json"), ("t.csv", "p.json")):
        with pytest.raises(InputInvalid, match="swap them"):
            evaluate(tmp_path / found, tmp_path / truth)
    with pytest.raises(InputInvalid, match="missing column 'score'"):
        evaluate(tmp_path / "t.csv", tmp_path / "t.csv")


def test_videos_without_a_prediction_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert final(tmp_path, "a,x,0,5\nb,x,0,5\nb,x,7,9\nc,,,\n", "a,x,0,5,1\n") == pytest.approx(1 / 3)
    assert "no prediction in 1 of 2 scored videos: 1 video (b); their 2 segments" in caplog.text


def test_an_entry_without_annotations_is_not_scored(tmp_path: Path) -> None:
    truth = {"database": {"a": {"annotations": [{"segment": [0, 5], "label": "x"}]}, "b": {"duration": 6}}}
    assert final(tmp_path, json.dumps(truth), "b,x,0,5,1\na,x,0,5,.5\n") == 1


def test_the_background_is_left_out_on_both_sides(tmp_path: Path) -> None:
    truth, found = "a,x,0,5\na,SIL,5,9\n", "a,SIL,5,9,1\na,x,0,5,.5\n"
    result = final(tmp_path, truth, found, background="SIL")
    assert result == 1
    assert set(evaluate(tmp_path / "t.csv", tmp_path / "p.csv", background="SIL").ap) == {"x"}


def test_milliseconds_are_those_of_the_ground_truth_or_of_both(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert final(tmp_path, "a,x,1000,5000\n", "a,x,1,5,1\n", time_unit="ms") == 1
    assert "are read as seconds" in caplog.text
    assert final(tmp_path, "a,x,1000,5000\n", "a,x,1000,5000,1\n", time_unit="ms") == 1
    caplog.clear()
    assert final(tmp_path, "a,x,1000,5000\n", "a,x,1,5,1\n") == 0
    assert "1000 times as far" in caplog.text
    assert "--time-unit" in caplog.text


def test_columns_are_those_of_whichever_side_has_them(tmp_path: Path) -> None:
    truth = "File,verb,noun,start,end\na,take,cup,0,5\n"
    (tmp_path / "t.csv").write_text(truth)
    (tmp_path / "p.csv").write_text(FOUND + "a,take cup,0,5,1\n")
    assert evaluate(tmp_path / "t.csv", tmp_path / "p.csv", columns="label=verb+noun").final == 1
    with pytest.raises(InputInvalid, match="no column 'vreb'"):
        evaluate(tmp_path / "t.csv", tmp_path / "p.csv", columns="label=vreb+noun")


AMBIGUOUS = "v1,Diving,10,20\nv1,Ambiguous,30,50\nv2,Diving,0,8\n"
IN_STRETCH = "v1,Diving,30,40,.95\nv1,Diving,10,20,.9\nv2,Diving,0,8,.8\n"


def test_ambiguous_stretches_are_neither_right_nor_wrong(tmp_path: Path) -> None:
    assert final(tmp_path, AMBIGUOUS, IN_STRETCH) == pytest.approx(1 / 3)
    result = evaluate(
        tmp_path / "t.csv",
        tmp_path / "p.csv",
        ignore="Ambiguous",
        bootstrap=20,
        diagnose=True,
        curves=True,
        recall_at="1",
    )
    assert result.final == 1
    assert set(result.ap) == {"Diving"}
    assert result.intervals is not None
    assert result.intervals.final == (1, 1)
    assert result.diagnosis is not None
    assert sum(sum(counts) for counts in result.diagnosis.false_positives.values()) == 0
    assert result.recall == {1: (1, 1, 1)}
    assert result.curves is not None
    assert result.curves["Diving"][0].precision.tolist() == [1, 1]
    with pytest.raises(InputInvalid, match=r"labelled 'ambiguous'.*'Ambiguous'"):
        evaluate(tmp_path / "t.csv", tmp_path / "p.csv", ignore="ambiguous")


def test_what_hits_counts_beside_a_stretch_and_what_misses_does_not_at_each_threshold(tmp_path: Path) -> None:
    """tIoU 0.8 with a segment that a stretch follows: a hit up to 0.75, and nothing at 0.95."""
    truth = "v,a,0,10\nv,a,40,50\nv,Ambiguous,10,20\n"
    found = "v,a,0,12.5,.9\nv,a,40,50,.8\n"
    assert final(tmp_path, truth, found, ignore="Ambiguous") == pytest.approx((1 + 1 + 0.5) / 3)


def test_moments_are_hit_by_centres_that_lie_near(tmp_path: Path) -> None:
    truth = "v,a,10,10\nv,a,20,20\nv,a,40,50\n"
    assert final(tmp_path, truth, "v,a,9,12,.9\nv,a,20.5,20.5,.8\nv,a,40,50,.7\n", tolerance=0.5) == 1
    assert final(tmp_path, truth, "v,a,9,12.1,.9\nv,a,40,50,.7\n", tolerance=0.5) == pytest.approx(1 / 6)
    # The nearest centre takes it, and one prediction finds one moment.
    assert final(tmp_path, "v,a,10,10\nv,a,11,11\n", "v,a,9,12,.9\n", tolerance=1) == pytest.approx(0.5)


@pytest.mark.parametrize(("videos", "told"), [(("a", "b"), True), (("a", "c"), False), (("a", "b", "c", "d"), False)])
def test_the_subset_that_is_likely_meant(caplog: pytest.LogCaptureFixture, videos: tuple[str, ...], told: bool) -> None:
    """Where all that is predicted lies in one, and others are missed."""
    caplog.set_level(logging.WARNING, "bineego")
    n = len(videos)
    truth = segments.make(list("abcd"), ["x"] * 4, [0.0] * 4, [1.0] * 4)
    known = Annotations(
        segments=truth, videos=tuple("abcd"), subsets={"a": "test", "b": "test", "c": "val", "d": "val"}
    )
    evaluate(known, segments.make(list(videos), ["x"] * n, [0.0] * n, [1.0] * n, [0.5] * n))
    assert ("--subset test" in caplog.text) == told
    caplog.clear()
    evaluate(known, segments.make(list(videos), ["x"] * n, [0.0] * n, [1.0] * n, [0.5] * n), subset="test")
    assert "--subset test" not in caplog.text
