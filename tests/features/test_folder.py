from __future__ import annotations

import unittest.mock
import uuid
from pathlib import Path

import fsspec
import numpy as np
import pytest
from video.making import write_video

import bineego
from bineego.errors import BatchFailed, InputInvalid, ModelError, UsageError
from bineego.features.kinds import Kind

SMALL = {"size": 32, "kinds": "motion", "jobs": 1}


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("videos")
    for name, count in (("a", 30), ("b", 40)):
        write_video(folder / f"{name}.mp4", count=count, rate=25)
    return folder


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cache lies in the current folder."""
    monkeypatch.chdir(tmp_path)


def test_all_kinds_are_written_those_made_of_others_too(videos: Path) -> None:
    found = bineego.extract_features(videos / "a.mp4", "out", size=32, jobs=1)
    assert sorted(path.name for path in Path("out").glob("*.npy")) == ["a.npy"]
    track = found["a"]
    silent = [str(kind) for kind in Kind if kind is not Kind.SOUND]  # the video has no sound
    assert list(track.kinds) == silent
    np.testing.assert_allclose(
        track.kinds["final-change"][5].astype(float),
        np.abs(track.kinds["final"][7].astype(float) - track.kinds["final"][3].astype(float)),
        atol=1e-2,
    )
    assert {name: values.dtype for name, values in track.kinds.items()} == dict.fromkeys(track.kinds, np.float16)


def test_only_the_kinds_asked_for_and_no_network_without_need(videos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bineego.tsm.feature_network.imagenet_features", None)
    found = bineego.extract_features(videos, "out", size=32, jobs=1, kinds=["motion", "direction"])
    assert list(found) == ["a", "b"]
    assert list(found["b"].kinds) == ["motion", "direction"]


def test_a_second_call_makes_only_what_is_missing_or_changed(videos: Path) -> None:
    bineego.extract_features(videos / "a.mp4", "out", **SMALL)
    before = Path("out/a.npy").stat().st_mtime_ns
    bineego.extract_features(videos, "out", **SMALL)
    assert Path("out/a.npy").stat().st_mtime_ns == before
    assert Path("out/b.npy").is_file()
    bineego.extract_features(videos / "a.mp4", "out", **(SMALL | {"rate": 5}))
    assert len(np.load("out/a.npy")) == 6


def test_a_damaged_result_is_made_again_only_if_it_is_to_be_replaced(videos: Path) -> None:
    bineego.extract_features(videos / "a.mp4", "out", **SMALL)
    Path("out/a.npy").write_bytes(b"notes of somebody")
    with pytest.raises(UsageError, match="has changed since"):
        bineego.extract_features(videos / "a.mp4", "out", **SMALL)
    bineego.extract_features(videos / "a.mp4", "out", overwrite=True, **SMALL)
    assert len(np.load("out/a.npy")) == 15


def test_shards_make_every_video_once(videos: Path) -> None:
    made = [set(bineego.extract_features(videos, "out", shard=f"{i}/3", **SMALL)) for i in (1, 2, 3)]
    assert set.union(*made) == {"a", "b"}
    assert sum(map(len, made)) == 2


def test_a_bad_video_does_not_stop_the_others(videos: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    with pytest.raises(BatchFailed, match="1 of 2 videos"):
        bineego.extract_features([videos / "a.mp4", tmp_path / "bad.mp4"], "out", **SMALL)
    assert Path("out/a.npy").is_file()
    with pytest.raises(InputInvalid):
        bineego.extract_features(tmp_path / "bad.mp4", "out", **SMALL)


def test_wrong_calls_are_told_before_work(videos: Path) -> None:
    with pytest.raises(UsageError, match="both name a trunk"):
        bineego.extract_features(videos, "out", trunk="resnet18", model="run")
    with pytest.raises(ModelError, match="no such run"):
        bineego.extract_features(videos, "out", model="run")
    with pytest.raises(UsageError, match="kinds"):
        bineego.extract_features(videos, "out", kinds="sound-of-music")
    with pytest.raises(UsageError, match="rate"):
        bineego.extract_features(videos, "out", rate=0)
    with pytest.raises(UsageError, match="no video"):
        bineego.extract_features({}, "out")


def test_videos_and_features_at_addresses(videos: Path, tmp_path: Path) -> None:
    root = f"memory://{uuid.uuid4().hex}"
    system = fsspec.filesystem("memory")
    for path in videos.iterdir():
        system.put(str(path), f"{root.removeprefix('memory:/')}/in/{path.name}")
    bineego.extract_features(videos, "here", **SMALL)
    bineego.extract_features(f"{root}/in", "brought", **SMALL, scratch=tmp_path / "scratch")
    bineego.extract_features(f"{root}/in/*.mp4", f"{root}/out", **SMALL, scratch=tmp_path / "scratch")
    assert list((tmp_path / "scratch").iterdir()) == []
    for name in ("a.npy", "a.json", "b.npy"):
        here = Path("here", name).read_bytes()
        assert Path("brought", name).read_bytes() == here
        assert system.cat_file(f"{root.removeprefix('memory:/')}/out/{name}") == here
    for output in ("brought", f"{root}/out"):
        with unittest.mock.patch("bineego.remote.scratch.fetch", None):  # it is there
            bineego.extract_features(f"{root}/in", output, **SMALL)
