"""What is fitted on held-out recordings."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bineego import segments, spans
from bineego.decoding import Postprocess, default
from bineego.evaluation import evaluate
from bineego.formats.annotations import Annotations
from bineego.grid import interval_edges
from bineego.postprocess import decode, fit_decoder
from bineego.postprocess import fit as fit_module
from bineego.postprocess.fit import DecoderFit
from bineego.tracks import ScoreTrack

LENGTH, STEP = 100.0, 0.25


def flickering(errors: float) -> tuple[list[ScoreTrack], Annotations]:
    """Four videos of ten actions of 6 s, and a classifier that is wrong for a cell at a time in a share of them."""
    rng = np.random.default_rng(5)
    rows, tracks = [], []
    for number in range(4):
        edges = interval_edges(LENGTH, STEP)
        right = np.zeros(len(edges) - 1, np.int64)
        for start in np.arange(2.0, LENGTH - 8, 10.0):
            rows.append((f"v{number}", "run", start, start + 6.0))
            right[int(start / STEP) : int((start + 6) / STEP)] = 1
        said = np.where(rng.random(len(right)) < errors, 1 - right, right)
        logits = np.where(np.arange(2) == said[:, None], 1.0, -1.0).astype(np.float32)
        tracks.append(
            ScoreTrack(
                video_id=f"v{number}", edges=edges, logits=logits, actions=("run",), t=1.0, scene_probs=np.zeros(0)
            )
        )
    table = segments.make(*map(list, zip(*rows, strict=True)))
    return tracks, Annotations(segments=table, videos=tuple(track.video_id for track in tracks), scenes={})


def scored(tracks: list[ScoreTrack], fit: DecoderFit, truth: Annotations) -> float:
    found = [decode(dataclasses.replace(track, decoding=fit.decoding)) for track in tracks]
    return evaluate(truth, segments.concat(found, scored=True)).final


def test_errors_ask_for_smoothing_and_certainty_for_none() -> None:
    tracks, truth = flickering(0.0)
    certain = fit_decoder(tracks, truth)
    assert certain is not None
    assert certain.decoding.postprocess is Postprocess.PAPER
    tracks, truth = flickering(0.2)
    doubtful = fit_decoder(tracks, truth)
    assert doubtful is not None
    assert doubtful.decoding.postprocess is Postprocess.VITERBI
    assert doubtful.decoding.independent_seconds >= STEP / 2
    assert doubtful == fit_decoder(tracks, truth)


def test_a_fit_is_judged_on_videos_that_it_has_not_seen() -> None:
    tracks, truth = flickering(0.2)
    fit = fit_decoder(tracks, truth, ["a", "a", "b", "b"])
    assert fit is not None
    assert fit.figures["decoding_fit"] > 2 * fit.figures["decoding_paper"]
    found = []
    for chosen, other in ((slice(0, 2), slice(2, 4)), (slice(2, 4), slice(0, 2))):
        part = dataclasses.replace(truth, videos=truth.videos[other])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(fit_module, "MIN_VIDEOS", 2)
            patch.setattr(fit_module, "MIN_SEGMENTS", 10)
            half = fit_decoder(tracks, part)
        assert half is not None
        found += [decode(dataclasses.replace(track, decoding=half.decoding)) for track in tracks[chosen]]
    expected = evaluate(truth, segments.concat(found, scored=True)).final
    assert fit.figures["decoding_fit"] == pytest.approx(expected, abs=0.02)


def test_a_fit_scores_no_less_than_the_published_decoder() -> None:
    for errors in (0.0, 0.1, 0.3):
        tracks, truth = flickering(errors)
        fit = fit_decoder(tracks, truth)
        assert fit is not None
        assert scored(tracks, fit, truth) >= fit.figures["decoding_paper"]


def test_a_boundary_channel_is_used_where_it_helps() -> None:
    tracks, truth = flickering(0.2)
    at = dict(iter(truth.segments.groupby("video_id")))
    rng = np.random.default_rng(0)

    def with_channel(track: ScoreTrack, moments: np.ndarray) -> ScoreTrack:
        nearest = np.abs(track.edges[:, None] - moments).min(axis=1)
        log_odds = np.maximum(4 - 8 * (nearest / STEP) ** 2, -4)
        return dataclasses.replace(track, boundary=log_odds[:, None].astype(np.float32))

    right = [with_channel(track, at[track.video_id][["start", "end"]].to_numpy().ravel()) for track in tracks]
    wrong = [with_channel(track, rng.uniform(0, LENGTH, 20)) for track in tracks]
    helped, misled = (fit_decoder(some, truth) for some in (right, wrong))
    assert helped is not None
    assert misled is not None
    assert helped.decoding.boundary > 0 or helped.decoding.refine
    assert misled.decoding.boundary == 0
    assert scored(right, helped, truth) > scored(wrong, misled, truth) + 0.1


def test_the_networks_own_segments_are_taken_where_they_are_better() -> None:
    tracks, truth = flickering(0.4)
    at = dict(iter(truth.segments.groupby("video_id")))
    own = []
    for track in tracks:
        table = at[track.video_id]
        right = spans.make([1] * len(table), table["start"], table["end"], [0.9] * len(table))
        own.append(dataclasses.replace(track, candidates=right))
    fit = fit_decoder(own, truth)
    assert fit is not None
    assert fit.decoding.postprocess is Postprocess.ANCHOR_FREE


def test_little_says_nothing() -> None:
    tracks, truth = flickering(0.2)
    short = [dataclasses.replace(track, edges=track.edges[:81], logits=track.logits[:80]) for track in tracks]
    assert fit_decoder(short, truth) is None
    assert fit_decoder(tracks[:2], truth) is None
    assert fit_decoder(tracks, dataclasses.replace(truth, segments=truth.segments.iloc[:19])) is None
    assert fit_decoder(tracks, dataclasses.replace(truth, segments=segments.empty(scored=False))) is None
    assert fit_decoder([], truth) is None
    # A network that finds nothing, whatever the way, says nothing about it either.
    blind = [dataclasses.replace(track, logits=np.tile(np.float32([9, -9]), (len(track), 1))) for track in tracks]
    assert fit_decoder(blind, truth) is None


@pytest.mark.parametrize(
    "change", [{"independent_seconds": value} for value in (0.0, -1.0, np.inf, np.nan)] + [{"boundary": -0.1}]
)
def test_numbers_of_a_decoding_have_a_range(change: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(change))):
        dataclasses.replace(default(1.0), **change)
