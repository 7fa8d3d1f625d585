from __future__ import annotations

import contextlib
import io
import json
import logging
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bineego import decoding, spans, tracks
from bineego.decoding import Decoding
from bineego.errors import InputInvalid, InputMissing
from bineego.priors import Priors
from bineego.tracks import Activation, ScoreTrack


def make(logits: np.ndarray, **changes: object) -> ScoreTrack:
    n, n_classes = logits.shape
    track = ScoreTrack(
        video_id="a b/ü",
        edges=np.arange(n + 1) * 0.5,
        logits=logits.astype(np.float32),
        actions=tuple(f"action {k}" for k in range(n_classes - 1)),
        t=0.5,
        scene_probs=np.array([0.25, 0.75]),
        scenes=("Kitchen", "Nature"),
        model="run",
    )
    return replace(track, **changes)


logit_rows = st.lists(st.lists(st.floats(-80, 80, width=32), min_size=3, max_size=3), max_size=5)


@given(logit_rows, st.floats(0.05, 20), st.sampled_from(Activation))
def test_probabilities_are_probabilities(rows: list[list[float]], temperature: float, activation: Activation) -> None:
    logits = np.array(rows, np.float32).reshape(-1, 3)
    track = make(logits, activation=activation).with_temperature(temperature)
    p = track.probabilities()
    assert p.shape == logits.shape
    assert ((p >= 0) & (p <= 1)).all()
    if activation is Activation.SOFTMAX:
        assert p.sum(axis=1) == pytest.approx(1)


def test_softmax_and_sigmoid_by_hand() -> None:
    logits = np.log(np.array([[1.0, 2.0, 5.0]]))
    assert make(logits).probabilities() == pytest.approx(np.array([[1, 2, 5]]) / 8, rel=1e-6)
    sigmoid = make(logits, activation=Activation.SIGMOID).probabilities()
    assert sigmoid == pytest.approx(np.array([[1 / 2, 2 / 3, 5 / 6]]), rel=1e-6)


@given(logit_rows, st.booleans())
def test_a_saved_track_is_read_back(tmp_path_factory: pytest.TempPathFactory, rows: list[list[float]], p: bool) -> None:
    priors = Priors(dwell=np.array([1.0, np.nan, 3]), share=np.ones(3) / 3, scene_share=np.ones((2, 3)) / 3)
    track = make(
        np.array(rows, np.float32).reshape(-1, 3), temperature=1.7, activation=Activation.SIGMOID,
        priors=priors if p else None,
    )  # fmt: skip
    path = tmp_path_factory.mktemp("t") / f"x{tracks.SUFFIX}"
    tracks.save(track, path)
    back = tracks.load(path)
    for name in ("video_id", "actions", "scenes", "t", "activation", "temperature", "model"):
        assert getattr(back, name) == getattr(track, name)
    for name in ("edges", "logits", "scene_probs"):
        assert np.array_equal(getattr(back, name), getattr(track, name))
    assert (back.priors is None) == (track.priors is None)
    if p and back.priors is not None:
        for name, array in priors.to_arrays().items():
            assert np.array_equal(back.priors.to_arrays()[name], array, equal_nan=True)
    assert tracks.is_track(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"edges": np.array([0.0, 1.0])},
        {"edges": np.array([0.0, 1.0, 1.0])},
        {"edges": np.array([0.0, 1.0, np.nan])},
        {"edges": np.array([10.0, 11.0, 12.0])},
        {"actions": ("twice", "twice")},
        {"scene_probs": np.array([0.5, np.nan])},
        {"scene_probs": np.array([1.5, -0.5])},
        {"actions": ("only one",)},
        {"scene_probs": np.zeros(3)},
        {"t": 0.0},
        {"temperature": -1.0},
        {"logits": np.full((2, 3), np.inf, np.float32)},
    ],
)
def test_arrays_that_do_not_fit_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(InputInvalid, match="a b/ü"):
        replace(make(np.zeros((2, 3))), **changes)


def test_scene_is_the_most_likely_one() -> None:
    assert make(np.zeros((1, 2))).scene == ("Nature", 0.75)
    assert make(np.zeros((1, 2)), scenes=(), scene_probs=np.zeros(0)).scene is None


def test_files_that_are_no_tracks_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputMissing):
        tracks.load(tmp_path / "none.scores.npz")
    noise = tmp_path / "noise.scores.npz"
    noise.write_bytes(b"not a track")
    with pytest.raises(InputInvalid, match="not a score track"):
        tracks.load(noise)
    np.savez(tmp_path / "other.scores.npz", a=np.zeros(3))
    with pytest.raises(InputInvalid, match="not a score track"):
        tracks.load(tmp_path / "other.scores.npz")
    with (tmp_path / "array.scores.npz").open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(InputInvalid, match="not a score track"):
        tracks.load(tmp_path / "array.scores.npz")
    np.savez(tmp_path / "pickle.scores.npz", meta=np.array([{"a": 1}], object))
    with pytest.raises(InputInvalid, match="not a score track"):
        tracks.load(tmp_path / "pickle.scores.npz")


@given(st.data())
def test_a_damaged_file_is_an_input_error(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("t")
    tracks.save(make(np.linspace(-3, 3, 60).reshape(20, 3)), folder / f"good{tracks.SUFFIX}")
    content = bytearray((folder / f"good{tracks.SUFFIX}").read_bytes())
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    for _ in range(data.draw(st.integers(1, 4))):
        if content:
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    bad = folder / f"bad{tracks.SUFFIX}"
    bad.write_bytes(content)
    with contextlib.suppress(InputInvalid):
        tracks.load(bad)


CANDIDATES = spans.make([1, 2], [0.0, 0.25], [0.5, 1.0], [0.3, 1.0])


@pytest.mark.parametrize("columns", [1, 2])
def test_boundaries_and_candidates_are_kept_in_the_file(tmp_path: Path, columns: int) -> None:
    path = tmp_path / "v.scores.npz"
    boundary = np.linspace(-5, 3, 3 * columns, dtype=np.float32).reshape(3, columns)
    tracks.save(make(np.zeros((2, 3)), boundary=boundary, candidates=CANDIDATES), path)
    back = tracks.load(path)
    assert np.array_equal(back.boundary, boundary)
    for name, column in CANDIDATES.to_arrays().items():
        assert np.array_equal(getattr(back.candidates, name), column)
    tracks.save(make(np.zeros((2, 3))), path)
    assert tracks.load(path).boundary is None
    assert tracks.load(path).candidates is None
    tracks.save(make(np.zeros((2, 3)), candidates=spans.join([])), path)
    assert len(tracks.load(path).candidates) == 0


def test_a_track_of_the_first_format_is_read(tmp_path: Path) -> None:
    path = tmp_path / "v.scores.npz"
    tracks.save(make(np.zeros((2, 3))), path)
    with np.load(path) as file:
        arrays = dict(file)
    meta = json.loads(str(arrays["meta"]))
    del meta["sha256"]
    for number, read in ((1, True), (2, True), (3, False)):
        np.savez(path, **(arrays | {"meta": np.array(json.dumps(meta | {"format": number}))}))
        with contextlib.nullcontext() if read else pytest.raises(InputInvalid, match=r"format 3.*reads 1 and 2"):
            assert tracks.load(path).boundary is None


@pytest.mark.parametrize(
    "changes",
    [
        {"boundary": np.zeros((2, 1), np.float32)},
        {"boundary": np.zeros(3, np.float32)},
        {"boundary": np.zeros((3, 3), np.float32)},
        {"boundary": np.array([[0], [np.nan], [0]], np.float32)},
        {"candidates": spans.make([0], [0], [1], [0.5])},
        {"candidates": spans.make([3], [0], [1], [0.5])},
        {"candidates": spans.make([1], [-0.1], [1], [0.5])},
        {"candidates": spans.make([1], [0], [1.01], [0.5])},
        {"candidates": spans.make([1], [0.5], [0.5], [0.5])},
        {"candidates": spans.make([1], [0], [np.nan], [0.5])},
        {"candidates": spans.make([1], [0], [1], [1.5])},
        {"candidates": spans.make([1], [0], [1], [np.nan])},
        {"candidates": spans.make([1, 2], [0], [1], [0.5])},
    ],
)
def test_boundaries_and_candidates_that_do_not_fit_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(InputInvalid, match="a b/ü"):
        make(np.zeros((2, 3)), **changes)


@pytest.mark.parametrize("kept", [None, decoding.PAPER, decoding.default(0.3)])
def test_what_was_fitted_is_kept_in_the_file(tmp_path: Path, kept: Decoding | None) -> None:
    path = tmp_path / "v.scores.npz"
    tracks.save(make(np.zeros((2, 3)), decoding=kept), path)
    assert tracks.load(path).decoding == kept


def simple() -> ScoreTrack:
    return ScoreTrack(
        video_id="v",
        edges=np.arange(4) * 0.5,
        logits=np.zeros((3, 2), np.float32),
        actions=("jump",),
        t=0.5,
        scene_probs=np.zeros(0),
    )


def test_other_scores_under_the_header_of_before_are_noticed(tmp_path: Path) -> None:
    path = tmp_path / "v.scores.npz"
    tracks.save(simple(), path)
    with np.load(path) as file:
        arrays = dict(file)
    arrays["logits"][1, 1] = 1e-6
    with path.open("wb") as stream:
        np.savez_compressed(stream, **arrays)
    with pytest.raises(InputInvalid, match="checksum"):
        tracks.load(path)


def test_a_track_without_a_checksum_loads_with_a_note(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "v.scores.npz"
    tracks.save(simple(), path)
    with np.load(path) as file:
        arrays = dict(file)
    arrays["meta"] = np.array(str(arrays["meta"]).replace('"sha256"', '"other"'))
    with path.open("wb") as stream:
        np.savez_compressed(stream, **arrays)
    with caplog.at_level(logging.INFO, logger="bineego"):
        assert tracks.load(path).video_id == "v"
    assert "without a checksum" in caplog.text


def test_a_track_that_unpacks_to_very_much_is_refused_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracks, "LIMIT", 10_000_000)
    path = tmp_path / "v.scores.npz"
    tracks.save(simple(), path)
    array = io.BytesIO()
    np.lib.format.write_array_header_1_0(array, {"descr": "<f8", "fortran_order": False, "shape": (11 << 17,)})
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as packed, packed.open("bomb.npy", "w") as entry:
        entry.write(array.getvalue())
        for _ in range(11):
            entry.write(bytes(1 << 20))
    assert path.stat().st_size < 1e6
    with pytest.raises(InputInvalid, match="at most 10,000,000"):
        tracks.load(path)


def test_a_small_file_that_claims_a_huge_shape_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "v.scores.npz"
    array = io.BytesIO()
    np.lib.format.write_array_header_1_0(array, {"descr": "<f8", "fortran_order": False, "shape": (1 << 40, 3)})
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("logits.npy", array.getvalue())
    with pytest.raises(InputInvalid, match=r"claims 26,388,279,066,624 bytes"):
        tracks.load(path)


def test_a_part_stands_where_it_is_on_the_clock_of_the_whole() -> None:
    part = make(np.zeros((4, 3)), boundary=np.zeros((5, 1), np.float32))
    whole = part.placed(10.0)
    assert whole.edges.tolist() == [0.0, 10.0, 10.5, 11.0, 11.5, 12.0]
    assert whole.probabilities()[0, 0] > 0.999
    np.testing.assert_array_equal(whole.logits[1:], part.logits)
    assert whole.boundary is not None
    assert whole.boundary.shape == (6, 1)
    assert part.placed(0.0) is part
