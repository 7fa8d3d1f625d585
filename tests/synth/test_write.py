from __future__ import annotations

import hashlib
import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bineego import synth
from bineego.datasets import Subset, View, open_dataset
from bineego.errors import UsageError
from bineego.labels import SCENES as ALL_SCENES
from bineego.synth.backdrops import SCENES, paint
from bineego.synth.script import LONG, NEST_GUEST, NEST_HOST, SHORT, Deck, Pacing, Performance, write_script
from bineego.synth.stage import RAMP, Stage, ramp

SMALL = {"recordings": 4, "seconds": 6.0, "size": (96, 48), "fps": 10}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synth.write_dataset(tmp_path_factory.mktemp("synth") / "d", **SMALL, views=("panoramic", "third_person"))


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def decode(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def test_it_is_a_data_set_without_complaints(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    found = open_dataset(folder)
    assert len(found.videos) == 4
    assert len(found.of_subset(Subset.VAL).recordings) == 1
    assert set(found.scenes) == set(SCENES) <= set(ALL_SCENES)
    assert all(r.segments is not None for r in found.recordings)
    assert len(open_dataset(folder, view=View.THIRD_PERSON).videos) == 4
    assert not caplog.records


def test_videos_are_what_was_asked_for(folder: Path) -> None:
    for path in (folder / "panoramic").iterdir():
        pictures = decode(path)
        assert pictures.shape == (60, 48, 96, 3)
        assert np.abs(np.diff(pictures.astype(int), axis=0)).mean() > 0.5  # something moves
    assert decode(next((folder / "third_person").iterdir())).shape == (60, 48, 84, 3)
    with av.open(str(next((folder / "panoramic").iterdir()))) as container:
        times = [float(frame.time) for frame in container.decode(video=0)]
    assert times == pytest.approx(np.arange(60) / 10)


def test_the_same_seed_gives_the_same_files(folder: Path, tmp_path: Path) -> None:
    again = synth.write_dataset(tmp_path / "d", **SMALL, views=("panoramic", "third_person"), jobs=1)
    assert digests(again) == digests(folder)
    other = synth.write_dataset(tmp_path / "e", **SMALL | {"recordings": 1}, seed=1, jobs=1)
    assert not set(digests(other).values()) & set(digests(folder).values())


def test_a_data_set_is_never_written_over(folder: Path) -> None:
    with pytest.raises(UsageError, match="there is a data set already"):
        synth.write_dataset(folder, **SMALL)


def test_a_script_may_call_it_at_its_top_level(tmp_path: Path) -> None:
    """As in the docs: without `if __name__ == "__main__"`."""
    script = tmp_path / "toy.py"
    script.write_text(
        "from bineego import synth\nsynth.write_dataset('toy', recordings=2, seconds=1, size=(64, 32), fps=5, jobs=2)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(list((tmp_path / "toy" / "panoramic").glob("*.mp4"))) == 2


def test_an_interrupt_ends_it_and_leaves_no_half_written_file(tmp_path: Path) -> None:
    def interrupt(done: float, total: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        synth.write_dataset(tmp_path, **SMALL | {"recordings": 40}, jobs=2, on_progress=interrupt)
    assert not list(tmp_path.rglob(".*"))
    assert len(list(tmp_path.rglob("*.mp4"))) < 20


@pytest.mark.parametrize(
    "change",
    [
        {"recordings": 0},
        {"seconds": 0},
        {"size": (100, 60)},
        {"views": ("monocular",)},
        {"views": ("third_person",)},
        {"actions": ("flying",)},
        {"actions": ()},
        {"nested": 1.5},
        {"noise": -1},
        {"val_share": 0.7, "test_share": 0.7},
    ],
)
def test_options_out_of_range_are_refused(tmp_path: Path, change: dict) -> None:
    with pytest.raises(UsageError):
        synth.write_dataset(tmp_path / "d", **SMALL | change)
    assert not (tmp_path / "d").exists()


def test_progress_reaches_the_end(tmp_path: Path) -> None:
    seen: list[tuple[float, float]] = []
    synth.write_dataset(
        tmp_path / "d", recordings=2, seconds=1, size=(64, 32), fps=5, jobs=1, on_progress=lambda *a: seen.append(a)
    )
    assert seen == [(1.0, 2.0), (2.0, 2.0)]
    assert len(json.loads((tmp_path / "d" / "index.json").read_text())) == 2


def script(
    seed: int, *, seconds: float = 60, scene: str = "Kitchen", pace: Pacing = SHORT, **shares: float
) -> list[Performance]:
    rng = np.random.default_rng(seed)
    deck = Deck(rng, scene, synth.SHORT_ACTIONS, pace)
    shares = {"nested": 0.5, "overlap": 0.0, "distract": 0.1} | shares
    return write_script(rng, deck, seconds=seconds, fps=25, pace=pace, **shares)


@given(st.integers(0, 10**6), st.sampled_from(SCENES), st.floats(0, 90), st.sampled_from([SHORT, LONG]))
def test_scripts_keep_to_their_video(seed: int, scene: str, seconds: float, pace: Pacing) -> None:
    for overlap in (0.0, 0.8):
        found = script(seed, seconds=seconds, scene=scene, pace=pace, overlap=overlap)
        for p in found:
            assert 0 <= p.start < p.end <= seconds
            assert p.start * 25 == pytest.approx(round(p.start * 25), abs=1e-9)
        for figure in (0, 1):
            own = [p for p in found if p.figure == figure]
            for p, q in itertools.pairwise(own):
                nested = (p.label, q.label) == (NEST_HOST, NEST_GUEST)
                assert q.start >= p.end or (nested and q.end <= p.end)


def test_overlap_and_nesting_are_only_what_was_asked_for() -> None:
    alone = [p for seed in range(20) for p in script(seed, nested=0.0)]
    assert all(p.figure == 0 for p in alone)
    assert all(q.start >= p.end for seed in range(5) for p, q in pairs(script(seed, nested=0.0)))
    assert any(q.end <= p.end for seed in range(20) for p, q in pairs(script(seed, nested=1.0)))
    assert any(p.figure == 1 for seed in range(5) for p in script(seed, overlap=0.8))


def pairs(found: list[Performance]) -> list[tuple[Performance, Performance]]:
    return list(itertools.pairwise(found))


def test_scenes_inform_actions() -> None:
    def labels(scene: str) -> set[str]:
        return {p.label for seed in range(10) for p in script(seed, scene=scene)}

    assert "cooking" in labels("Kitchen")
    assert "housekeeping" not in labels("Kitchen")
    assert "cooking" not in labels("Indoor Residential Spaces")
    assert "housekeeping" in labels("Indoor Residential Spaces")


def test_even_a_small_set_holds_every_action(folder: Path) -> None:
    rng = np.random.default_rng(0)
    deck = Deck(rng, "Nature", synth.SHORT_ACTIONS, SHORT)
    drawn = [deck.draw() for _ in range(7)]
    assert set(drawn) >= {"workout", "dressing", "moving things", "farming", "speaking"}


def test_long_videos_have_the_lengths_of_the_real_ones() -> None:
    found = [p for seed in range(40) for p in script(seed, seconds=360, pace=LONG, nested=0.0)]
    for label, wanted in (("dressing", 3.2), ("speaking", 11.8)):
        lengths = [p.end - p.start for p in found if p.label == label]
        assert np.mean(lengths) == pytest.approx(wanted, rel=0.15)
    covered = sum(p.end - p.start for p in found) / (40 * 360)
    assert 0.3 < covered < 0.8


@given(st.floats(0, 5), st.floats(0.5, 5), st.floats(0, 1))
def test_ramps_are_the_same_for_all_actions_and_symmetric(start: float, length: float, share: float) -> None:
    p = Performance(label="workout", start=start, end=start + length, figure=0, phase=0.0, period=1.0)
    before, after = start + share * length, start + (1 - share) * length
    assert ramp(p, before) == pytest.approx(ramp(p, after), abs=1e-6)
    assert ramp(p, start - 1) == 0.0
    if length > 2 * RAMP:
        assert ramp(p, start + length / 2) == 1.0


@pytest.mark.parametrize("scene", SCENES)
def test_panoramas_wrap_around(scene: str) -> None:
    """No column differs from its neighbour across the seam more than columns do elsewhere."""
    picture = paint(scene, 256, 128, np.random.default_rng(0)).astype(int)
    steps = np.abs(picture - np.roll(picture, 1, axis=1)).mean(axis=(0, 2))
    assert steps[0] <= steps[1:].max() * 1.5


def test_figures_wrap_around() -> None:
    p = Performance(label="workout", start=0.0, end=9.0, figure=0, phase=0.3, period=1.0)
    moves = {}
    for home in (0.5, 0.0):
        stage = Stage(np.random.default_rng(0), scene="Kitchen", script=[p])
        for figure, x in zip(stage._figures, (home + 0.4, home), strict=True):
            object.__setattr__(figure, "x", x)
        first, second = stage.frames(2, 10, width=128, height=64, noise=0)
        moves[home] = np.abs(second.astype(int) - first.astype(int)).max(axis=-1) > 40
    assert moves[0.5].mean() > 0.01
    assert np.mean(np.roll(moves[0.0], 64, axis=1) == moves[0.5]) > 0.97  # but for what is behind them


def test_both_acting_figures_are_in_the_third_person_view() -> None:
    both = [Performance(label="workout", start=0.0, end=9.0, figure=figure, phase=0.3, period=1.0) for figure in (0, 1)]
    for seed in range(20):
        stage = Stage(np.random.default_rng(seed), scene="Nature", script=both)
        assert all(abs(figure.x - stage.centre) < stage.window / 2 - 0.15 for figure in stage._figures)
