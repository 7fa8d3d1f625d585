"""Fusing score tracks: grids, label orders, unknown labels, lengths, scenes, priors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from postprocess.making import make_track

from bineego import spans
from bineego.decoding import PAPER, Postprocess, default
from bineego.errors import InputInvalid
from bineego.postprocess import fusion
from bineego.postprocess.options import Missing, Pooling
from bineego.priors import Priors
from bineego.tracks import Activation, ScoreTrack


@st.composite
def some_tracks(draw: st.DrawFn) -> list[ScoreTrack]:
    found = []
    for _ in range(draw(st.integers(1, 4))):
        t = draw(st.sampled_from([0.25, 0.3, 0.5, 1.0]))
        n = draw(st.integers(1, 12))
        actions = draw(st.permutations(("x", "y", "z")))[: draw(st.integers(1, 3))]
        random = np.random.default_rng(draw(st.integers(0, 1000)))
        p = random.dirichlet(np.ones(len(actions) + 1), n)
        found.append(make_track(p, t, tuple(actions), temperature=draw(st.sampled_from([1.0, 1.7]))))
    return found


def at(track: ScoreTrack, moment: float, action: str) -> float:
    cell = int(np.searchsorted(track.edges, moment, side="right")) - 1
    return float(track.probabilities()[cell, 1 + track.actions.index(action)])


def test_two_grids_meet_on_the_union_of_their_edges() -> None:
    coarse = make_track([[0.2, 0.8, 0.0], [0.6, 0.4, 0.0]], 1.0)
    fine = make_track([[0.4, 0.6, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.8, 0.2, 0.0]], 0.5)
    fused = fusion.fuse_tracks([coarse, fine], [1.0, 3.0])
    assert fused.edges.tolist() == [0.0, 0.5, 1.0, 1.5, 2.0]
    assert fused.t == 0.5
    expected = [(0.8 + 3 * 0.6) / 4, 0.8 / 4, (0.4 + 3 * 1.0) / 4, (0.4 + 3 * 0.2) / 4]
    assert fused.probabilities()[:, 1] == pytest.approx(expected, abs=1e-6)


def test_float_noise_makes_no_cells() -> None:
    noisy = make_track(np.full((3, 3), 1 / 3), 0.1)
    noisy = replace(noisy, edges=np.array([0.0, 0.1, 0.2, 0.1 + 0.2]))
    fused = fusion.fuse_tracks([noisy, replace(noisy, edges=np.array([0.0, 0.1, 0.2, 0.3]))], [1, 1])
    assert len(fused) == 3


def test_label_order_is_by_name() -> None:
    one = make_track([[0.1, 0.7, 0.2]])
    other = make_track([[0.1, 0.2, 0.7]], actions=("y", "x"))
    fused = fusion.fuse_tracks([one, other], [1, 1])
    assert fused.actions == ("x", "y")
    assert fused.probabilities()[0] == pytest.approx([0.1, 0.7, 0.2], abs=1e-6)


def test_a_label_one_model_does_not_know() -> None:
    one, other = make_track([[0.2, 0.8]], actions=("x",)), make_track([[0.2, 0.8]], actions=("y",))
    present = fusion.fuse_tracks([one, other], [1, 1], missing=Missing.PRESENT)
    assert present.probabilities()[0] == pytest.approx(np.array([0.2, 0.8, 0.8]) / 1.8, abs=1e-6)
    zero = fusion.fuse_tracks([one, other], [1, 1], missing=Missing.ZERO)
    assert zero.probabilities()[0] == pytest.approx([0.2, 0.4, 0.4], abs=1e-6)


def test_the_tail_belongs_to_those_that_have_it() -> None:
    short, long = make_track([[0.9, 0.1, 0.0]] * 2), make_track([[0.1, 0.9, 0.0]] * 3, duration=2.8)
    fused = fusion.fuse_tracks([short, long], [1, 1])
    assert fused.duration == 2.8
    assert fused.probabilities()[:, 1] == pytest.approx([0.5, 0.5, 0.9], abs=1e-6)


def test_geometric_mean_lets_one_model_veto() -> None:
    yes, no = make_track([[0.1, 0.9]], actions=("x",)), make_track([[1 - 1e-6, 1e-6]], actions=("x",))
    assert at(fusion.fuse_tracks([yes, no], [1, 1]), 0.5, "x") == pytest.approx(0.45, abs=1e-3)
    assert at(fusion.fuse_tracks([yes, no], [1, 1], pooling=Pooling.LOG), 0.5, "x") < 0.01


def test_independent_classes_stay_independent() -> None:
    sure = make_track([[0, 0, 0]], activation=Activation.SIGMOID)
    sure = replace(sure, logits=np.array([[-5, 3, 3]], np.float32))
    unsure = replace(sure, logits=np.array([[0, 0, 0]], np.float32))
    for pooling in Pooling:
        fused = fusion.fuse_tracks([sure, unsure], [1, 1], pooling=pooling)
        assert fused.activation is Activation.SIGMOID
        assert fused.probabilities()[0, 1:].sum() > 1.2
    assert fusion.fuse_tracks([sure, make_track([[0.5, 0.5, 0.0]])], [1, 1]).activation is Activation.SIGMOID


def test_a_model_of_scenes_alone_has_no_say_on_actions() -> None:
    acts = make_track([[0.2, 0.8, 0.0]] * 2)
    sees = make_track([[1.0]] * 4, 0.5, actions=(), scenes=("k", "n"), scene_probs=np.array([0.3, 0.7]))
    fused = fusion.fuse_tracks([sees, acts], [1, 1])
    assert fused.scene == ("n", pytest.approx(0.7))
    assert (fused.t, len(fused)) == (1.0, 2)
    assert fused.probabilities() == pytest.approx(acts.probabilities(), abs=1e-6)


def test_tracks_of_different_videos_are_refused() -> None:
    with pytest.raises(InputInvalid):
        fusion.fuse_tracks([make_track([[1, 0, 0]]), make_track([[1, 0, 0]], video_id="w")], [1, 1])


def test_scenes_and_priors_are_averaged_by_name() -> None:
    def with_scenes(track: ScoreTrack, scenes: tuple[str, ...], probabilities: list[float], dwell: float) -> ScoreTrack:
        n = len(track.actions) + 1
        priors = Priors(dwell=np.full(n, dwell), share=np.full(n, 1 / n), scene_share=np.full((len(scenes), n), 1 / n))
        return replace(track, scenes=scenes, scene_probs=np.array(probabilities), priors=priors)

    one = with_scenes(make_track([[0.5, 0.5]], actions=("x",)), ("k", "n"), [0.8, 0.2], 4.0)
    other = with_scenes(make_track([[0.2, 0.4, 0.4]], actions=("y", "x")), ("n", "k"), [0.6, 0.4], 10.0)
    fused = fusion.fuse_tracks([one, other, make_track([[0.5, 0.5]], actions=("x",))], [2.0, 1.0, 5.0])
    assert fused.scenes == ("k", "n")
    assert fused.scene_probs == pytest.approx([2 / 3, 1 / 3])
    assert fused.priors is not None
    assert fused.priors.dwell == pytest.approx([6.0, 6.0, 10.0])
    assert fused.priors.share.sum() == pytest.approx(1.0)
    assert fused.priors.scene_share.shape == (2, 3)
    assert fusion.fuse_scenes([one, other], [2.0, 1.0]) == ("k", pytest.approx(2 / 3))


@settings(max_examples=60)
@given(some=some_tracks(), pooling=st.sampled_from(list(Pooling)), missing=st.sampled_from(list(Missing)))
def test_fused_tracks_are_tracks(some: list[ScoreTrack], pooling: Pooling, missing: Missing) -> None:
    weights = [0.57, 0.51, 0.3, 0.1][: len(some)]
    fused = fusion.fuse_tracks(some, weights, pooling=pooling, missing=missing)
    assert fused.duration == max(track.duration for track in some)
    assert fused.probabilities().sum(axis=1) == pytest.approx(1.0, abs=1e-6)
    # The order of models decides nothing but the order of the labels, and so does the scale of the weights.
    again = fusion.fuse_tracks(some[::-1], [w * 3 for w in weights[::-1]], pooling=pooling, missing=missing)
    assert again.edges == pytest.approx(fused.edges)
    columns = [0, *(1 + again.actions.index(name) for name in fused.actions)]
    assert again.probabilities()[:, columns] == pytest.approx(fused.probabilities(), abs=1e-5)
    # One model alone, or several times, is itself.
    alone = fusion.fuse_tracks([some[0]] * 3, [0.3, 0.2, 0.9], pooling=pooling, missing=missing)
    assert alone.edges == pytest.approx(some[0].edges)
    assert alone.probabilities() == pytest.approx(some[0].probabilities(), abs=1e-6)


@settings(max_examples=30)
@given(some=some_tracks())
def test_linear_pooling_stays_within_the_models(some: list[ScoreTrack]) -> None:
    same = [track for track in some if set(track.actions) == set(some[0].actions)]
    fused = fusion.fuse_tracks(same, [1.0] * len(same))
    for centre in (fused.edges[:-1] + fused.edges[1:]) / 2:
        for action in fused.actions:
            said = [at(track, centre, action) for track in same if centre < track.duration]
            assert min(said) - 1e-6 <= at(fused, centre, action) <= max(said) + 1e-6


def test_what_was_fitted_for_the_largest_weight_holds_with_the_mean_scale_of_all() -> None:
    p = [[0.2, 0.8, 0.0]]
    one, other, unfitted = (
        make_track(p, decoding=way) for way in (default(0.2), replace(PAPER, independent_seconds=0.4), None)
    )
    fused = fusion.fuse_tracks([one, other, unfitted], [1.0, 1.0, 5.0]).decoding
    assert fused is not None
    assert fused.independent_seconds == pytest.approx(0.2)
    assert fused.postprocess is Postprocess.VITERBI
    fused = fusion.fuse_tracks([one, other], [1.0, 1.1]).decoding
    assert fused is not None
    assert fused.postprocess is Postprocess.PAPER
    assert fusion.fuse_tracks([unfitted, unfitted], [1.0, 1.0]).decoding is None


def test_an_action_may_be_called_background() -> None:
    tracks = [make_track([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]], 1.0, ("walk", "background")) for _ in range(2)]
    fused = fusion.fuse_tracks(tracks, [1.0, 1.0])
    assert fused.probabilities() == pytest.approx(tracks[0].probabilities(), abs=1e-6)


def test_boundaries_meet_on_the_union_of_the_edges() -> None:
    coarse = make_track(np.full((2, 3), 1 / 3), 1.0, boundary=np.array([[0], [2], [-2]], np.float32))
    fine = make_track(np.full((4, 3), 1 / 3), 0.5, boundary=np.array([[-1], [0], [1], [2], [3]], np.float32))
    silent = make_track(np.full((4, 3), 1 / 3), 0.5)
    fused = fusion.fuse_tracks([coarse, fine, silent], [1.0, 3.0, 9.0])
    assert fused.boundary is not None
    assert fused.boundary[:, 0] == pytest.approx([-0.75, (1 + 0) / 4, (2 + 3) / 4, (0 + 6) / 4, (-2 + 9) / 4])
    assert fusion.fuse_tracks([silent, silent], [1, 1]).boundary is None


def test_boundaries_of_each_action_are_found_by_name() -> None:
    values = np.array([[0, 5], [1, 6], [2, 7]], np.float32)
    own = make_track(np.full((2, 3), 1 / 3), boundary=values)
    other = make_track(np.full((2, 3), 1 / 3), actions=("y", "z"), boundary=np.full((3, 1), 10, np.float32))
    fused = fusion.fuse_tracks([own, other], [1, 1])
    assert fused.actions == ("x", "y", "z")
    assert fused.boundary is not None
    assert fused.boundary == pytest.approx(np.array([[0, 7.5, 10], [1, 8, 10], [2, 8.5, 10]]))


def test_the_tail_that_has_no_boundaries_says_nothing_of_them() -> None:
    short = make_track(np.full((2, 3), 1 / 3), boundary=np.full((3, 1), -2, np.float32))
    fused = fusion.fuse_tracks([short, make_track(np.full((4, 3), 1 / 3))], [1, 1])
    assert fused.boundary is not None
    assert fused.boundary[:, 0] == pytest.approx([-2] * 5, abs=1e-6)


def test_candidates_of_all_tracks_are_kept() -> None:
    one = make_track(np.full((2, 3), 1 / 3), candidates=spans.make([1, 2], [0, 1], [1, 2], [0.4, 0.8]))
    other = make_track(np.full((2, 3), 1 / 3), actions=("y", "x"), candidates=spans.make([1], [0], [2], [1.0]))
    fused = fusion.fuse_tracks([one, other, make_track(np.full((2, 3), 1 / 3))], [1, 3, 4])
    assert fused.candidates is not None
    assert fused.candidates.labels.tolist() == [1, 2, 2]
    assert fused.candidates.ends.tolist() == [1, 2, 2]
    assert fused.candidates.scores == pytest.approx([0.1, 0.2, 0.75])


@given(st.integers(0, 1000), st.integers(1, 12))
def test_a_track_fused_with_itself_keeps_boundaries_and_candidates(seed: int, n: int) -> None:
    random = np.random.default_rng(seed)
    track = make_track(
        random.dirichlet(np.ones(3), n), 0.3, boundary=random.normal(-3, 2, (n + 1, 2)).astype(np.float32),
        candidates=spans.make([2], [0], [n * 0.3], [0.5]),
    )  # fmt: skip
    for fused in (fusion.fuse_tracks([track], [2.0]), fusion.fuse_tracks([track, track], [1.0, 1.0])):
        assert fused.boundary == pytest.approx(track.boundary, rel=1e-5)
        assert set(fused.candidates.scores.tolist()) <= {0.5, 0.25}  # type: ignore[union-attr]
