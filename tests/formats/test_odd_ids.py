"""Ids are never altered: what we write, our own readers give back, however odd it looks; or it is refused."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bineego import segments
from bineego.errors import BineegoError, InputInvalid
from bineego.formats import activitynet, csv, read
from bineego.formats.annotations import Annotations
from bineego.formats.kinds import FileFormat
from bineego.formats.write import WRITERS, write_segments
from bineego.labels import CHALLENGE_ACTIONS, SCENES

ODD = [
    " a", "b ", "\tc", "d\n", "e\0f", "１２", "٣", "0012", "NA", "nan", "1e5", "a,b", "a;b", 'q"q', "x\x1b[31m",
    "\u00a0n", "#c", "=1+1", "\ufeffz", "a\rb", "a\u2028b", "e\u0301", "-->", "a/b", "a\\b", "..", "a\x85b", "v_0_10",
    "http://x/y.mp4", "a%20b", " ", "\n", "x" * 300, "id", "a\x1cb",
]  # fmt: skip

FORMATS = [str(name) for name in WRITERS if name != "challenge-scenes"]
ANY = ("csv", "json", "challenge-json", "challenge-csv")
"""Formats that hold whatever id there may be; others name a file by it."""

IDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


def table(ids: list[str], *, scored: bool = True) -> pd.DataFrame:
    n = len(ids)
    return segments.make(ids, [CHALLENGE_ACTIONS[0]] * n, [0.0] * n, [1.0] * n, [0.5] * n if scored else None)


def come_back(ids: list[str], name: str, folder: Path, *, scored: bool) -> list[str]:
    """The ids in the files that are written.

    Raises:
        BineegoError: they are refused, and nothing is written.
    """
    how = WRITERS[FileFormat(name)]
    path = folder / "out" if how.one_video else folder / f"f{how.suffixes[0]}"
    written = write_segments(table(ids, scored=scored), path, name, {})
    return [video for file in written for video in read.read_any(file).segments["video_id"]]


@pytest.mark.parametrize("scored", [True, False])
@pytest.mark.parametrize("name", FORMATS)
def test_odd_ids_come_back(name: str, scored: bool, tmp_path: Path) -> None:
    for number, odd in enumerate(ODD):
        folder = tmp_path / str(number)
        folder.mkdir()
        try:
            assert come_back([odd], name, folder, scored=scored) == [odd]
        except BineegoError:
            assert name not in ANY
            assert not [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=30)
@given(ids=st.lists(IDS, min_size=1, max_size=4, unique=True), scored=st.booleans())
def test_any_id_comes_back(name: str, ids: list[str], scored: bool, tmp_path_factory: pytest.TempPathFactory) -> None:
    try:
        assert sorted(come_back(ids, name, tmp_path_factory.mktemp("t"), scored=scored)) == sorted(ids)
    except BineegoError:
        assert name not in ANY


@given(ids=st.lists(IDS, min_size=1, max_size=4, unique=True))
def test_ids_of_scenes_and_of_videos_without_actions_come_back(
    ids: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("t")
    csv.write_scenes(dict.fromkeys(ids, (SCENES[3], 0.5)), folder / "scenes.csv")
    assert list(csv.read_scenes(folder / "scenes.csv")) == ids
    nothing = Annotations(segments=segments.empty(scored=False), videos=tuple(ids), subsets={ids[0]: "val"})
    csv.write_annotations(nothing, folder / "t.csv")
    assert read.read_annotations(folder / "t.csv").videos == tuple(ids)
    activitynet.write_annotations(nothing, folder / "t.json")
    assert read.read_annotations(folder / "t.json").videos == tuple(ids)


def test_an_empty_id_is_no_id(tmp_path: Path) -> None:
    with pytest.raises(InputInvalid, match=r"row 2: video_id is empty"):
        table(["a", ""])
    with pytest.raises(InputInvalid, match="empty video id"):
        Annotations(segments=segments.empty(scored=False), videos=("",))
    for content in ('{"results": {"": []}}', '{"database": {"": {}}}', '{"results": {"": [{"segment": [0, 1]}]}}'):
        (tmp_path / "t.json").write_text(content)
        with pytest.raises(InputInvalid, match=r"t\.json.*empty video id"):
            read.read_any(tmp_path / "t.json")


@pytest.mark.parametrize("name", FORMATS)
def test_half_a_character_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(BineegoError):
        come_back(["\ud800"], name, tmp_path, scored=True)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("label", ["", " \t"])
def test_an_empty_label_is_refused(name: str, label: str, tmp_path: Path) -> None:
    how = WRITERS[FileFormat(name)]
    path = tmp_path / "out" if how.one_video else tmp_path / f"f{how.suffixes[0]}"
    with pytest.raises(InputInvalid, match="a label is empty"):
        write_segments(segments.make(["a"], [label], [0], [1]), path, name, {})


@given(label=IDS)
def test_a_label_may_hold_anything_that_lines_do_not_part(label: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """V-TRACE's rows are lines: line breaks become blanks, and a label that would be a comment is refused."""
    path = tmp_path_factory.mktemp("t") / "v.csv"
    with contextlib.suppress(InputInvalid):
        write_segments(segments.make(["v"], [label], [0], [1], [0.5]), path, "vtrace", {})
        assert len(read.read_predictions(path)) == 1
