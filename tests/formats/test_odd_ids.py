"""Ids are never altered: what we write, our own readers give back, however odd it looks."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bineego import segments
from bineego.formats import activitynet, csv

ODD = [
    " a", "b ", "\tc", "d\n", "e\0f", "１２", "٣", "0012", "NA", "nan", "1e5", "a,b", "a;b", 'q"q', "x\x1b[31m",
    "\u00a0n", "#c", "=1+1", "\ufeffz", "a\rb", "a\u2028b", "e\u0301",
]  # fmt: skip

FORMATS = {
    "csv": (csv.write_segments, csv.read_predictions),
    "json": (activitynet.write_predictions, activitynet.read_predictions),
}


@pytest.mark.parametrize("name", FORMATS)
def test_odd_ids_come_back(name: str, tmp_path: Path) -> None:
    write, read = FORMATS[name]
    n = len(ODD)
    write(segments.make(ODD, ["x"] * n, [0.0] * n, [1.0] * n, [0.5] * n), tmp_path / f"t.{name}")
    assert sorted(read(tmp_path / f"t.{name}")["video_id"]) == sorted(ODD)


@pytest.mark.parametrize("name", FORMATS)
@given(ids=st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1, max_size=5, unique=True))
def test_any_id_comes_back(name: str, ids: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    write, read = FORMATS[name]
    path = tmp_path_factory.mktemp("t") / f"t.{name}"
    n = len(ids)
    write(segments.make(ids, ["x"] * n, [0.0] * n, [1.0] * n, [0.5] * n), path)
    assert sorted(read(path)["video_id"]) == sorted(ids)
