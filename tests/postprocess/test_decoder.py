from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bineego import segments
from bineego.errors import InputInvalid
from bineego.grid import interval_edges
from bineego.postprocess import DecodeOptions, Postprocess, ScoreRule, decode
from bineego.priors import Priors
from bineego.tracks import Activation, ScoreTrack

PAPER = DecodeOptions(postprocess=Postprocess.PAPER)
VITERBI = DecodeOptions(postprocess=Postprocess.VITERBI)
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
    assert decode(track_of(p)).equals(decode(track_of(p), VITERBI))


def test_evidence_says_how_much_is_smoothed() -> None:
    p = [[0.1, 0.8, 0.1]] * 6 + [[0.1, 0.3, 0.6]] + [[0.1, 0.8, 0.1]] * 6
    parts = [len(decode(dataclasses.replace(track_of(p), evidence=value), VITERBI)) for value in (0.01, 0.1, 1.0)]
    assert parts == sorted(parts, reverse=True)
    assert (parts[0], parts[-1]) == (3, 1)


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
@given(st.integers(0, 100_000), st.booleans(), st.sampled_from(list(Postprocess)), st.booleans())
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
        one_at_a_time = decode(track, DecodeOptions(postprocess=method))
        assert (one_at_a_time["start"].to_numpy()[1:] >= one_at_a_time["end"].to_numpy()[:-1]).all()


@pytest.mark.parametrize("bridge", [0.0, 0.6])
def test_candidates_rank_below_everything_decoded(bridge: float) -> None:
    rng = np.random.default_rng(0)
    track = track_of(np.clip(rng.dirichlet(np.full(3, 0.5), 60), 1e-3, None).tolist())
    decoded = decode(track, DecodeOptions(postprocess=Postprocess.VITERBI, bridge=bridge))
    more = decode(track, DecodeOptions(postprocess=Postprocess.VITERBI, bridge=bridge, candidates=True))
    assert len(more) > len(decoded)
    ranked = more.sort_values("score", ascending=False, kind="stable")
    kept = ranked.head(len(decoded)).sort_values("start")
    assert rows(kept) == rows(decoded)
