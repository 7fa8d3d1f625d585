from __future__ import annotations

import csv
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from suggestions.test_ranking import certain, track

import bineego
from bineego import tracks
from bineego.errors import UsageError
from bineego.formats.read import read_annotations
from bineego.inference.items import Item
from bineego.suggestions.verb import LABEL, unlabelled


@pytest.fixture
def scored(tmp_path: Path) -> Path:
    folder = tmp_path / "scores"
    folder.mkdir()
    for video, at in (("one", 20), ("two", 60)):
        p = certain(100)
        p[at : at + 10] = 1 / 3
        tracks.save(track(p, video), folder / f"{video}.scores.npz")
    return folder


def test_table_page_and_projects(scored: Path, tmp_path: Path) -> None:
    found = bineego.suggest(scored, minutes=1 / 3, output=tmp_path / "next")
    assert sorted((one.video_id, one.start, one.end) for one in found) == [("one", 20.0, 30.0), ("two", 60.0, 70.0)]
    with (tmp_path / "next" / "suggestions.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert sorted((row["video_id"], float(row["start"])) for row in rows) == [("one", 20.0), ("two", 60.0)]
    for name in ("suggestions.boris", "suggestions.via.json"):
        table = read_annotations(tmp_path / "next" / name).segments
        assert sorted(table.itertuples(index=False, name=None)) == [
            ("one", LABEL, 20.0, 30.0),
            ("two", LABEL, 60.0, 70.0),
        ]
    assert '"marks":[[20.0,30.0]]' in (tmp_path / "next" / "suggestions.html").read_text()


def test_files_of_others_are_kept(scored: Path, tmp_path: Path) -> None:
    (tmp_path / "next").mkdir()
    (tmp_path / "next" / "suggestions.csv").write_text("mine")
    with pytest.raises(UsageError, match="would be overwritten"):
        bineego.suggest(scored, output=tmp_path / "next")
    assert len(list((tmp_path / "next").iterdir())) == 1


def test_scenes_alone(tmp_path: Path) -> None:
    only = tracks.ScoreTrack(
        video_id="v", edges=np.arange(3.0), logits=np.zeros((2, 1), np.float32), actions=(), t=1.0,
        scene_probs=np.ones(1), scenes=("Kitchen",),
    )  # fmt: skip
    tracks.save(only, tmp_path / "v.scores.npz")
    with pytest.raises(UsageError, match="only scenes"):
        bineego.suggest(tmp_path / "v.scores.npz", output=tmp_path / "next")


def test_videos_that_have_labels_are_left_out() -> None:
    items = [Item(video_id=name, views=(Path(f"{name}.mp4"),)) for name in "abc"]
    card = SimpleNamespace(data={"train": ["a"], "val": ["b"]})
    assert [item.video_id for item in unlabelled(items, [card])] == ["c"]  # type: ignore[list-item]
    assert unlabelled(items[:2], [card]) == items[:2]  # type: ignore[list-item]
    assert unlabelled(items, []) == items
