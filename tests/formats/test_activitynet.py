from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bineego import segments
from bineego.errors import InputInvalid
from bineego.formats import activitynet, read

names = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=8)
numbers = st.floats(allow_nan=False, allow_infinity=False)
rows = st.lists(st.tuples(names, numbers, numbers, numbers), max_size=4)
videos = st.dictionaries(names, rows, max_size=4)


def write(folder: Path, content: object) -> Path:
    path = folder / "file.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def results(*found: object) -> dict[str, object]:
    return {"results": {"a": list(found)}}


@given(videos)
def test_results_are_read_back_to_the_last_bit(
    tmp_path_factory: pytest.TempPathFactory, content: dict[str, list[tuple[str, float, float, float]]]
) -> None:
    flat = [(video, *row) for video, found in content.items() for row in found]
    table = segments.make(*([row[k] for row in flat] for k in range(5)))
    path = tmp_path_factory.mktemp("an") / "r.json"
    activitynet.write_predictions(table, path, videos=list(content))
    pd.testing.assert_frame_equal(activitynet.read_predictions(path), table, check_exact=True)
    # Any JSON reader understands it, and videos without rows are there.
    assert set(json.loads(path.read_text(encoding="utf-8"))["results"]) == set(content)


@given(videos)
def test_the_fast_way_reads_what_a_plain_loop_reads(
    tmp_path_factory: pytest.TempPathFactory, content: dict[str, list[tuple[str, float, float, float]]]
) -> None:
    database = {
        video: {
            "subset": "training",
            "annotations": [{"label": label, "segment": [repr(s), e]} for label, s, e, _ in found],
        }
        for video, found in content.items()
    }
    path = write(tmp_path_factory.mktemp("an"), {"database": database, "taxonomy": [{"label": "segment"}]})
    found = activitynet.read_annotations(path)
    assert found.videos == tuple(content)
    assert found.subsets == dict.fromkeys(content, "train")
    loop = [(video, label, s, e) for video, rows in content.items() for label, s, e, _ in rows]
    assert [tuple(row) for row in found.segments.itertuples(index=False)] == loop


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"label": "x", "score": 1}, "row 2: no 'segment'"),
        ({"segment": [1, 2], "score": 1}, "row 2: no 'label'"),
        ({"segment": [1, 2], "label": "x"}, "row 2: no 'score'"),
        ({"segment": [1], "label": "x", "score": 1}, "row 2: 'segment' is not two finite numbers"),
        ({"segment": [1, None], "label": "x", "score": 1}, "'segment'"),
        ({"segment": ["1", "two"], "label": "x", "score": 1}, "'segment'"),
        ({"segment": [True, 2], "label": "x", "score": 1}, "'segment'"),
        ({"segment": "12", "label": "x", "score": 1}, "'segment'"),
        ({"segment": [1, 2], "label": 3, "score": 1}, "'label' is not a text"),
        ({"segment": [1, 2], "label": "", "score": 1}, "'label' is not a text"),
        ({"segment": [1, 2], "label": "x", "score": "1"}, "'score' is not a finite number"),
        ({"segment": [1, 2], "label": "x", "score": True}, "'score'"),
        ({"segment": [1, 2], "label": "x", "score": float("nan")}, "'score'"),
        ({"segment": [1, float("inf")], "label": "x", "score": 1}, "'segment'"),
        ({"segment": [1, 10**400], "label": "x", "score": 1}, "'segment'"),
        ([1, 2, "x"], "row 2: expected an object"),
    ],
)
def test_wrong_rows_are_named(tmp_path: Path, row: object, message: str) -> None:
    good = {"segment": [1, 2], "label": "x", "score": 1}
    with pytest.raises(InputInvalid, match=rf"file\.json, results\['a'\], row 2.*{message.removeprefix('row 2')}"):
        activitynet.read_predictions(write(tmp_path, results(good, row)))


@pytest.mark.parametrize(
    "text",
    [
        '{"results": {"a": [{"segment": [1, 2], "label": "x", "score": 1}], "a": []}}',
        '{"results": {"a": [{"segment": [1, 2], "label": "x", "score": 1, "score": 2}]}}',
        '{"results": {"a": [{"segment": [1, 2], "label": "x", "score": 1}]}, "results": {}}',
    ],
)
def test_repeated_keys_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputInvalid, match="duplicate key"):
        activitynet.read_predictions(write(tmp_path, text))


@given(names, st.sampled_from(['"segment"', '"label"', "segment", 'score"']))
def test_texts_that_look_like_keys_do_no_harm(tmp_path_factory: pytest.TempPathFactory, video: str, text: str) -> None:
    content = {"results": {video: [{"segment": [1, 2], "label": text, "score": 1, "note": '"segment"'}]}}
    path = write(tmp_path_factory.mktemp("an"), content)
    assert activitynet.read_predictions(path)["label"].tolist() == [text]


@pytest.mark.parametrize(
    "text", ["", "{", '{"results": 3}', "[]", '{"results": {"a": {}}}', "[" * 9999, '{"a": "\\ud800"}']
)
def test_what_is_no_results_file_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputInvalid, match=r"file\.json"):
        activitynet.read_predictions(write(tmp_path, text))


def test_broken_json_tells_line_and_column(tmp_path: Path) -> None:
    with pytest.raises(InputInvalid, match="line 2, column 3"):
        activitynet.read_predictions(write(tmp_path, '{"results":\n  oops}'))


def test_subsets_by_any_usual_name(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    subsets = {"a": "Training", "b": "validation", "c": "testing", "d": "unlabelled", "e": None}
    database = {video: {"subset": name, "annotations": []} for video, name in subsets.items()}
    found = activitynet.read_annotations(write(tmp_path, {"database": database}))
    assert found.subsets == {"a": "train", "b": "val", "c": "test"}
    assert found.videos == tuple("abcde")
    assert "1 video (d)" in caplog.text


def test_published_files_are_read(shared: Path) -> None:
    truth = activitynet.read_annotations(shared / "data/annotations/thumos_gt.json")
    raw = json.loads((shared / "data/annotations/thumos_gt.json").read_text())["database"]
    assert len(truth.segments) == sum(len(entry["annotations"]) for entry in raw.values()) > 6000
    assert set(truth.subsets.values()) == {"train", "test"}
    predictions = activitynet.read_predictions(shared / "data/annotations/sample_detection_prediction.json")
    raw = json.loads((shared / "data/annotations/sample_detection_prediction.json").read_text())["results"]
    assert predictions["start"].tolist() == [row["segment"][0] for rows in raw.values() for row in rows]


def test_ground_truth_is_written_with_subsets_and_empty_videos(tmp_path: Path) -> None:
    content = {"database": {
        "a": {"subset": "train", "annotations": [{"segment": [0.1, 2.5], "label": "x"}]}, "b": {"annotations": []},
    }}  # fmt: skip
    path = tmp_path / "a.json"
    path.write_text(json.dumps(content))
    found = activitynet.read_annotations(path)
    activitynet.write_annotations(found, tmp_path / "b.json")
    again = activitynet.read_annotations(tmp_path / "b.json")
    assert again.segments.equals(found.segments)
    assert (again.videos, again.subsets) == (("a", "b"), {"a": "train"})


@pytest.mark.parametrize(
    "content",
    [
        '{"results": {"a": [], "a": []}}',
        '{"database": {"a": {"annotations": []}, "a": {"annotations": []}}}',
        '{"database": {"a": {"subset": "train", "annotations": []}, "a": {"subset": "val", "annotations": []}}}',
    ],
)
def test_a_video_without_rows_that_stands_twice(content: str, tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(content)
    with pytest.raises(InputInvalid, match="duplicate key"):
        read.read_any(tmp_path / "t.json")
