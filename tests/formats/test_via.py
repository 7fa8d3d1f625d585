from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bineego.errors import InputInvalid
from bineego.formats import read, via
from bineego.formats.options import LabelOptions

SELECT, TEXT = 4, 1


def project(metadata: dict[str, object], *, kind: int = SELECT, options: object = None, **more: object) -> dict:
    attribute = {"aname": "action", "anchor_id": "FILE1_Z2_XY0", "type": kind, "options": options or {}}
    return {
        "project": {"pname": "p"},
        "attribute": {"1": attribute},
        "file": {"1": {"fid": "1", "fname": "kitchen.one.mp4"}},
        "view": {"1": {"fid_list": ["1"]}},
        "metadata": metadata,
        **more,
    }


def row(z: object, value: object = "0", vid: str = "1", xy: object = ()) -> dict[str, object]:
    return {"vid": vid, "flg": 0, "z": z, "xy": list(xy), "av": {"1": value}}


def write(folder: Path, content: object) -> Path:
    path = folder / "via.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_option_ids_are_resolved(tmp_path: Path) -> None:
    options = {"0": "walking", "1": "eating"}
    found = via.read_annotations(write(tmp_path, project({"1_a": row([1, 2], "1")}, options=options)))
    assert found.segments.iloc[0].tolist() == ["kitchen.one", "eating", 1.0, 2.0]


@pytest.mark.parametrize(
    ("value", "labels"),
    [
        ("0,1", ["walking", "eating"]),  # checkbox
        ("sitting", ["sitting"]),  # a text
        (" walking ", ["walking"]),
        ("walking, slowly", ["walking, slowly"]),
    ],
)
def test_values_that_are_not_one_option(tmp_path: Path, value: str, labels: list[str]) -> None:
    options = {"0": "walking", "1": "eating"}
    found = via.read_annotations(write(tmp_path, project({"1_a": row([1, 2], value)}, options=options)))
    assert found.segments["label"].tolist() == labels


def test_an_option_that_was_deleted_is_no_label(tmp_path: Path) -> None:
    path = write(tmp_path, project({"1_a": row([1, 2], "7")}, options={"0": "walking", "1": "eating"}))
    with pytest.raises(InputInvalid, match=r"row '1_a'.*option '7', which the attribute no longer offers"):
        via.read_annotations(path)


def test_names_of_files_added_by_address_are_decoded(tmp_path: Path) -> None:
    for name, loc in (("my%20clip.mp4", 2), ("https://host/of/my%20clip.mp4?raw=1", 2), ("file:///c/my%20clip.mp4", 3)):
        content = project({"1_a": row([1, 2], "x")})
        content["file"]["1"] |= {"fname": name, "loc": loc}
        found = via.read_annotations(write(tmp_path, content))
        assert found.videos == ("my clip",)


def test_two_attributes_can_make_the_label(tmp_path: Path) -> None:
    content = project({"1_a": {"vid": "1", "z": [1, 2], "xy": [], "av": {"1": "0", "2": "1"}}})
    kind = {"anchor_id": "FILE1_Z2_XY0", "type": 4}
    content["attribute"] = {
        "1": {"aname": "verb", "options": {"0": "reach", "1": "grasp"}, **kind},
        "2": {"aname": "noun", "options": {"0": "cup", "1": "pen"}, **kind},
    }
    path = write(tmp_path, content)
    found = read.read_annotations(path, LabelOptions(columns="label=verb+noun"))
    assert found.segments["label"].tolist() == ["reach pen"]
    with pytest.raises(InputInvalid, match=r"no attribute 'nuon'.*'noun'"):
        read.read_annotations(path, LabelOptions(columns="label=nuon"))


def test_a_text_attribute_is_taken_as_it_is(tmp_path: Path) -> None:
    found = via.read_annotations(write(tmp_path, project({"1_a": row([1, 2], "0")}, kind=TEXT)))
    assert found.segments["label"].tolist() == ["0"]


@pytest.mark.parametrize("z", [[], [3.0], [1, 2, 3], ["x", 2], None, "12", [None, 1], [float("nan"), 2]])
def test_malformed_times_are_named_and_skipped(tmp_path: Path, z: object, caplog: pytest.LogCaptureFixture) -> None:
    content = project({"1_good": row([1, 2]), "1_bad": row(z)})
    found = via.read_annotations(write(tmp_path, content))
    assert len(found.segments) == 1
    assert "'1_bad'" in caplog.text
    with pytest.raises(InputInvalid, match=r"no row can be used.*'1_bad'"):
        via.read_annotations(write(tmp_path, project({"1_bad": row(z)})))


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=3),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
                    max_leaves=6))  # fmt: skip
def test_nothing_in_a_row_makes_it_crash(tmp_path_factory: pytest.TempPathFactory, junk: object) -> None:
    folder = tmp_path_factory.mktemp("via")
    odd = {"vid": junk, "z": junk, "xy": junk, "av": junk}
    found = via.read_annotations(write(folder, project({"1_good": row([1, 2]), "1_odd": odd, "1_junk": junk})))
    assert len(found.segments) == 1
    with contextlib.suppress(InputInvalid):
        via.read_annotations(write(folder, {"file": junk, "attribute": junk, "view": junk, "metadata": junk}))


def test_regions_are_counted_not_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    content = project({"1_a": row([1, 2]), "1_b": row([1.5], xy=[2, 10, 10, 20, 20])})
    assert len(via.read_annotations(write(tmp_path, content)).segments) == 1
    assert "1 rows are regions" in caplog.text
    assert "skipped" not in caplog.text


def test_several_files_are_told_apart_by_their_views(tmp_path: Path) -> None:
    content = project(
        {"2_a": row([1, 2], "x", vid="2"), "1_a": row([3, 4], "x", vid="1")},
        file={"7": {"fname": "C:\\clips\\b.mp4"}, "9": {"fname": "https://x.org/v/a.webm"}, "10": {"fname": "c.mp4"}},
        view={"1": {"fid_list": ["9"]}, "2": {"fid_list": ["7"]}},
    )
    found = via.read_annotations(write(tmp_path, content))
    assert found.segments["video_id"].tolist() == ["b", "a"]
    assert found.videos == ("b", "a", "c")


def test_the_action_is_chosen_among_several_attributes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    content = project({"1_a": {"vid": "1", "z": [1, 2], "xy": [], "av": {"1": "left", "2": "eating"}}})
    content["attribute"] = {
        "1": {"aname": "hand", "anchor_id": "FILE1_Z2_XY0", "options": {}},
        "2": {"aname": "Action", "anchor_id": "FILE1_Z2_XY0", "options": {}},
    }
    assert via.read_annotations(write(tmp_path, content)).segments["label"].tolist() == ["eating"]
    assert "'hand'" in caplog.text


def test_real_projects_are_read(shared: Path) -> None:
    found = via.read_annotations(shared / "data/annotations/via/via3_project_b.json")
    assert found.videos == ("01NVb-003-063-2 echo",)
    assert found.segments["label"].tolist() == ["4CV", "4CV"]
    for path in (shared / "data/fights-tal/TAL_annotations").glob("*.json"):
        found = via.read_annotations(path)
        assert found.videos == (path.stem,)
        assert set(found.segments["label"]) <= {"fight", "other"}
