"""A score track to scored segments: the steps of a `Decoding` put together."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd

from bineego import decoding, segments
from bineego.decoding import Decoding, Postprocess, ScoreRule
from bineego.errors import InputInvalid, nearest
from bineego.grid import EPSILON, n_whole
from bineego.labels import BACKGROUND
from bineego.postprocess.anchor_free import suppressed
from bineego.postprocess.boundaries import snap, switch_gains
from bineego.postprocess.candidates import candidate_runs
from bineego.postprocess.options import DecodeOptions
from bineego.postprocess.paper import likeliest, whole_cells
from bineego.postprocess.refine import refine_edges
from bineego.postprocess.scene_prior import reweight
from bineego.postprocess.viterbi import decode_each, decode_path
from bineego.spans import Spans, bridge, join, merge_runs
from bineego.tracks import Activation, ScoreTrack
from bineego.types import Floats, Ints

MIN_PROBABILITY = 1e-4
"""Log-probabilities are of one not below this: one wrong but certain cell must not outweigh all others."""

EXCESS = 1.25
"""So many times as many stays as the training annotations promise are not too many (docs/decoding.md)."""

LESS_SMOOTHING = (1 / 16, 1 / 8, 1 / 4, 1 / 2)
"""Shares of the default's independent seconds that are tried, the least first."""

HALF_SCORE_LENGTH = 1.0
"""Seconds at which `ScoreRule.LENGTH` halves a score."""


def decode(track: ScoreTrack, options: DecodeOptions | None = None) -> pd.DataFrame:
    """The segments of one track: a scored table, ordered by start and end. Under `sigmoid` they may overlap.

    Without a whole interval (a video shorter than t) there are none.

    Raises:
        InputInvalid: a threshold for an action the track does not know, or `anchor-free` for a track without candidates
            of its own.
    """
    options = options or DecodeOptions()
    how, bias = decoding_of(track, options), _bias(track, options)
    if n_whole(track.duration, track.t) == 0:
        return segments.empty(scored=True)
    if how.postprocess is Postprocess.ANCHOR_FREE:
        runs = bridge(_own_candidates(track), options.bridge)
    else:
        runs = _of_cells(track, how, bias, options)
    if options.min_duration > 0:
        runs = runs.where(runs.ends - runs.starts >= options.min_duration - EPSILON)
    return _table(runs, track)


def decoding_of(track: ScoreTrack, options: DecodeOptions) -> Decoding:
    """Every choice made: what the options say, else what was fitted for the model, else the default.

    `paper` is the decoder as published, whatever was fitted.
    """
    base = decoding.PAPER if options.postprocess is Postprocess.PAPER else track.decoding or default_of(track)
    return dataclasses.replace(
        base,
        postprocess=base.postprocess if options.postprocess is None else options.postprocess,
        score=base.score if options.score is None else options.score,
        refine=base.refine if options.refine is None else options.refine,
        candidates=base.candidates if options.candidates is None else options.candidates,
    )


def default_of(track: ScoreTrack) -> Decoding:
    """What is done with a track of a model for which nothing was fitted."""
    how = decoding.default(usual_cell([track]), boundaries=track.boundary is not None)
    return dataclasses.replace(how, independent_seconds=least_smoothing(track, how))


def least_smoothing(track: ScoreTrack, how: Decoding, excess: float = EXCESS) -> float:
    """The least independent seconds with which `how` finds about as many stays as the training annotations promise.

    A network that models time needs hardly any smoothing, one that sees moments only flickers without it; how often
    the class changes tells them apart without labels.

    Args:
        excess: how many times as many stays as promised are not too many.

    Returns:
        `how.independent_seconds`, or up to 16 times less; the former where the track carries no statistics.
    """
    promised = _promised_stays(track)
    if promised is None or len(track) == 0:
        return how.independent_seconds
    plain = DecodeOptions()
    for share in LESS_SMOOTHING:
        seconds = share * how.independent_seconds
        less = dataclasses.replace(how, independent_seconds=seconds, refine=False, candidates=False)
        if _stays(_of_cells(track, less, _bias(track, plain), plain), track) <= max(1.0, excess * promised):
            return seconds
    return how.independent_seconds


def _stays(runs: Spans, track: ScoreTrack) -> int:
    """How many stretches there are in which one class goes on; where classes exclude each other, those of "no action"
    are counted too."""
    if track.activation is Activation.SIGMOID:
        return len(runs)
    starts, ends = np.sort(runs.starts), np.sort(runs.ends)
    ends, starts = np.append(track.edges[0], ends), np.append(starts, track.edges[-1])
    return len(runs) + int((starts > ends).sum())


def _promised_stays(track: ScoreTrack) -> float | None:
    """How many stays a video of this length has, by the training annotations; None without them."""
    if track.priors is None:
        return None
    first = 1 if track.activation is Activation.SIGMOID else 0
    dwell, share = track.priors.dwell[first:], track.priors.share[first:]
    known = np.isfinite(dwell) & (dwell > 0)
    return float((share[known] / dwell[known]).sum() * track.duration) if known.any() else None


def usual_cell(tracks: Sequence[ScoreTrack]) -> float:
    """The median length of the cells of some tracks, seconds; of tracks without any, t."""
    widths = np.concatenate([np.diff(track.edges) for track in tracks])
    return float(np.median(widths)) if len(widths) else tracks[0].t


def _of_cells(track: ScoreTrack, how: Decoding, bias: Floats, options: DecodeOptions) -> Spans:
    """Segments from the probabilities of the cells."""
    probabilities = reweight(track, track.probabilities(), options.scene_prior)
    n = whole_cells(track) if how.postprocess is Postprocess.PAPER else len(track)
    edges, probabilities = track.edges[: n + 1], probabilities[:n]
    decode_cells = _each_class if track.activation is Activation.SIGMOID else _one_class_a_cell
    runs = decode_cells(probabilities, edges, bias, track, how, _dwell(track, options.dwell))
    if how.score is ScoreRule.LENGTH:
        lengths = runs.ends - runs.starts
        runs = dataclasses.replace(runs, scores=runs.scores * lengths / (lengths + HALF_SCORE_LENGTH))
    runs = bridge(runs, options.bridge)
    if how.candidates:  # these lie around and inside one another on purpose: nothing to bridge
        own = None if track.candidates is None else suppressed(track.candidates)
        runs = join([runs, candidate_runs(probabilities, edges, runs, own)])
    return runs


def _one_class_a_cell(
    probabilities: Floats, edges: Floats, bias: Floats, track: ScoreTrack, how: Decoding, dwell: Floats
) -> Spans:
    weighted = probabilities * np.exp(bias)
    if how.postprocess is Postprocess.PAPER:
        labels = likeliest(weighted)
    else:
        log_probs = np.log(np.maximum(probabilities, MIN_PROBABILITY)) + bias
        gains = switch_gains(track, how.boundary)
        any_class = None if gains is None else gains.max(axis=1)
        labels = decode_path(log_probs, np.diff(edges), dwell, how.independent_seconds, any_class)
    if how.refine:
        labels, edges = _refined(labels, weighted, edges, _peaks(track))
    own = probabilities[np.arange(len(labels)), labels]
    return merge_runs(labels, own, edges, mean=how.score is ScoreRule.LENGTH)


def _each_class(
    probabilities: Floats, edges: Floats, bias: Floats, track: ScoreTrack, how: Decoding, dwell: Floats
) -> Spans:
    on, off = probabilities[:, 1:], 1.0 - probabilities[:, 1:]
    weighted = on * np.exp(bias[1:])
    if how.postprocess is Postprocess.PAPER:
        active = weighted >= off
    else:
        log_on = np.log(np.maximum(on, MIN_PROBABILITY)) + bias[1:]
        log_off = np.log(np.maximum(off, MIN_PROBABILITY))
        gains = switch_gains(track, how.boundary)
        active = decode_each(log_on, log_off, np.diff(edges), dwell[1:], how.independent_seconds, gains)
    parts = []
    for column in np.flatnonzero(active.any(axis=0)).tolist():
        states, moved = active[:, column].astype(np.int64), edges
        if how.refine:
            pair = np.stack([off[:, column], weighted[:, column]], axis=1)
            states, moved = _refined(states, pair, edges, _peaks(track, column))
        parts.append(merge_runs(states * (column + 1), on[:, column], moved, mean=how.score is ScoreRule.LENGTH))
    return join(parts)


def _refined(labels: Ints, probabilities: Floats, edges: Floats, log_odds: Floats | None) -> tuple[Ints, Floats]:
    """Labels and edges with boundaries moved to where they are, by the boundary channel where there is one."""
    if log_odds is None:
        return labels, refine_edges(labels, probabilities, edges)
    return snap(labels, log_odds[: len(edges)], edges)


def _peaks(track: ScoreTrack, column: int | None = None) -> Floats | None:
    """Boundary log-odds (N + 1,) of one action, by its column; None = of any."""
    if track.boundary is None:
        return None
    single = column is None or track.boundary.shape[1] == 1
    log_odds = track.boundary.max(axis=1) if single else track.boundary[:, column]
    return log_odds.astype(np.float64)


def _own_candidates(track: ScoreTrack) -> Spans:
    if track.candidates is None:
        raise InputInvalid(
            "it has no proposals, because its model has no anchor-free branch",
            where=f"score track of {track.video_id!r}",
            remedy="--postprocess viterbi",
        )
    return suppressed(track.candidates)


def _bias(track: ScoreTrack, options: DecodeOptions) -> Floats:
    """Log-odds (C + 1,) added for each class, so that it breaks even with "no action" at its threshold."""
    unknown = [label for label in options.class_thresholds if label not in track.actions]
    if unknown:
        raise InputInvalid(
            f"threshold for an unknown action {unknown[0]!r}{nearest(unknown[0], track.actions)}",
            where=f"score track of {track.video_id!r}",
        )
    thresholds = np.array([0.5, *(options.class_thresholds.get(name, options.threshold) for name in track.actions)])
    bias: Floats = np.log1p(-thresholds) - np.log(thresholds)
    return bias


def _dwell(track: ScoreTrack, unknown: float) -> Floats:
    """Mean length (C + 1,) of a stay in each class, seconds; `unknown` where the model has learnt none."""
    if track.priors is None:
        return np.full(len(track.actions) + 1, unknown)
    learnt = track.priors.dwell
    return np.where(np.isfinite(learnt) & (learnt > 0), learnt, unknown)


def _table(runs: Spans, track: ScoreTrack) -> pd.DataFrame:
    names = np.array([BACKGROUND, *track.actions], dtype=object)
    table = segments.make([track.video_id] * len(runs), names[runs.labels], runs.starts, runs.ends, runs.scores)
    return segments.order_by_time(table)
