from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bineego import segments, spans
from bineego.decoding import default
from bineego.errors import InputInvalid
from bineego.grid import interval_edges
from bineego.postprocess import DecodeOptions, Postprocess, ScoreRule, decode
from bineego.postprocess.decoder import default_of
from bineego.priors import Priors
from bineego.tracks import Activation, ScoreTrack

PAPER = DecodeOptions(postprocess=Postprocess.PAPER)
VITERBI = DecodeOptions(postprocess=Postprocess.VITERBI, candidates=False)
ACTIONS = ("jump", "run")


def track_of(
    probabilities: list[list[float]], *, t: float = 0.5, duration: float | None = None, sigmoid: bool = False
) -> ScoreTrack:
    p = np.array(probabilities, np.float64)
    edges = interval_edges(len(p) * t if duration is None else duration, t)
    logits = np.log(p) - np.log(1 - p) if sigmoid else np.log(p)
    return ScoreTrack(
        video_id="v",
        edges=edges,
        logits=logits.astype(np.float32),
        actions=ACTIONS,
        t=t,
        activation=Activation.SIGMOID if sigmoid else Activation.SOFTMAX,
        scene_probs=np.zeros(0),
    )


def rows(table: pd.DataFrame) -> list[tuple[str, float, float]]:
    return list(zip(table["label"], table["start"], table["end"], strict=True))


def test_paper_preset_drops_the_tail_and_keeps_the_largest_probability() -> None:
    track = track_of(
        [[0.1, 0.6, 0.3], [0.1, 0.8, 0.1], [0.5, 0.3, 0.2], [0.1, 0.1, 0.8], [0.1, 0.1, 0.8]], duration=2.2
    )
    table = decode(track, PAPER)
    assert rows(table) == [("jump", 0.0, 1.0), ("run", 1.5, 2.0)]
    assert table["score"].to_numpy() == pytest.approx([0.8, 0.8])
    assert table["video_id"].tolist() == ["v", "v"]


def test_what_was_fitted_holds_unless_an_option_says_otherwise() -> None:
    rng = np.random.default_rng(3)
    track = track_of(np.clip(rng.dirichlet(np.full(3, 0.5), 60), 1e-3, None).tolist())
    ways = {"postprocess": Postprocess.PAPER, "score": ScoreRule.LENGTH, "refine": True, "candidates": True}
    plain = decode(
        track, DecodeOptions(postprocess=Postprocess.PAPER, score=ScoreRule.LENGTH, refine=True, candidates=True)
    )
    assert decode(fitted(track, **ways)).equals(plain)
    assert not decode(fitted(track, **ways), PAPER).equals(plain)
    assert decode(fitted(track, **ways), PAPER).equals(decode(track, PAPER))  # as published, whatever was fitted
    assert len(decode(fitted(track, **ways), DecodeOptions(candidates=False))) < len(plain)
    by_max = decode(fitted(track, **ways), DecodeOptions(score=ScoreRule.MAX))
    assert by_max["score"].max() > plain["score"].max()
    viterbi = decode(fitted(track, **ways, independent_seconds=2.0), DecodeOptions(postprocess=Postprocess.VITERBI))
    assert viterbi.equals(decode(fitted(track, candidates=True, independent_seconds=2.0)))


def test_the_default_goes_by_the_length_of_the_cells() -> None:
    rng = np.random.default_rng(4)
    p = np.clip(rng.dirichlet(np.full(3, 0.5), 60), 1e-3, None).tolist()
    one, ten = (track_of(p, t=t) for t in (0.5, 5.0))
    dwell = Priors(dwell=np.full(3, 4.0), share=np.full(3, 1 / 3), scene_share=np.zeros((0, 3)))
    slow = dataclasses.replace(dwell, dwell=np.full(3, 40.0))
    found, tenfold = (decode(dataclasses.replace(a, priors=b), VITERBI) for a, b in ((one, dwell), (ten, slow)))
    assert tenfold[["start", "end"]].to_numpy() == pytest.approx(10 * found[["start", "end"]].to_numpy())


def test_boundaries_are_placed_by_their_channel() -> None:
    p = [[0.1, 0.8, 0.1]] * 6 + [[0.1, 0.5, 0.4]] * 3 + [[0.1, 0.1, 0.8]] * 6  # cells in doubt from 3 to 4.5 s
    peak = -0.5 * ((np.arange(16) * 0.5 - 3.1) / 0.3) ** 2  # the moment is 3.1 s
    track = dataclasses.replace(track_of(p), boundary=peak[:, None].astype(np.float32))
    end = decode(track, VITERBI)["end"].iloc[0]
    assert end == pytest.approx(3.1, abs=1e-3)
    unrefined = DecodeOptions(postprocess=Postprocess.VITERBI, refine=False, candidates=False)
    assert decode(track, unrefined)["end"].iloc[0] == 3.0
    assert decode(fitted(track, boundary=0.0), unrefined)["end"].iloc[0] == 4.5
    # The published decoder knows no boundary channel.
    assert decode(track, PAPER).equals(decode(track_of(p), PAPER))


def test_each_action_has_its_boundaries_where_they_overlap() -> None:
    p = [[0.1, 0.9, 0.1]] * 6 + [[0.1, 0.9, 0.9]] * 4 + [[0.1, 0.1, 0.9]] * 6
    at = np.arange(17) * 0.5
    own = np.stack([-2 * (at - 5.1) ** 2, -2 * (at - 2.9) ** 2], axis=1).astype(np.float32)
    found = decode(dataclasses.replace(track_of(p, sigmoid=True), boundary=own), VITERBI)
    assert found["end"].iloc[0] == pytest.approx(5.1, abs=1e-3)
    assert found["start"].iloc[1] == pytest.approx(2.9, abs=1e-3)


def test_the_networks_own_segments_are_decoded_or_rank_below() -> None:
    own = spans.make([1, 1, 2], [0.0, 0.1, 2.0], [2.0, 2.1, 3.0], [0.9, 0.8, 0.3])
    track = dataclasses.replace(track_of([[0.1, 0.8, 0.1]] * 6), candidates=own)
    free = decode(track, DecodeOptions(postprocess=Postprocess.ANCHOR_FREE))
    assert rows(free) == [("jump", 0.0, 2.0), ("jump", 0.1, 2.1), ("run", 2.0, 3.0)]
    # Gaussian soft-NMS: a near copy falls with its overlap, another class does not.
    assert free["score"].to_numpy() == pytest.approx([0.9, 0.8 * np.exp(-((1.9 / 2.1) ** 2) / 0.5), 0.3])
    decoded = decode(track, VITERBI)
    more = decode(track, DecodeOptions(postprocess=Postprocess.VITERBI, candidates=True))
    assert {("jump", 0.0, 2.0), ("run", 2.0, 3.0)} <= set(rows(more)) - set(rows(decoded))
    assert rows(more.nlargest(1, "score")) == rows(decoded)
    assert rows(decode(track, DecodeOptions(postprocess=Postprocess.ANCHOR_FREE, min_duration=1.5))) == rows(free)[:2]


def test_a_track_without_candidates_of_its_own_is_told_so() -> None:
    with pytest.raises(InputInvalid, match="it has no proposals"):
        decode(track_of([[0.1, 0.8, 0.1]]), DecodeOptions(postprocess=Postprocess.ANCHOR_FREE))


def plain_paper(track: ScoreTrack) -> list[tuple[str, float, float, float]]:
    """The report's section 3.2, written as loops."""
    p = track.probabilities()
    n = int(np.floor(track.duration / track.t + 1e-6))
    found: list[tuple[str, float, float, float]] = []
    i = 0
    while i < n:
        k, j = int(p[i].argmax()), i
        while j < n and int(p[j].argmax()) == k:
            j += 1
        if k:
            found.append((track.actions[k - 1], track.edges[i], track.edges[j], max(p[m, k] for m in range(i, j))))
        i = j
    return found


@settings(max_examples=60)
@given(st.integers(0, 100_000), st.floats(0.05, 12.0), st.sampled_from([0.25, 0.5, 1.0]))
def test_paper_preset_equals_the_plain_loops(seed: int, duration: float, t: float) -> None:
    edges = interval_edges(duration, t)
    logits = np.random.default_rng(seed).normal(0, 2, (len(edges) - 1, 3)).astype(np.float32)
    track = ScoreTrack(video_id="v", edges=edges, logits=logits, actions=ACTIONS, t=t, scene_probs=np.zeros(0))
    table = decode(track, PAPER)
    assert list(table[["label", "start", "end", "score"]].itertuples(index=False, name=None)) == plain_paper(track)


@pytest.mark.parametrize("options", [PAPER, VITERBI])
@pytest.mark.parametrize("sigmoid", [False, True])
def test_shorter_than_t_gives_nothing(options: DecodeOptions, sigmoid: bool) -> None:
    track = track_of([[0.1, 0.8, 0.1]], duration=0.3, sigmoid=sigmoid)
    assert decode(track, options).columns.tolist() == list(segments.SCORED_COLUMNS)
    assert len(decode(track, options)) == 0


def test_viterbi_is_the_default() -> None:
    p = [[0.1, 0.8, 0.1]] * 6 + [[0.1, 0.4, 0.5]] + [[0.1, 0.8, 0.1]] * 6
    expected = DecodeOptions(postprocess=Postprocess.VITERBI, score=ScoreRule.LENGTH, refine=True, candidates=False)
    assert decode(track_of(p)).equals(decode(track_of(p), expected))


def fitted(track: ScoreTrack, **changes: object) -> ScoreTrack:
    return dataclasses.replace(track, decoding=dataclasses.replace(default(track.t), **changes))


def test_independent_seconds_say_how_much_is_smoothed() -> None:
    p = [[0.1, 0.8, 0.1]] * 6 + [[0.1, 0.3, 0.6]] + [[0.1, 0.8, 0.1]] * 6
    parts = [len(decode(fitted(track_of(p), independent_seconds=value), VITERBI)) for value in (0.01, 0.1, 1.0)]
    assert parts == sorted(parts, reverse=True)
    assert (parts[0], parts[-1]) == (3, 1)


def promising(track: ScoreTrack, seconds: float) -> ScoreTrack:
    """With the statistics of annotations in which every class goes on for so long."""
    priors = Priors(dwell=np.full(3, seconds), share=np.array([0.4, 0.3, 0.3]), scene_share=np.zeros((0, 3)))
    return dataclasses.replace(track, priors=priors)


@pytest.mark.parametrize("sigmoid", [False, True])
def test_the_default_smooths_no_more_than_a_track_needs(sigmoid: bool) -> None:
    """Ten stays of 6 s, told by a network that models time, and by one that errs for a cell now and then."""
    steady = [row for _ in range(5) for row in [[0.1, 0.8, 0.1]] * 12 + [[0.8, 0.1, 0.1]] * 12]
    flickering = [[0.1, 0.1, 0.8] if i % 12 in (3, 8) else row for i, row in enumerate(steady)]
    for rows_, least in ((steady, 1 / 32), (flickering, 1 / 16)):
        track = track_of(rows_, sigmoid=sigmoid)
        assert track.t / 2 >= default_of(promising(track, 6.0)).independent_seconds >= least * track.t
        assert decode(promising(track, 6.0), DecodeOptions(refine=False))["start"].tolist() == [0, 12, 24, 36, 48]
        assert default_of(track).independent_seconds == track.t / 2
        assert default_of(promising(track, np.nan)).independent_seconds == track.t / 2
        assert default_of(promising(track, 0.5)).independent_seconds == track.t / 32
    assert default_of(promising(track_of(steady, sigmoid=sigmoid), 6.0)).independent_seconds == 0.5 / 32


@pytest.mark.parametrize(("t", "refined"), [(0.1, False), (0.25, True), (1.0, True)])
def test_boundaries_of_short_cells_are_left_where_they_are(t: float, refined: bool) -> None:
    track = track_of([[0.1, 0.8, 0.1]] * 4, t=t)
    assert default_of(track).refine is refined
    assert default_of(dataclasses.replace(track, boundary=np.zeros((5, 1), np.float32))).refine


def test_viterbi_removes_flicker_and_uses_the_tail() -> None:
    p = [[0.1, 0.8, 0.1]] * 6 + [[0.1, 0.4, 0.5]] + [[0.1, 0.8, 0.1]] * 6
    track = track_of(p, duration=6.3)
    assert rows(decode(track, VITERBI)) == [("jump", 0.0, 6.3)]
    assert len(decode(track, PAPER)) == 3


def test_learnt_dwell_is_used() -> None:
    p = [[0.1, 0.8, 0.1]] * 6 + [[0.03, 0.07, 0.9]] + [[0.1, 0.8, 0.1]] * 6
    short = Priors(dwell=np.array([1.0, 0.2, 0.2]), share=np.full(3, 1 / 3), scene_share=np.zeros((0, 3)))
    track = track_of(p)
    quick = ScoreTrack(**{**track.__dict__, "priors": short})
    unknown = ScoreTrack(**{**track.__dict__, "priors": Priors(**{**short.__dict__, "dwell": np.full(3, np.nan)})})
    assert len(decode(track, VITERBI)) == 1
    assert len(decode(quick, VITERBI)) == 3
    assert rows(decode(unknown, VITERBI)) == rows(decode(track, VITERBI))


def test_several_actions_at_once() -> None:
    p = [[0.1, 0.9, 0.2]] * 4 + [[0.1, 0.9, 0.9]] * 4 + [[0.1, 0.2, 0.9]] * 4
    track = track_of(p, sigmoid=True)
    expected = [("jump", 0.0, 4.0), ("run", 2.0, 6.0)]
    assert rows(decode(track, PAPER)) == expected
    found = decode(track, VITERBI)
    assert found["label"].tolist() == ["jump", "run"]
    assert found[["start", "end"]].to_numpy() == pytest.approx(np.array([[0, 4], [2, 6]]), abs=0.2)


def test_thresholds_and_boundaries_count_for_actions_that_overlap() -> None:
    doubtful = track_of([[0.5, 0.43, 0.02]] * 4, sigmoid=True)
    assert len(decode(doubtful, VITERBI)) == 0
    lower = dataclasses.replace(VITERBI, threshold=0.4)
    assert decode(doubtful, lower)["label"].tolist() == ["jump"]
    p = [[0.1, 0.9, 0.1]] * 6 + [[0.1, 0.5, 0.1]] * 4 + [[0.1, 0.1, 0.1]] * 6
    peak = -2.0 * (np.arange(17) * 0.5 - 4.0) ** 2
    track = dataclasses.replace(track_of(p, sigmoid=True), boundary=peak[:, None].astype(np.float32))
    unrefined = dataclasses.replace(VITERBI, refine=False)
    assert decode(track, unrefined)["end"].tolist() == [4.0]
    assert decode(fitted(track, boundary=0.0), unrefined)["end"].tolist() != [4.0]


def test_bridge_then_drop() -> None:
    jump, run = [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]
    track = track_of([jump, jump, run, jump, jump])
    assert len(decode(track, PAPER)) == 3
    assert rows(decode(track, DecodeOptions(postprocess=Postprocess.PAPER, bridge=0.5, min_duration=1.0))) == [
        ("jump", 0.0, 2.5)
    ]
    assert len(decode(track, DecodeOptions(postprocess=Postprocess.PAPER, bridge=0.4))) == 3


def test_thresholds_shift_the_break_even_point() -> None:
    track = track_of([[0.55, 0.43, 0.02]] * 2)
    assert len(decode(track, PAPER)) == 0
    assert rows(decode(track, DecodeOptions(postprocess=Postprocess.PAPER, class_thresholds={"jump": 0.4}))) == [
        ("jump", 0.0, 1.0)
    ]
    assert len(decode(track, DecodeOptions(postprocess=Postprocess.PAPER, class_thresholds={"run": 0.4}))) == 0
    assert len(decode(track, DecodeOptions(postprocess=Postprocess.PAPER, threshold=0.45))) == 0
    multi = track_of([[0.5, 0.43, 0.02]] * 2, sigmoid=True)
    assert len(decode(multi, PAPER)) == 0
    assert rows(decode(multi, DecodeOptions(postprocess=Postprocess.PAPER, threshold=0.4))) == [("jump", 0.0, 1.0)]


def test_unknown_action_in_thresholds() -> None:
    with pytest.raises(InputInvalid, match=r"jum.*did you mean 'jump'"):
        decode(track_of([[0.1, 0.8, 0.1]]), DecodeOptions(class_thresholds={"jum": 0.5}))


@pytest.mark.parametrize(
    "wrong", [{"bridge": -1.0}, {"dwell": 0.0}, {"threshold": 1.0}, {"class_thresholds": {"jump": 0.0}}]
)
def test_options_out_of_range(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not"):
        DecodeOptions(**wrong)  # type: ignore[arg-type]


def test_length_score_ranks_long_above_short_and_stays_below_the_maximum() -> None:
    track = track_of([[0.1, 0.9, 0.0001]] * 8 + [[0.9, 0.1, 0.0001]] * 4 + [[0.1, 0.9, 0.0001]] * 2)
    by_max = decode(track, PAPER)
    by_length = decode(track, DecodeOptions(postprocess=Postprocess.PAPER, score=ScoreRule.LENGTH))
    assert by_max["score"].iloc[0] == by_max["score"].iloc[1]
    assert by_length["score"].iloc[0] > by_length["score"].iloc[1]
    assert (by_length["score"] < by_max["score"]).all()


@settings(max_examples=40)
@given(st.integers(0, 100_000), st.booleans(), st.sampled_from([Postprocess.PAPER, Postprocess.VITERBI]), st.booleans())
def test_segments_lie_in_the_video_with_scores_of_probabilities(
    seed: int, sigmoid: bool, method: Postprocess, candidates: bool
) -> None:
    rng = np.random.default_rng(seed)
    edges = np.concatenate([[0], np.cumsum(rng.uniform(0.1, 0.7, 30))])
    track = ScoreTrack(
        video_id="v",
        edges=edges,
        logits=rng.normal(0, 2, (30, 3)).astype(np.float32),
        actions=ACTIONS,
        t=0.5,
        activation=Activation.SIGMOID if sigmoid else Activation.SOFTMAX,
        scene_probs=np.zeros(0),
    )
    table = decode(track, DecodeOptions(postprocess=method, candidates=candidates, bridge=0.3, refine=True))
    assert not segments.degenerate(table).any()
    assert table["start"].min() >= 0
    assert table["end"].max() <= track.duration
    assert table["score"].between(0, 1).all()
    if not sigmoid and not candidates:
        one_at_a_time = decode(track, DecodeOptions(postprocess=method, candidates=False))
        assert (one_at_a_time["start"].to_numpy()[1:] >= one_at_a_time["end"].to_numpy()[:-1]).all()


@pytest.mark.parametrize("bridge", [0.0, 0.6])
def test_candidates_rank_below_everything_decoded(bridge: float) -> None:
    rng = np.random.default_rng(0)
    track = track_of(np.clip(rng.dirichlet(np.full(3, 0.5), 60), 1e-3, None).tolist())
    decoded = decode(track, DecodeOptions(postprocess=Postprocess.VITERBI, bridge=bridge, candidates=False))
    more = decode(track, DecodeOptions(postprocess=Postprocess.VITERBI, bridge=bridge, candidates=True))
    assert len(more) > len(decoded)
    ranked = more.sort_values("score", ascending=False, kind="stable")
    kept = ranked.head(len(decoded)).sort_values("start")
    assert rows(kept) == rows(decoded)
