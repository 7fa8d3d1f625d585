from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from bineego.datasets import Subset, View, open_dataset, read_ground_truth, read_segments
from bineego.errors import InputInvalid, InputMissing, UsageError
from bineego.formats.options import LabelOptions

Make = Callable[..., Path]


def test_a_whole_folder(x360: Make, caplog: pytest.LogCaptureFixture) -> None:
    folder = x360(
        videos=("a", "b"),
        annotated={"a": [("eating", 1, 2), ("drinking", 1, 3)], "b": []},
        index=[
            {"uuid": "a", "category": "educational spaces", "subset": "train", "weather": None, "performer": 3},
            {"uuid": "b", "category": "Garden", "subset": "val"},
        ],
    )
    found = open_dataset(folder)
    a, b = found.recordings
    assert (a.recording_id, a.scene, a.subset) == ("a", "Indoor Educational Spaces", Subset.TRAIN)
    assert a.videos == {"a": folder / "panoramic" / "a.mp4"}
    assert a.attributes == {"performer": 3}
    assert a.segments is not None
    assert a.segments["label"].tolist() == ["eating", "drinking"]
    assert b.segments is not None
    assert b.segments.empty
    assert found.actions == ("drinking", "eating")
    assert found.scenes == ("Garden", "Indoor Educational Spaces")
    assert "1 scene name ('Garden')" in caplog.text
    assert len(caplog.records) == 1


def test_nothing_that_does_not_fit_is_dropped_in_silence(x360: Make, caplog: pytest.LogCaptureFixture) -> None:
    folder = x360(
        videos=("a", "c", "d"),
        annotated={"a": [("x", 0, 1)], "b": [("x", 0, 1)]},
        index=[{"uuid": uuid} for uuid in "abc"],
    )
    found = {r.recording_id: r for r in open_dataset(folder).recordings}
    assert sorted(found) == list("abcd")
    assert found["b"].videos == {}
    assert found["c"].segments is None
    assert "1 recording (b) without a file in the panoramic view" in caplog.text
    assert "2 videos (c, d) without an annotation file" in caplog.text
    assert "1 recording (d) not in index.json" in caplog.text


def test_egocentric_clips_have_a_scene_and_no_timeline(x360: Make) -> None:
    folder = x360(
        annotated={"a": [("x", 0, 1)]},
        clips=[("a", "clip_0"), ("a", "clip_1"), ("b", "clip_0")],
        index=[{"uuid": "a", "category": "Kitchen", "subset": "val"}, {"uuid": "b"}],
    )
    found = open_dataset(folder, view=View.MONOCULAR)
    assert [list(r.videos) for r in found.recordings] == [["a_clip_0", "a_clip_1"], ["b_clip_0"]]
    assert all(r.segments is None for r in found.recordings)
    truth = read_ground_truth(folder)
    assert read_segments(folder).equals(truth.segments)
    assert read_segments(folder / "index.json").equals(truth.segments)
    assert truth.scenes == {"a": "Kitchen", "a_clip_0": "Kitchen", "a_clip_1": "Kitchen"}
    assert truth.subsets["a_clip_1"] == "val"
    assert truth.videos == ("a",)


def test_hidden_files_are_ignored_and_links_followed(x360: Make) -> None:
    folder = x360(videos=("a", ".hidden"), annotated={"a": []})
    (folder / "panoramic" / "b.MOV").symlink_to(folder / "panoramic" / "a.mp4")
    (folder / "panoramic" / "notes.txt").touch()
    assert [r.recording_id for r in open_dataset(folder).recordings] == ["a", "b"]


def test_two_files_with_one_id_are_refused(x360: Make) -> None:
    folder = x360(videos=("a",), annotated={"a": []})
    (folder / "panoramic" / "a.avi").touch()
    with pytest.raises(UsageError, match="two videos with the id 'a'"):
        open_dataset(folder)


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ("{", "not valid JSON"),
        ({}, "expected a list"),
        ([3], "entry 1: expected an object"),
        ([{"uuid": "a"}, {}], "entry 2: no 'uuid'"),
        ([{"uuid": 3}], "entry 1: no 'uuid'"),
        ([{"uuid": "a"}, {"uuid": "a"}], "entry 2.*duplicate 'uuid'"),
        ([{"uuid": "a", "category": 7}], "entry 1: 'category' is not a text"),
        ([{"uuid": "a", "subset": 7}], "subset of 'a'"),
        ('[{"uuid": "a", "uuid": "b"}]', "duplicate key 'uuid'"),
    ],
)
def test_a_broken_index_is_refused_with_the_place(x360: Make, index: object, message: str) -> None:
    with pytest.raises(InputInvalid, match=rf"index\.json.*{message}"):
        open_dataset(x360(videos=("a",), index=index))


def test_a_broken_annotation_is_refused_with_its_file(x360: Make) -> None:
    folder = x360(videos=("a",), annotated={"a": []})
    (folder / "TAL_annotations" / "a.json").write_text("{")
    for reader in (open_dataset, read_ground_truth):
        with pytest.raises(InputInvalid, match=r"TAL_annotations/a\.json"):
            reader(folder)


def via_project(*names: str) -> str:
    return json.dumps(
        {
            "file": {str(i): {"fname": name} for i, name in enumerate(names)},
            "metadata": {
                f"{i}_x": {"vid": str(i), "z": [i, i + 1], "xy": [], "av": {"1": f"label {i}"}}
                for i in range(len(names))
            },
        }
    )


def test_a_project_in_the_layout_belongs_to_the_recording_it_is_named_by(
    x360: Make, caplog: pytest.LogCaptureFixture
) -> None:
    folder = x360(videos=("a",), annotated={"a": []})
    place = folder / "TAL_annotations" / "a.json"
    place.write_text(via_project("copy of a.mp4"))
    (only,) = open_dataset(folder).recordings
    assert only.segments is not None
    assert only.segments["video_id"].tolist() == ["a"]
    place.write_text(via_project("b.mp4", "a.mp4"))
    (only,) = open_dataset(folder).recordings
    assert only.segments is not None
    assert only.segments["label"].tolist() == ["label 1"]
    assert "1 other video (b)" in caplog.text
    place.write_text(via_project("b.mp4", "c.mp4"))
    with pytest.raises(InputInvalid, match="do not include 'a'"):
        open_dataset(folder)


def test_an_annotation_file_with_its_videos_beside_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("a.mp4", "c.webm"):
        (tmp_path / name).touch()
    path = tmp_path / "labels.csv"
    path.write_text("video_id,label,start,end,subset,scene\na,x,0,1,train,My place\nb,y,0,1,val,\n")
    found = open_dataset(path)
    a, b, c = found.recordings
    assert found.name == "labels"
    assert (a.subset, a.scene, b.subset) == (Subset.TRAIN, "My place", Subset.VAL)
    assert b.videos == {}
    assert c.segments is None
    assert "1 annotated video (b) without a file" in caplog.text
    assert "1 video (c) in" in caplog.text
    assert [each.recording_id for each in found.recordings] == ["a", "b", "c"]


def test_videos_in_another_folder(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "labels.csv").write_text("video_id,label,start,end\na.mp4,x,0,1\n")
    (tmp_path / "v").mkdir()
    (tmp_path / "v" / "a.mp4").touch()
    caplog.set_level(logging.INFO)
    (only,) = open_dataset(tmp_path / "labels.csv", videos=tmp_path / "v").recordings
    assert (only.recording_id, list(only.videos)) == ("a", ["a"])
    assert only.segments is not None
    assert only.segments["video_id"].tolist() == ["a"]
    assert "1 video id matched after ignoring extension" in caplog.text
    with pytest.raises(InputMissing, match="no such folder"):
        open_dataset(tmp_path / "labels.csv", videos=tmp_path / "w")


def test_a_folder_of_annotation_files(tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text("video_id,label,start,end\na,x,0,1\n")
    (tmp_path / "b.json").write_text(json.dumps({"metadata": {}}))
    (tmp_path / "a.mp4").touch()
    (tmp_path / "b.mp4").touch()
    assert [len(r.segments) for r in open_dataset(tmp_path).recordings if r.segments is not None] == [1, 0]
    assert read_ground_truth(tmp_path).videos == ("b", "a")


def test_what_is_no_data_set(tmp_path: Path, x360: Make) -> None:
    with pytest.raises(InputMissing, match="no such file"):
        open_dataset(tmp_path / "none")
    with pytest.raises(UsageError, match="not a data set"):
        open_dataset(tmp_path)
    with pytest.raises(UsageError, match="--videos does not apply"):
        open_dataset(x360(videos=("a",)), videos=tmp_path)


def test_real_data_sets(shared: Path) -> None:
    data = shared / "data"
    found = open_dataset(data / "weizmann-tal")
    assert len(found.of_subset(Subset.TRAIN).recordings) == 20
    assert len(found.of_subset(Subset.VAL).recordings) == 8
    assert len({r.attributes["performer"] for r in found.recordings}) == 7
    assert len(open_dataset(data / "fights-tal").videos) == 24
    samples = open_dataset(data / "x360-samples", view=View.BINOCULAR)
    assert len(samples.scenes) == 20
    assert "Indoor Educational Spaces" in samples.scenes
    assert all("_clip_" in video for video in samples.videos)
    assert len(read_ground_truth(data / "one-by-one").segments) == 18


def touched(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def labels(folder: Path, *ids: str) -> Path:
    path = folder / "labels.csv"
    path.write_text("video_id,label,start,end\n" + "".join(f"{name},x,0,1\n" for name in ids))
    return path


@pytest.mark.parametrize(
    "written",
    ["a b.mp4", "a b", "P01/a b.mp4", "C:\\films\\a b.MOV", "https://host/x/a%20b.mp4?d=1", '" a b "', "a b.MP4"],
)
def test_ids_are_matched_to_the_one_video_that_fits(tmp_path: Path, written: str) -> None:
    videos = touched(tmp_path / "v", "a b.mp4", "c.mp4")
    found = open_dataset(labels(tmp_path, written), videos=videos)
    assert {r.recording_id: r.segments is not None for r in found.recordings} == {"a b": True, "c": False}


def test_ids_with_accents_apart_are_matched(tmp_path: Path) -> None:
    videos = touched(tmp_path / "v", "Zoe\u0301.mp4")
    (only,) = open_dataset(labels(tmp_path, "Zo\u00e9"), videos=videos).recordings
    assert list(only.videos) == [only.recording_id] == ["Zoe\u0301"]


def test_ids_that_fit_two_videos_or_share_one_are_not_matched(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    videos = touched(tmp_path / "v", "a.mp4")
    found = open_dataset(labels(tmp_path, "P01/a.mp4", "P02/a.mp4"), videos=videos)
    assert [r.recording_id for r in found.recordings if r.segments is not None] == ["P01/a.mp4", "P02/a.mp4"]
    assert "2 annotated videos" in caplog.text


def test_videos_in_the_folders_below(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    videos = touched(tmp_path / "v", "P01/a.mp4", "P01/x/b.mp4", "P02/c.mp4", ".hidden/d.mp4")
    found = open_dataset(labels(tmp_path, "a", "b", "c"), videos=videos)
    assert sorted(found.videos) == ["a", "b", "c"]
    touched(videos, "e.mp4")
    assert sorted(open_dataset(labels(tmp_path, "a", "e"), videos=videos).videos) == ["a", "e"]
    touched(videos, "P02/a.mp4")
    with pytest.raises(UsageError, match="two videos with the id 'a'"):
        open_dataset(labels(tmp_path, "a"), videos=videos)


def test_an_entry_without_annotations_is_not_annotated(tmp_path: Path) -> None:
    touched(tmp_path, "a.mp4", "b.mp4", "c.mp4")
    entries = {"a": {"annotations": []}, "b": {"subset": "training", "duration": 6}}
    (tmp_path / "gt.json").write_text(json.dumps({"database": entries}))
    found = {r.recording_id: r.segments for r in open_dataset(tmp_path / "gt.json").recordings}
    assert found["a"] is not None
    assert found["b"] is None
    assert found["c"] is None
    assert read_ground_truth(tmp_path / "gt.json").unlabelled == ("b",)


def test_what_is_odd_about_labels_is_said_once(x360: Make, caplog: pytest.LogCaptureFixture) -> None:
    found = open_dataset(
        x360(
            videos=("a", "b"),
            annotated={"a": [("Eating", 1, 2), ("none", 1, 3)], "b": [("eating", 1, 2), ("none", 4, 5)]},
        )
    )
    assert found.actions == ("Eating", "eating", "none")
    assert caplog.text.count("differ only in case") == 1
    assert caplog.text.count("2 segments of 'none' count as an action") == 1
    assert "--background none" in caplog.text


def test_the_background_is_no_action(x360: Make) -> None:
    folder = x360(videos=("a", "b"), annotated={"a": [("eating", 1, 2), ("SIL", 1, 3)], "b": [("SIL", 1, 2)]})
    found = open_dataset(folder, how=LabelOptions(background="SIL"))
    assert found.actions == ("eating",)
    assert [len(r.segments) for r in found.recordings if r.segments is not None] == [1, 0]
    with pytest.raises(InputInvalid, match="no label is called 'Sil'"):
        open_dataset(folder, how=LabelOptions(background="Sil"))
