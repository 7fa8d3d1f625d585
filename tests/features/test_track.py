from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from features.tracks_at_hand import make_track
from hypothesis import given
from hypothesis import strategies as st

from bineego.errors import InputInvalid, InputMissing
from bineego.features import track as tracks
from bineego.features.steps import step_edges, step_times
from bineego.video.damage import Damage


def test_a_saved_track_is_the_same_when_loaded(tmp_path: Path) -> None:
    damage = Damage(lost=2, places=(0.5, 1.25), holes=((1.0, 1.5),), ends=(3.3, 9.0))
    track = replace(make_track(3.3, video_id="a b/ü"), damage=damage)
    tracks.save(track, tmp_path / "x.npz")
    loaded = tracks.load(tmp_path / "x.npz")
    assert (loaded.video_id, loaded.rate, loaded.duration, loaded.made_by) == (
        track.video_id, track.rate, track.duration, track.made_by,
    )  # fmt: skip
    assert loaded.damage == damage
    np.testing.assert_array_equal(loaded.times, track.times)
    assert list(loaded.kinds) == list(track.kinds)
    for name, values in track.kinds.items():
        assert loaded.kinds[name].dtype == np.float16
        np.testing.assert_array_equal(loaded.kinds[name], values)


def test_equal_tracks_give_equal_files(tmp_path: Path) -> None:
    for name in ("a.npz", "b.npz"):
        tracks.save(make_track(), tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


@given(st.floats(0.01, 300), st.floats(0.5, 32))
def test_steps_cover_the_video_without_gap(duration: float, rate: float) -> None:
    edges, times = step_edges(duration, rate), step_times(duration, rate)
    assert edges[0] == 0
    assert edges[-1] == duration
    assert (np.diff(edges) > 0).all()
    assert (np.diff(edges) <= 1 / rate + 1e-6).all()
    assert ((edges[:-1] < times) & (times < edges[1:])).all()


def test_the_format_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    tracks.save(make_track(), path)
    with np.load(path) as file:
        meta = json.loads(str(file["meta"]))
    assert meta["format"] == tracks.FORMAT
    with np.load(path) as file:
        arrays = dict(file)
    np.savez(path, **(arrays | {"meta": np.array(json.dumps(meta | {"format": 99}))}))
    with pytest.raises(InputInvalid, match="format 99"):
        tracks.load(path)


@pytest.mark.parametrize("name", ["times", "final", "motion"])
def test_a_flipped_bit_is_noticed(tmp_path: Path, name: str) -> None:
    path, track = tmp_path / "x.npz", make_track()
    tracks.save(track, path)
    content = bytearray(path.read_bytes())
    array = track.times if name == "times" else track.kinds[name]
    content[content.index(array.tobytes()) + 11] ^= 4
    path.write_bytes(content)
    with pytest.raises(InputInvalid):
        tracks.load(path)


def test_arrays_of_another_file_are_noticed(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    tracks.save(make_track(), path)
    with np.load(path) as file:
        arrays = dict(file)
    np.savez(path, **(arrays | {"kind_final": arrays["kind_final"] + np.float16(1)}))
    with pytest.raises(InputInvalid, match="checksum"):
        tracks.load(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no zip", b"\x93NUMPY\x01\x00"])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(InputInvalid, match="not a feature track"):
        tracks.load(tmp_path / "x.npz")
    with pytest.raises(InputMissing):
        tracks.load(tmp_path / "no.npz")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"made_by": None, "kinds": {"x": np.zeros((50, 1, 1), np.float16)}}, "values of kind 'x'"),
        ({"times": np.arange(3.0)}, "3 times for the 50 steps"),
        ({"times": np.zeros(50)}, "do not increase"),
        ({"kinds": {"final": np.zeros((3, 2), np.float16)}}, "values of kind 'final'"),
        ({"kinds": {"final": np.full((50, 2), np.inf, np.float16)}}, "not a finite number"),
    ],
)
def test_parts_that_do_not_fit_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InputInvalid, match=message):
        make_track(4.0, **changes)


@pytest.mark.parametrize("changes", [{"rate": 0.0}, {"duration": float("nan")}, {"duration": float("inf")}])
def test_rate_and_duration_must_be_positive(changes: dict[str, float]) -> None:
    with pytest.raises(InputInvalid, match="must be positive"):
        replace(make_track(), **changes)


def test_changes_are_made_of_their_kind() -> None:
    track = make_track()
    x = track.values("final")
    change = track.values("final-change")
    np.testing.assert_allclose(change[10], np.abs(x[12] - x[8]), rtol=1e-6)
    np.testing.assert_allclose(change[0], np.abs(x[2] - x[0]), rtol=1e-6)
    np.testing.assert_allclose(change[-1], np.abs(x[-1] - x[-3]), rtol=1e-6)


def test_a_change_that_is_stored_is_taken_as_it_is() -> None:
    stored = np.ones((50, 6), np.float16)
    track = make_track(kinds={"final": np.zeros((50, 6), np.float16), "final-change": stored})
    np.testing.assert_array_equal(track.values("final-change"), stored)


def test_changes_span_the_same_time_at_every_rate() -> None:
    duration = 4.0
    slopes = []
    for rate in (6.25, 12.5, 25.0):
        ramp = step_times(duration, rate)[:, None].astype(np.float16)
        track = make_track(duration, rate=rate, kinds={"final": ramp})
        slopes.append(float(track.values("final-change")[len(track) // 2, 0]))
    assert slopes == pytest.approx([0.32] * 3, abs=0.01)


@pytest.mark.parametrize("kind", ["mid", "mid-change", "sound"])
def test_a_missing_kind_is_told_with_those_there(kind: str) -> None:
    with pytest.raises(InputInvalid, match=f"no kind '{kind}'") as caught:
        make_track().values(kind)
    assert "final, motion" in str(caught.value)
