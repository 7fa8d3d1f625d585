from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from video.making import write_video

from bineego.errors import BatchFailed, InputInvalid, Interrupted, ModelError, ResourceExhausted, UsageError
from bineego.features import maker as maker_module
from bineego.features.extraction import extract, make_maker
from bineego.features.kinds import Kind
from bineego.features.options import FeatureOptions
from bineego.features.track import FeatureTrack
from bineego.kept import Kept
from bineego.video.reader import VideoReader
from bineego.video.scan import scan

SMALL = FeatureOptions(size=32)
MOTION = (Kind.MOTION,)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("videos") / "one.mp4", count=50, rate=25)


def made(path: Path, options: FeatureOptions = SMALL, kinds: tuple[str, ...] = tuple(Kind)) -> FeatureTrack:
    *_, track = make_maker(options, kinds).track(path, "one")
    assert isinstance(track, FeatureTrack)
    return track


def test_kinds_and_steps(video: Path) -> None:
    track = made(video)
    assert len(track) == 25
    assert track.duration == pytest.approx(2.0)
    assert {name: values.shape for name, values in track.kinds.items()} == {
        "final": (25, 1280), "mid": (25, 1792), "motion": (25, 129), "direction": (25, 132),
    }  # fmt: skip
    assert track.values("mid-change").shape == (25, 1792)
    assert track.made_by["trunk"] == "efficientnet_lite0"
    assert track.made_by["size"] == 32


def test_the_maker_knows_of_damage(video: Path, tmp_path: Path) -> None:
    """As a temporal model tells it with its results."""
    content = bytearray(video.read_bytes())
    for _, _, position, size in scan(video).marks[20:30].tolist():
        content[position : position + size] = b"\xff" * size
    spoilt = tmp_path / "spoilt.mp4"
    spoilt.write_bytes(content)
    for path, damaged in ((video, False), (spoilt, True)):
        maker = make_maker(SMALL, MOTION)
        *_, _ = maker.track(path, "one")
        assert maker.reader is not None
        assert bool(maker.reader.damage) is damaged


@pytest.mark.parametrize("kinds", [MOTION, tuple(Kind)])
def test_features_that_were_interrupted_go_on(
    video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kinds: tuple[str, ...]
) -> None:
    monkeypatch.setattr(maker_module, "BATCH_PIXELS", 4 * 32 * 32)
    maker = make_maker(SMALL, kinds)
    *_, whole = maker.track(video, "one")
    kept = Kept(tmp_path / "one.npz", "this")
    steps = maker.track(video, "one", 0, kept)
    shares = [next(steps) for _ in range(3)]
    with pytest.raises(Interrupted):
        steps.throw(Interrupted())
    again = list(maker.track(video, "one", 0, kept))
    assert again[0] > shares[-1]
    assert isinstance(whole, FeatureTrack)
    assert isinstance(again[-1], FeatureTrack)
    for kind, values in again[-1].kinds.items():
        np.testing.assert_array_equal(values, whole.kinds[kind])


def test_features_do_not_hang_on_the_batch(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = made(video)
    monkeypatch.setattr(maker_module, "BATCH_PIXELS", 3 * 32 * 32)
    for kind, values in made(video).kinds.items():
        np.testing.assert_allclose(values.astype(float), whole.kinds[kind].astype(float), atol=5e-3)


def test_motion_energy_is_that_of_the_frames_on_screen(video: Path) -> None:
    track = made(video, kinds=MOTION)
    assert list(track.kinds) == ["motion", "direction"]
    pictures = {i: x.astype(float) @ [0.299, 0.587, 0.114] for i, x, _ in VideoReader(video, SMALL.frames).read()}
    large = {i: np.kron(x, np.ones((2, 2))) for i, x in pictures.items()}  # 32 pixels to 64
    for step in (1, 7, 24):
        # 25 frames a second and 12.5 steps: at the centre of step k, frame 2 k + 1 comes on screen.
        difference = np.abs(large[2 * step + 1] - large[2 * step - 1])
        blocks = difference.reshape(8, 8, 8, 8).mean((1, 3)).ravel()
        wanted = np.log1p([*blocks, *sorted(blocks, reverse=True), blocks.mean()])
        np.testing.assert_allclose(track.kinds["motion"][step], wanted, atol=5e-3)
    assert (track.kinds["motion"][0] == 0).all()


def test_a_slow_video_repeats_its_frames_without_stops(tmp_path: Path) -> None:
    slow = write_video(tmp_path / "slow.mp4", count=20, rate=5)
    energy = made(slow, kinds=MOTION).kinds["motion"][:, -1]
    assert len(energy) == 50
    assert (energy[5:] > 0).all()


def test_what_is_there_is_not_made_again(video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = extract({"a": video}, SMALL, kinds=MOTION, cache=tmp_path)["a"]

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("made again")

    monkeypatch.setattr(maker_module, "VideoReader", refuse)
    again = extract({"a": video}, SMALL, kinds=MOTION, cache=tmp_path)["a"]
    np.testing.assert_array_equal(again.kinds["motion"], first.kinds["motion"])
    with pytest.raises(AssertionError):
        extract({"b": video}, SMALL, kinds=MOTION, cache=tmp_path)
    for other in (FeatureOptions(size=48), FeatureOptions(size=32, rate=10), FeatureOptions(size=32, keep_aspect=True)):
        with pytest.raises(AssertionError):
            extract({"a": video}, other, kinds=MOTION, cache=tmp_path)


def test_a_changed_video_is_made_again_and_a_moved_one_is_not(video: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved.mp4"
    shutil.copy(video, moved)
    cache = tmp_path / "cache"
    assert extract({"a": video}, SMALL, kinds=MOTION, cache=cache).files == extract(
        {"a": moved}, SMALL, kinds=MOTION, cache=cache
    ).files  # fmt: skip
    write_video(moved, count=30, rate=25)
    assert len(extract({"a": moved}, SMALL, kinds=MOTION, cache=cache)["a"]) == 15


def test_several_processes_make_what_one_makes(video: Path, tmp_path: Path) -> None:
    videos = {"a": video, "b": write_video(tmp_path / "b.mp4", count=40, rate=25)}
    steps: list[float] = []
    for jobs in (1, 2):
        found = extract(
            videos, SMALL, kinds=MOTION, cache=tmp_path / str(jobs), jobs=jobs,
            on_progress=lambda done, total: steps.append(done / total),
        )  # fmt: skip
        assert steps[-1] == 1
        assert list(found) == ["a", "b"]
    files = [sorted((tmp_path / str(jobs)).iterdir()) for jobs in (1, 2)]
    assert [file.name for file in files[0]] == [file.name for file in files[1]]
    assert [file.read_bytes() for file in files[0]] == [file.read_bytes() for file in files[1]]


def test_a_bad_video_does_not_stop_the_others(video: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"no video")
    with pytest.raises(BatchFailed, match="1 of 2 videos could not be made"):
        extract({"bad": bad, "good": video}, SMALL, kinds=MOTION, cache=tmp_path / "cache", jobs=1)
    assert len(list((tmp_path / "cache").iterdir())) == 1
    with pytest.raises(InputInvalid):
        extract({"bad": bad}, SMALL, kinds=MOTION, cache=tmp_path / "cache")


def test_a_disk_that_is_too_small_is_found_before_the_work(
    video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(ResourceExhausted, match="about 15 kB, but only 1 kB is free"):
        extract({"a": video}, SMALL, kinds=MOTION, cache=tmp_path)


def test_unknown_trunks_and_kinds_are_told(video: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such run"):
        extract({"a": video}, FeatureOptions(trunk="resnet7"), cache=tmp_path)
    with pytest.raises(UsageError, match=r"unknown kind of features 'finel' \(did you mean 'final'"):
        extract({"a": video}, SMALL, kinds=["finel"], cache=tmp_path)
