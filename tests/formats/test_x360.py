from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bineego import segments
from bineego.errors import InputInvalid
from bineego.formats import x360

labels = st.text(st.characters(exclude_categories=("Cs",)), min_size=1).filter(lambda s: s == s.strip())
numbers = st.floats(allow_nan=False, allow_infinity=False)


def write(folder: Path, content: object) -> Path:
    path = folder / "0b1e.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


@given(st.lists(st.tuples(labels, numbers, numbers), max_size=5))
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, float, float]]
) -> None:
    table = segments.make(["v"] * len(rows), *([row[k] for row in rows] for k in range(3)))
    path = tmp_path_factory.mktemp("x360") / "v.json"
    x360.write_annotations(table, path)
    found = x360.read_annotations(path)
    assert found.videos == ("v",)
    pd.testing.assert_frame_equal(found.segments, table, check_exact=True)


def test_the_published_example(tmp_path: Path) -> None:
    content = {"metadata": {"1_1_1": {"duration": [5.5, 7.4], "action": {"1": "sitting"}}}}
    found = x360.read_annotations(write(tmp_path, content))
    assert found.segments.iloc[0].tolist() == ["0b1e", "sitting", 5.5, 7.4]


@pytest.mark.parametrize(
    "row",
    [
        {"duration": [5.5], "action": {"1": "sitting"}},
        {"duration": None, "action": {"1": "sitting"}},
        {"duration": [1, 2], "action": {}},
        {"duration": [1, 2]},
        {"duration": [1, 2], "action": {"1": 3}},
        None,
        [],
    ],
)
def test_unusable_rows_are_named(tmp_path: Path, row: object, caplog: pytest.LogCaptureFixture) -> None:
    good = {"duration": [1, 2], "action": {"1": "sitting"}}
    assert len(x360.read_annotations(write(tmp_path, {"metadata": {"g": good, "odd": row}})).segments) == 1
    assert "'odd'" in caplog.text
    with pytest.raises(InputInvalid, match="'odd'"):
        x360.read_annotations(write(tmp_path, {"metadata": {"odd": row}}))


@pytest.mark.parametrize("content", [[], {}, {"metadata": []}, '{"metadata": {"a": 1, "a": 2}}'])
def test_other_files_are_refused(tmp_path: Path, content: object) -> None:
    with pytest.raises(InputInvalid, match=r"0b1e\.json"):
        x360.read_annotations(write(tmp_path, content))


def test_no_rows_are_all_background(tmp_path: Path) -> None:
    found = x360.read_annotations(write(tmp_path, {"metadata": {}}))
    assert found.videos == ("0b1e",)
    assert len(found.segments) == 0
