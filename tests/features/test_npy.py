"""Feature files: read as they were written, at the right moments, and refused where they are wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from features.tracks_at_hand import make_track
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bineego.errors import InputInvalid, InputMissing, UsageError
from bineego.features import npy


def write(folder: Path, name: str, values: Any, **said: Any) -> Path:
    path = folder / f"{name}.npy"
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, values)
    if said:
        path.with_suffix(".json").write_text(json.dumps(said))
    return path


def ramp(steps: int, width: int = 2) -> np.ndarray:
    """The number of each step, in every column."""
    return np.repeat(np.arange(steps, dtype=np.float32)[:, None], width, axis=1)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(duration=st.floats(0.01, 20), rate=st.sampled_from([0.5, 3.75, 7.5, 12.5, 25.0, 29.97]))
def test_a_track_comes_back_as_it_was(duration: float, rate: float, tmp_path: Path) -> None:
    track = make_track(duration, rate=rate, video_id="v")
    npy.save(track, tmp_path / "v.npy")
    again = npy.load(npy.describe(tmp_path / "v.npy"))
    assert (again.video_id, again.rate, again.duration) == (track.video_id, track.rate, track.duration)
    assert again.made_by == track.made_by
    np.testing.assert_array_equal(again.times, track.times)
    assert list(again.kinds) == list(track.kinds)
    for kind, values in track.kinds.items():
        np.testing.assert_array_equal(again.kinds[kind], values)


def test_other_programs_read_ours_as_one_array(tmp_path: Path) -> None:
    track = make_track(4.0, video_id="v", widths={"final": 6, "motion": 3})
    npy.save(track, tmp_path / "v.npy")
    values = np.load(tmp_path / "v.npy")
    assert values.shape == (50, 9)
    np.testing.assert_array_equal(values[:, 6:], track.kinds["motion"])
    said = json.loads((tmp_path / "v.json").read_text())
    assert (said["rate"], said["offset"], said["kinds"]) == (12.5, 0.04, {"final": 6, "motion": 3})


def test_steps_of_others_come_at_their_moments(tmp_path: Path) -> None:
    """A window of 16 frames every 4 of 30 a second: step i is centred at (4 i + 8) / 30 s."""
    path = write(tmp_path, "v", ramp(40), fps=30, stride=4, window=16)
    file = npy.describe(path)
    track = npy.load(file)
    assert list(track.kinds) == [npy.GIVEN]
    assert track.duration == pytest.approx((39 * 4 + 16) / 30)
    inside = (track.times > 8 / 30) & (track.times < (39 * 4 + 8) / 30)
    assert inside.sum() >= 39
    np.testing.assert_allclose(track.kinds[npy.GIVEN][inside, 0], (track.times[inside] * 30 - 8) / 4, atol=0.02)


def test_another_rate_is_met_in_between(tmp_path: Path) -> None:
    track = npy.load(npy.describe(write(tmp_path, "v", ramp(40), rate=5)), rate=12.5)
    assert len(track) == 100
    np.testing.assert_allclose(track.kinds[npy.GIVEN][3:-3, 0], track.times[3:-3] * 5 - 0.5, atol=0.02)


def test_whole_numbers_and_doubles_are_features_too(tmp_path: Path) -> None:
    for kind in (np.int16, np.float64, ">f4"):
        track = npy.load(npy.describe(write(tmp_path, "v", ramp(8).astype(kind), rate=4)))
        np.testing.assert_array_equal(track.kinds[npy.GIVEN][:, 0], np.arange(8))
    fortran = npy.load(npy.describe(write(tmp_path, "w", np.asfortranarray(ramp(8)), rate=4)))
    np.testing.assert_array_equal(fortran.kinds[npy.GIVEN][:, 1], np.arange(8))


def test_kinds_may_be_named(tmp_path: Path) -> None:
    track = npy.load(npy.describe(write(tmp_path, "v", ramp(8, 5), rate=4, kinds={"rgb": 2, "flow": 3})))
    assert {kind: values.shape for kind, values in track.kinds.items()} == {"rgb": (8, 2), "flow": (8, 3)}
    for kinds in ({"rgb": 2}, {"rgb": 2, "flow": "3"}, ["rgb"], {}, {"rgb": 6, "flow": -1}):
        with pytest.raises(InputInvalid, match="do not add up to its 5 columns"):
            npy.describe(write(tmp_path, "w", ramp(8, 5), rate=4, kinds=kinds))


@pytest.mark.parametrize(
    ("values", "what"),
    [
        (np.array([{"a": 1}, None], dtype=object), "pickle"),
        (np.zeros(8), "shape"),
        (np.zeros((2, 3, 4)), "shape"),
        (np.zeros((0, 4)), "shape"),
        (np.zeros((4, 0)), "shape"),
        (np.array([["a"]]), "not features"),
        (np.ones((3, 3), complex), "not features"),
        (np.zeros((1, npy.WIDEST + 1), np.float16), r"is its shape \(steps, features\)"),
    ],
)
def test_arrays_that_are_no_features_are_refused(tmp_path: Path, values: np.ndarray, what: str) -> None:
    with pytest.raises(InputInvalid, match=what):
        npy.describe(write(tmp_path, "v", values, rate=4))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e6])
def test_numbers_that_are_no_features_are_named(tmp_path: Path, bad: float) -> None:
    values = ramp(8, 3)
    values[5, 1] = bad
    file = npy.describe(write(tmp_path, "v", values, rate=4))
    with pytest.raises(InputInvalid, match=r"1 of its numbers .*in step 5, column 1"):
        npy.load(file)


def test_a_file_that_is_cut_off_or_lies_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "v", ramp(100), rate=4)
    whole = path.read_bytes()
    for content in (whole[:-40], whole + b"more", whole[:30], b"", b"no array at all", whole.replace(b"100", b"999")):
        path.write_bytes(content)
        with pytest.raises(InputInvalid):
            npy.describe(path)
    with pytest.raises(InputMissing):
        npy.describe(tmp_path / "gone.npy")


def test_a_flipped_bit_in_ours_is_noticed(tmp_path: Path) -> None:
    npy.save(make_track(2.0, video_id="v"), tmp_path / "v.npy")
    content = bytearray((tmp_path / "v.npy").read_bytes())
    content[-7] ^= 1
    (tmp_path / "v.npy").write_bytes(content)
    with pytest.raises(InputInvalid, match="checksum"):
        npy.load(npy.describe(tmp_path / "v.npy"))


def test_files_are_found_in_folders_below_and_ids_are_unique(tmp_path: Path) -> None:
    write(tmp_path / "i3d" / "train", "a", ramp(4))
    write(tmp_path / "i3d" / "val", "b", ramp(4))
    write(tmp_path / "i3d" / ".hidden", "c", ramp(4))
    assert list(npy.feature_files(tmp_path)) == ["a", "b"]
    write(tmp_path / "i3d" / "val", "a", ramp(4))
    with pytest.raises(UsageError, match="two videos with the id 'a'"):
        npy.feature_files(tmp_path)
    assert npy.feature_files(tmp_path / "nothing") == {}
