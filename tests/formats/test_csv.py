from __future__ import annotations

import csv as plain_csv
import math
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bineego import segments
from bineego.errors import InputInvalid, InputMissing
from bineego.formats import csv

names = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\r"), min_size=1, max_size=8)
numbers = st.floats(allow_nan=False, allow_infinity=False)
tables = st.lists(st.tuples(names, names, numbers, numbers, numbers), max_size=6).map(
    lambda rows: segments.make(*([row[k] for row in rows] for k in range(5)))
)


def write(folder: Path, text: str) -> Path:
    path = folder / "table.csv"
    path.write_bytes(text.encode())
    return path


@given(tables)
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, table: pd.DataFrame) -> None:
    path = tmp_path_factory.mktemp("csv") / "p.csv"
    csv.write_segments(table, path)
    pd.testing.assert_frame_equal(csv.read_predictions(path), table, check_exact=True)
    with path.open(newline="", encoding="utf-8") as stream:
        assert len(list(plain_csv.reader(stream))) == len(table) + 1


def test_ids_and_labels_stay_as_they_are(tmp_path: Path) -> None:
    path = write(tmp_path, "video_id,label,start,end,score\n0012,NA,1,2,0.5\nNA,nan,1,2,1e-7\n")
    table = csv.read_predictions(path)
    assert table["video_id"].tolist() == ["0012", "NA"]
    assert table["label"].tolist() == ["NA", "nan"]


def test_a_space_after_the_comma_is_no_part_of_the_value(tmp_path: Path) -> None:
    path = write(tmp_path, 'video_id, label, start, end, score\na, walk, 1, 2, 0.5\na, "walk",1,2,0.5\n')
    assert csv.read_predictions(path)["label"].tolist() == ["walk", "walk"]


def test_columns_may_come_in_any_order_after_a_byte_order_mark(tmp_path: Path) -> None:
    path = write(tmp_path, "\ufeffscore,end,start,label,video_id\r\n0.5,2,1,x,a\r\n")
    assert csv.read_predictions(path).iloc[0].tolist() == ["a", "x", 1.0, 2.0, 0.5]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty file"),
        ("video_id,label,start,end\n", "missing column 'score'"),
        ("video_id,label,start,end,scor\n", "unknown column 'scor'.*did you mean 'score'"),
        ("video_id,label,start,start,end,score\n", "duplicate column 'start'"),
        ("video_id,label,start,end,score\na,x,1,2\n", "line 2.*4 fields"),
        ("video_id,label,start,end,score\na,x,1,2,3\na,x,1,2,3,4\n", "line 3.*6 fields"),
        ("video_id,label,start,end,score\na,x,1,2,nan\n", "line 2, column 'score'.*'nan' is not a finite number"),
        ("video_id,label,start,end,score\na,x,one,2,3\n", "line 2, column 'start'"),
        ("video_id,label,start,end,score\na,x,1_0,2,3\n", "'1_0'"),
        ("video_id,label,start,end,score\na,x,,2,3\n", "column 'start'"),
        ("video_id,label,start,end,score\na,x,1,2,3\n,x,1,2,3\n", "line 3: video_id is empty"),
        ("video_id,label,start,end,score\na,,1,2,3\n", "line 2: label is empty"),
        ('video_id,label,start,end,score\n"a,x,1,2,3\n', "not valid CSV"),
        ("video-name,t-init,t-end,label-idx\n", r"missing column 'label'.*found: video-name,t-init"),
    ],
)
def test_wrong_files_are_refused_with_the_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputInvalid, match=message):
        csv.read_predictions(write(tmp_path, text))


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"video_id,label,start,end,score\n\x81,x,1,2,3\n")
    with pytest.raises(InputInvalid, match="UTF-8"):
        csv.read_predictions(path)
    with pytest.raises(InputMissing):
        csv.read_predictions(tmp_path)


def test_ground_truth_with_subset_scene_and_an_empty_video(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "video_id,label,start,end,subset,scene\na,x,1,2,training,Kitchen\na,y,2,3,,\nb,,,,Validation,\nc,x,0,1,test,\n",
    )
    found = csv.read_annotations(path)
    assert found.videos == ("a", "b", "c")
    assert found.segments["video_id"].tolist() == ["a", "a", "c"]
    assert found.subsets == {"a": "train", "b": "val", "c": "test"}
    assert found.scenes == {"a": "Kitchen"}


@pytest.mark.parametrize("row", ["a,,1,2", "a,x,,", "a,x,1,", "a,,,3"])
def test_half_empty_rows_are_refused(tmp_path: Path, row: str) -> None:
    with pytest.raises(InputInvalid, match=r"line 3 \('a'\).*all be"):
        csv.read_annotations(write(tmp_path, f"video_id,label,start,end\nb,x,1,2\n{row}\n"))


def test_two_subsets_of_one_video_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputInvalid, match="two values of 'subset'"):
        csv.read_annotations(write(tmp_path, "video_id,label,start,end,subset\na,x,1,2,train\na,x,1,2,val\n"))


def test_an_unknown_subset_is_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    found = csv.read_annotations(write(tmp_path, "video_id,label,start,end,subset\na,x,1,2,holdout\n"))
    assert found.subsets == {}
    assert "'holdout'" in caplog.text


def test_scenes_are_read_back(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    csv.write_scenes({"a": ("Shops, Retail", 0.1), "b": ("Nature", 1.0)}, tmp_path / "scenes.csv")
    caplog.set_level("INFO")
    assert csv.read_scenes(tmp_path / "scenes.csv") == {"a": "Shops, Retail", "b": "Nature"}
    assert not caplog.text, "nothing is to be said of a file of ours"


def test_all_golden_tables_are_read(shared: Path) -> None:
    files = sorted((shared / "goldens").glob("*/*/*.csv"))
    assert len(files) > 50
    for path in files:
        lines = list(plain_csv.DictReader(path.open(newline="", encoding="utf-8")))
        truth = path.name == "ground_truth.csv"
        table = csv.read_annotations(path).segments if truth else csv.read_predictions(path)
        assert table["video_id"].tolist() == [line["video_id"] for line in lines]
        assert table["start"].tolist() == [float(line["start"]) for line in lines]
        assert all(map(math.isfinite, table["end"]))


def test_two_scenes_of_one_video_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputInvalid, match="two values of 'scene'"):
        csv.read_scenes(write(tmp_path, "video_id,scene\na,Kitchen\na,Office\n"))


def test_ground_truth_is_written_with_what_is_said_of_its_videos(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "video_id,label,start,end,subset,scene\na,x,1,2,train,Office\nb,,,,val,\na,y,0.1,2.5,train,Office\n"
    )
    found = csv.read_annotations(path)
    csv.write_annotations(found, tmp_path / "b.csv")
    again = csv.read_annotations(tmp_path / "b.csv")
    assert again.segments.equals(found.segments)
    assert (set(again.videos), again.subsets, again.scenes) == (set(found.videos), found.subsets, found.scenes)
