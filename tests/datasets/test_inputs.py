from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bineego.datasets import Subset, View, resolve_videos, resolve_views
from bineego.errors import InputMissing, UsageError

Make = Callable[..., Path]


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    folder = tmp_path / "clips"
    folder.mkdir()
    for name in ("b.mp4", "a.mkv", ".c.mp4", "notes.txt", "odd.bin"):
        (folder / name).touch()
    return folder


def test_a_folder_of_videos(clips: Path) -> None:
    assert list(resolve_videos([clips])) == ["a", "b"]


def test_a_file_may_have_any_extension(clips: Path) -> None:
    assert resolve_videos([clips / "odd.bin", str(clips / "b.mp4")]) == {
        "odd": clips / "odd.bin",
        "b": clips / "b.mp4",
    }


def test_labels_beside_videos_do_not_hide_them(clips: Path) -> None:
    (clips / "labels.csv").write_text("video_id,label,start,end,subset\na,x,0,1,val\n")
    assert list(resolve_videos([clips])) == ["a", "b"]
    assert list(resolve_videos([clips], subset=Subset.VAL)) == ["a"]
    assert list(resolve_videos([clips / "labels.csv"])) == ["a", "b"]


def test_a_data_set_and_its_subsets(x360: Make) -> None:
    folder = x360(
        videos=("a", "b"),
        annotated={"a": [], "b": [], "lost": []},
        index=[{"uuid": "a", "subset": "train"}, {"uuid": "b", "subset": "val"}],
    )
    assert list(resolve_videos([folder])) == ["a", "b"]
    assert list(resolve_videos([folder], subset=Subset.VAL)) == ["b"]
    with pytest.raises(UsageError, match="no recording in subset test: it has train, val"):
        resolve_videos([folder], subset=Subset.TEST)


def test_several_views_of_a_recording(x360: Make, clips: Path) -> None:
    folder = x360(videos=("a", "b"), index=[{"uuid": name, "subset": "val"} for name in "ab"])
    there = [folder / "third_person" / f"{name}.mp4" for name in "bc"]
    there[0].parent.mkdir()
    for path in there:
        path.touch()
    both = [View.PANORAMIC, View.THIRD_PERSON]
    assert resolve_views(folder, both) == {
        "a": (folder / "panoramic" / "a.mp4", None),
        "b": (folder / "panoramic" / "b.mp4", there[0]),
        "c": (None, there[1]),
    }
    assert list(resolve_views(folder, both, subset=Subset.VAL)) == ["a", "b"]
    assert set(resolve_views(folder, [View.MONOCULAR, View.PANORAMIC])) == {"a", "b"}
    with pytest.raises(UsageError, match="no video of the monocular or the binocular view"):
        resolve_views(folder, [View.MONOCULAR, View.BINOCULAR])
    with pytest.raises(UsageError, match="one view"):
        resolve_views(clips, both)


def test_the_same_file_twice_is_one_input(clips: Path) -> None:
    assert list(resolve_videos([clips, clips / "a.mkv"])) == ["a", "b"]


def test_two_inputs_with_one_id_are_refused(clips: Path, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    with pytest.raises(UsageError, match="two videos with the id 'a'"):
        resolve_videos([clips, tmp_path / "a.mp4"])


@pytest.mark.parametrize("subset", [None, Subset.VAL])
def test_what_cannot_be_worked_on(clips: Path, tmp_path: Path, x360: Make, subset: Subset | None) -> None:
    with pytest.raises(UsageError, match="no input"):
        resolve_videos([])
    with pytest.raises(InputMissing, match="no such file"):
        resolve_videos([clips, tmp_path / "none.mp4"], subset=subset)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no video in this folder"):
        resolve_videos([tmp_path / "empty"], subset=subset)
    with pytest.raises(UsageError, match=r"no video of the panoramic view|names a subset"):
        resolve_videos([x360(annotated={"a": []})], subset=subset)


def test_a_subset_needs_a_data_set(clips: Path) -> None:
    for path in (clips, clips / "a.mkv"):
        with pytest.raises(UsageError, match="needs a data set"):
            resolve_videos([path], subset=Subset.VAL)


def test_a_folder_of_videos_goes_with_annotations_only(clips: Path) -> None:
    with pytest.raises(UsageError, match="annotation file"):
        resolve_videos([clips / "b.mp4"], videos=clips)


def test_a_data_set_without_recordings(tmp_path: Path) -> None:
    path = tmp_path / "empty.csv"
    path.write_text("video_id,label,start,end\n")
    with pytest.raises(UsageError, match="no recording in this data set"):
        resolve_videos([path], videos=tmp_path)
